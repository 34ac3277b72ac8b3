"""One page read at once: from HTML that is at hand, or fetched for it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scrapeq import urls
from scrapeq.client.scrape import scrape
from scrapeq.errors import InputError, NotFound
from scrapeq.models import Failure, ScrapingConfig

if TYPE_CHECKING:
    from scrapeq.trying import Reading

#: Seconds that a page is waited for: longer than any try of it takes by the usual options.
WAIT_S = 120.0
#: Where HTML is from that nobody knows the origin of: no such host will ever be (RFC 6761, section 6.4).
NOWHERE = "http://page.invalid/"


def read_page(
    source: str | bytes, *, url: str | None = None, record: Any = None, **options: Any
) -> Reading:
    """One page, read at once in this process: to try selectors and records out.

    source: the HTML, with `url`, where it is from: links are relative to it, and without it lead to a
    host that there is not. Or a URL, whose page is
    fetched as `scrape` does, or taken from the store. `options` are ScrapingConfig's.

    The answer shows itself: each field with its value, where it is from and what is wrong with it.
    `.values` is a dict of them, `.select(".price")` tries a selector, and says why where nothing
    matches.

    Raises InputError for what is neither, or a page that cannot be had, ConfigError for options or a
    record that cannot be met.
    """
    if record is not None:
        options["record"] = record
    if not isinstance(source, (str, bytes)):
        raise InputError(
            f"a page cannot be read from {type(source).__name__}",
            hint="give HTML, or a URL, as text",
        )
    if isinstance(source, str) and "<" not in source:
        return _fetched(source, options)
    from scrapeq.trying import read_html  # with the parsers

    if isinstance(parsed := urls.parse(url or NOWHERE), Failure):
        raise InputError(f"url={url!r:.100}: {parsed.message}", hint="say where the HTML is from")
    config = ScrapingConfig.build(**options)
    return read_html(source, url=parsed.href, content_type="", config=config)


def _fetched(url: str, options: dict[str, Any]) -> Reading:
    parsed = urls.parse(url)
    if isinstance(parsed, Failure):
        raise InputError(
            f"this is neither HTML nor a URL: {parsed.message}", hint="give one of them as text"
        )
    for refresh in (False, True):  # a row that is stored may have been stored without its page
        batch = scrape([url], **{"refresh": refresh, **options, "store_html": True})
        (page,) = batch.wait(WAIT_S).pages()
        if not page.ok:
            break
        with suppress(NotFound):
            return batch.read_page(0)
    raise InputError(
        f"the page cannot be had: {page.error_kind} ({page.error_message})",
        hint="look at it in a browser, or give its HTML",
    )
