"""What a request sends that may change the answer: its identity.

A stored page answers only a request that would have been sent the same. Two batches with other
cookies, headers, user agents, proxies, looks of a browser or ways of rendering get pages of their
own.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Self

from scrapeq.models.config import ScrapingConfig
from scrapeq.models.secret_values import ERASED, PUBLIC_HEADERS, with_secrets


@dataclass(frozen=True, slots=True)
class RequestIdentity:
    """digest: equal for requests that are sent the same, "" for those of the defaults.

    is_secret: whether a cookie, a proxy or a header of it may say who sends it; a page that was
    fetched so answers only the same owner. A value that is given by name (`env:NAME`) counts by its
    name: the same name is the same person.
    """

    digest: str = ""
    is_secret: bool = False

    @classmethod
    def of(cls, config: ScrapingConfig, known: str | None = None) -> Self:
        """The identity that these options give a request. known: the digest, where secrets of the options
        were erased since."""
        sent = _sent(config)
        if not any(sent.values()):
            return cls()
        text = json.dumps(sent, sort_keys=True)
        return cls(
            digest=known or hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32],
            is_secret=bool(
                config.cookies
                or config.proxy
                or config.storage_state
                or config.session  # its cookies may say whose it is
                or set(sent["headers"]) - PUBLIC_HEADERS
                or any(action.fill for action in config.actions)  # it may be a password
            ),
        )


def differences(one: ScrapingConfig, other: ScrapingConfig) -> list[str]:
    """The options by which two requests differ, in words; without their values, which may be secret."""
    first, second = _sent(one), _sent(other)
    if ERASED in json.dumps([first, second]):  # which they were is not known
        first, second = (with_secrets(sent, lambda _value: ERASED) for sent in (first, second))
    return [words for part, words in _WORDS.items() if first.get(part) != second.get(part)]


_WORDS = {
    "cookies": "other cookies",
    "headers": "other headers",
    "user_agent": "another user agent",
    "proxy": "another proxy",
    "stealth": "another use_stealth",
    "render": "another render",
    "wait_for": "another wait_for",
    "wait_time": "another wait_time",
    "storage_state": "another storage_state",
    "session": "another session",
    "viewport": "another viewport",
    "locale": "another locale",
    "timezone": "another timezone",
    "actions": "other actions",
    "brings": "other files of a page",
    "store_files": "another store_files",
}


def _sent(config: ScrapingConfig) -> dict[str, Any]:
    """What of the options goes out with each request."""
    headers = {name.lower(): value for name, value in config.headers.items()}
    sent: dict[str, Any] = {
        "headers": {name: value.get_secret_value() for name, value in headers.items()},
        "cookies": {name: value.get_secret_value() for name, value in config.cookies.items()},
        "proxy": config.proxy.get_secret_value() if config.proxy else "",
        "user_agent": config.user_agent or "",
        "stealth": config.use_stealth,
        "render": config.render if config.render != "auto" else "",
        "wait_for": config.wait_for or "",
        "wait_time": config.wait_time if config.render != "never" else 0,
    }
    # Not a request's, but part of what a page must have to answer. Only where there is some: pages
    # that were stored before there were such options go on to answer.
    for name in ("storage_state", "session", "viewport", "locale", "timezone"):
        if value := getattr(config, name):
            sent[name] = value
    if config.actions:
        sent["actions"] = config.to_storage()["actions"]
    if config.store_files:
        sent["store_files"] = True
    if config.brings:
        sent["brings"] = {name: getattr(config, name) for name in config.brings}
    return sent
