"""When it was published, and who says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime

from scrapeq import clock
from scrapeq.extract.declared import Declared, Marked


def published_at(
    declared: Declared, url: str, now: datetime | None = None
) -> tuple[datetime, str] | None:
    """The time of publication in UTC, and its source; None if the page does not declare it.

    From JSON-LD, meta elements, the address (/2025/09/04/), marked-up time elements. A day without
    an hour is its midnight; a time without a zone is taken for UTC. Of a time that cannot be read, as in
    a zone whose name means several, there is the day; the source then says "day only", unless another
    place of the page has the time of that day. Times before 1990 or more than a day ahead are slips of
    a template and are passed over.
    """
    latest = (now or clock.now()) + timedelta(days=1)
    the_day: tuple[datetime, str] | None = None
    for written, source in _candidates(declared, url):
        when, is_day_of_a_time = _parsed(written)
        if when is None or not _EARLIEST <= when <= latest:
            continue
        if is_day_of_a_time:
            the_day = the_day or (when, f"{source}, day only")
        elif the_day is None or (
            when.time() != time() and abs(when - the_day[0]) < timedelta(days=2)
        ):
            return when, source
    return the_day


def guess_published_at(markup: str, url: str) -> tuple[datetime, str] | None:
    """What htmldate finds in the page's words; source "htmldate", because it may be wrong.

    For articles only: asked about all of WCXB's 1,497 pages that declare no date, it lifts none of
    the scores and invents 246 dates; asked about articles, F1 rises from .668 to .699 and 36 are
    invented. About 5 ms.
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
        return when.astimezone(UTC), is_day_of_a_time
    except OverflowError:
        return None, False


def _offset(zone: str) -> str:
    """The zone of a name as ISO 8601 has it."""
    minutes = clock.ZONE_MINUTES[zone.lower()]
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _candidates(declared: Declared, url: str) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "uploadDate", "dateCreated"):
        for thing in declared.works():
            if isinstance(written := thing.get(key), str):
                yield written, "json-ld"
    for name in _METAS:
        if written := declared.metas.get(name, ""):
            yield written, name
    if match := _IN_ADDRESS.search(url):
        yield f"{match[1]}-{match[2]:0>2}-{match[3]:0>2}", "url"
    for elements, source in _marked_up(declared.marked):
        for one in elements[:3]:
            yield one.attributes.get("datetime") or one.attributes.get("content") or "", source


def _marked_up(marked: list[Marked]) -> Iterator[tuple[list[Marked], str]]:
    """What is marked up as the time of publication, the surest first."""
    yield [one for one in marked if one.has("itemprop", "datePublished")], "itemprop=datePublished"
    times = [one for one in marked if one.tag == "time"]
    yield [one for one in times if "pubdate" in one.attributes], "time[pubdate]"
    entries = [one for one in times if one.has("class", "entry-date", "published")]
    yield [one for one in entries if "datetime" in one.attributes], "time"


_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DATE_AND_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    rf"\s*(?:({clock.ZONE_NAMES})|([+-]\d{{2}}:?\d{{2}}))",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\d:\d\d")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[/-]([01]?\d)[/-]([0-3]?\d)(?=[/_-])")
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
