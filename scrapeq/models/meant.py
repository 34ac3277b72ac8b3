"""The option that is meant by a name that is none."""

from __future__ import annotations

import difflib
from collections.abc import Collection

#: Other libraries' names, and short ones, for options of ours.
OTHER_NAMES = {
    "agent": "user_agent",
    "ua": "user_agent",
    "backoff": "retry_backoff_s",
    "cache": "max_age",
    "ttl": "max_age",
    "concurrency": "max_per_host",
    "css": "custom_selectors",
    "select": "custom_selectors",
    "selector": "custom_selectors",
    "xpath": "custom_selectors",
    "delay": "delay_between_requests",
    "download_delay": "delay_between_requests",
    "pause": "delay_between_requests",
    "rate": "delay_between_requests",
    "sleep": "delay_between_requests",
    "duplicates": "merge_duplicates",
    "fields": "page_fields",
    "markdown": "page_fields",
    "metadata": "page_fields",
    "follow_redirects": "max_redirects",
    "html": "store_html",
    "image": "extract_images",
    "images": "extract_images",
    "link": "extract_links",
    "links": "extract_links",
    "max_size": "max_body_mb",
    "obey_robots": "respect_robots",
    "robots": "respect_robots",
    "robotstxt_obey": "respect_robots",
    "proxies": "proxy",
    "redirects": "max_redirects",
    "retry": "max_retries",
    "retries": "max_retries",
    "stealth": "use_stealth",
    "text": "main_text",
    "timeout": "total_timeout_s",
    "wait": "wait_time",
}
#: How alike two names are that one slip of the hand may have changed (difflib's ratio): "max_retrys"
#: and "max_retries" are .86, "screenshot" and "user_agent" .5.
ALIKE = 0.75


def meant_option(name: str, options: Collection[str]) -> str | None:
    """The option that somebody means who writes `name`; None if nothing is near."""
    written = name.strip().lower().replace("-", "_").replace(" ", "_")
    meant = OTHER_NAMES.get(written.removesuffix("_s"))
    if meant in options:
        return meant
    near = difflib.get_close_matches(written, options, n=1, cutoff=ALIKE)
    return near[0] if near else None
