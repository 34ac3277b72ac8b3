"""When it was published, and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapeq import clock
from scrapeq.extract.declared import Declared, Marked
from scrapeq.extract.json_ld import has_type
from scrapeq.extract.shown import Shown
from scrapeq.extract.shown_date import shown_date

if TYPE_CHECKING:
    from scrapeq.extract.first_post import FirstPost  # which reads times as this does


def published_at(
    declared: Declared,
    url: str,
    now: datetime | None = None,
    *,
    shown: Shown | None = None,
    has_author: bool = False,
    begun: FirstPost | None = None,
) -> tuple[datetime, str] | None:
    """The time of publication, and its source; None if the page says none.

    From JSON-LD, meta elements, the address (/2025/09/04/), marked-up time elements, and the day that
    the page shows to its readers ("shown"; see `shown_date`). It has the zone in which the page writes it,
    so that `.date()` is the day that its readers know. A day without an hour is its midnight; a time
    without a zone is taken for UTC. Of a time that cannot be read, as in a zone whose name means several,
    there is the day; the source then says "day only", unless another place of the page has the time of that
    day. Times before 1990 or more than a day ahead are slips of a template and are passed over.

    What a site's software says of every page (JSON-LD of a WebPage, also of shops and services) counts only
    if the page has an author or shows that day. A list of articles has no day (see `is_overview`); the first page of a site has a day only if it is an
    article. shown: what the page shows; None: it is not asked. begun: the first post of a
    thread, asked last.
    """
    if is_overview(url):
        return None
    latest = (now or clock.now()) + timedelta(days=1)
    the_day: tuple[datetime, str] | None = None
    for written, where in _candidates(declared, url):
        when, is_day_of_a_time = _parsed(written)
        if when is None or not EARLIEST <= when <= latest:
            continue
        source = "json-ld" if where == _OF_WEBPAGE else where
        if where == _OF_WEBPAGE and not has_author and not (shown and _is_shown(when, shown)):
            continue
        if is_day_of_a_time:
            the_day = the_day or (when, f"{source}, day only")
        elif the_day is None or (
            when.time() != time() and abs(when - the_day[0]) < timedelta(days=2)
        ):
            return when, source
    if the_day or shown is None or is_first_page(url) or declared.is_product:
        return the_day
    if (day := shown_date(shown, EARLIEST, latest)) is not None:
        return day, "shown"
    first = begun.published_at if begun is not None else None
    return (first, "first post") if first and EARLIEST <= first <= latest else None


def _is_shown(when: datetime, shown: Shown) -> bool:
    return any(one.day.date() == when.date() for one in shown.dates)


def is_first_page(url: str) -> bool:
    """Whether an address is that of a site's first page, as https://a.example/ and /en/.

    >>> is_first_page("https://a.example/en/"), is_first_page("https://a.example/?p=3")
    (True, False)
    """
    parts = urlsplit(url)
    return bool(parts.netloc) and not parts.query and bool(_FIRST_PATH.fullmatch(parts.path))


def is_overview(url: str) -> bool:
    """Whether an address is that of a list of articles, as https://a.example/news/ and /tag/tea.

    >>> is_overview("https://a.example/blog/"), is_overview("https://a.example/blog/tea")
    (True, False)
    """
    return bool(_OVERVIEW.search(urlsplit(url).path))


def guess_published_at(markup: str, url: str) -> tuple[datetime, str] | None:
    """What htmldate finds in the page's words; source "htmldate", because it may be wrong.

    For articles with an author that declare and show no day: of WCXB's 1,497 pages it is then asked on 49,
    is right on 14, wrong on 12 and invents 7; asked about all that have none, it is right on 35 and
    invents 273. About 5 ms.
    """
    from htmldate import find_date

    found = find_date(markup, extensive_search=False, original_date=True, url=url)
    when = parse_time(found) if found else None
    return (when, "htmldate") if when is not None else None


def parse_time(written: str) -> datetime | None:
    """A time as machines write it (ISO 8601, RFC 2822, or beginning with a date), in UTC.

    Of what stands behind a date only a time in one of the usual forms is read; with anything else
    it is the day, as with a zone whose name means several."""
    return _parsed(written)[0]


def _parsed(written: str) -> tuple[datetime | None, bool]:
    """The same, and whether it is the day of a time that could not be read."""
    written = written.strip()[:100]
    is_day_of_a_time = False
    if match := _DATE_AND_TIME.fullmatch(written):
        written = (
            f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}T{match[4]:0>2}:{match[5]}:{match[6] or '00'}"
        )
        written += match[8].replace(" ", "") if match[8] else _offset(match[7])
    when: datetime | None = None
    try:
        when = datetime.fromisoformat(written)
    except ValueError:
        if match := _DATE.match(written):
            is_day_of_a_time = _CLOCK.search(written, match.end()) is not None
            try:
                when = datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
            except ValueError:
                return None, False
        else:
            try:
                when = parsedate_to_datetime(written)
            except (ValueError, TypeError, IndexError, OverflowError):
                return None, False
            if when.tzinfo is None and (zone := clock.mail_zone(written)):
                if zone.lower() in clock.ZONE_MINUTES:
                    minutes = clock.ZONE_MINUTES[zone.lower()]
                    when = when.replace(tzinfo=timezone(timedelta(minutes=minutes)))
                else:
                    when, is_day_of_a_time = datetime.combine(when.date(), time(), UTC), True
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    try:
        when.astimezone(UTC)  # that it has one
        return when, is_day_of_a_time
    except OverflowError:
        return None, False


def _offset(zone: str) -> str:
    """The zone of a name as ISO 8601 has it."""
    minutes = clock.ZONE_MINUTES[zone.lower()]
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _candidates(declared: Declared, url: str) -> Iterator[tuple[str, str]]:
    is_first = is_first_page(url)
    for key in ("datePublished", "uploadDate", "dateCreated"):
        for thing in declared.works():
            if not isinstance(written := thing.get(key), str) or has_type(thing, *_UNDATED):
                continue
            if has_type(thing, "Page"):
                yield (written, "" if is_first else _OF_WEBPAGE)
            elif not is_first or has_type(thing, "Article", "Posting"):
                yield written, "json-ld"
    if is_first:
        return
    for name in _METAS:
        if written := declared.metas.get(name, ""):
            yield written, name
    if written := _in_address(url):
        yield written, "url"
    if declared.is_product:
        return  # those of its reviews
    for elements, source in _marked_up(declared.marked):
        for one in elements[:3]:
            yield one.attributes.get("datetime") or one.attributes.get("content") or "", source


def _in_address(url: str) -> str:
    """A day in the path of an address, as ISO 8601 has it; "" for none."""
    path = urlsplit(url).path
    for match in _DAYS_IN_PATHS.finditer(path):
        year, month, day = (one for one in match.groups() if one)
        number = _MONTHS.get(month[:3].lower(), month)
        return f"{year}-{number:0>2}-{day:0>2}"
    return ""


def _marked_up(marked: list[Marked]) -> Iterator[tuple[list[Marked], str]]:
    """What is marked up as the time of publication, the surest first."""
    dated = [one for one in marked if one.has("itemprop", "datePublished")]
    yield [one for one in dated if not one.is_of_another], "itemprop=datePublished"
    times = [one for one in marked if one.tag == "time"]
    yield [one for one in times if "pubdate" in one.attributes], "time[pubdate]"
    entries = [one for one in times if one.has("class", "entry-date", "published")]
    yield [one for one in entries if "datetime" in one.attributes], "time"


EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DATE_AND_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    rf"\s*(?:({clock.ZONE_NAMES})|([+-]\d{{2}}:?\d{{2}}))",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\d:\d\d")
_FIRST_PATH = re.compile(r"/?(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:index\.\w{3,4})?", re.IGNORECASE)
#: /2025/09/04/, /2025/sep/04/, /2025-09-04-name, /20250904/, and at the end: name-2025-09-04.html
_MONTH = r"(0?[1-9]|1[0-2]|jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*)"
#: The last words of an address that lists articles: a section, or what they have in common.
_OVERVIEW = re.compile(
    r"/(?:news|newsroom|blogs?|articles|issues|stories|insights|press|press-releases|archives?|category|categories)/?$"
    r"|/(?:tags?|topics|category|categories|sections?|genre)/[^/]+/?$",
    re.IGNORECASE,
)
_DAYS_IN_PATHS = re.compile(
    rf"/((?:19|20)\d\d)[/-]{_MONTH}[/-]([0-3]?\d)(?=[/_-]|\.html?$|$)"
    r"|/(20\d\d)([01]\d)([0-3]\d)(?=[/_-])"
    r"|[-_/]((?:19|20)\d\d)-([01]\d)-([0-3]\d)(?=/?$|\.\w{3,5}$)",
    re.IGNORECASE,
)
_MONTHS = {
    name: str(number)
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
#: JSON-LD of what has a day that is not the page's: a video in it, a course, a film, goods.
_UNDATED = (
    *("VideoObject", "Course", "Product", "ProductGroup", "SoftwareApplication", "Movie", "Book"),
    *("Event", "MusicAlbum", "MusicRecording", "VideoGame", "TVSeries", "JobPosting"),
)
_OF_WEBPAGE = "json-ld of a page"
_METAS = (
    *("article:published_time", "og:article:published_time", "og:published_time", "datepublished"),
    *("article:published", "publication_date", "publish_date", "publishdate", "publish-date"),
    *("published_time", "pubdate", "parsely-pub-date", "sailthru.date", "dc.date.issued"),
    *("dcterms.issued", "dcterms.created", "dc.date.created", "dc.date", "dcterms.date"),
    *(
        "citation_publication_date",
        "citation_date",
        "date",
        "article.published",
        "cxenseparse:recs:publishtime",
    ),
)
