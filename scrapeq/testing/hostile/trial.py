"""The engine on trial: a case is fetched and read as a worker does it, and what it cost is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scrapeq import urls
from scrapeq.database import Result
from scrapeq.database.jobs import Work
from scrapeq.fetch import PoliteFetcher, Response
from scrapeq.frontier import Lease
from scrapeq.models import ErrorKind, Failure, Fetched, ScrapingConfig
from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.growth import Growth
from scrapeq.testing.pages import page
from scrapeq.work.attempt import Plan, attempt
from scrapeq.work.readers import Readers
from scrapeq.work.rendering import Rendering
from scrapeq.work.stages import Stages

#: What a machine that is busy with other things may add to the seconds of a case, which are CPU
#: for the most part: something that hangs fails, something that waits for its slot does not.
BUSY_MACHINE_S = 600.0

#: What is no case's own matter: robots.txt, the pace of a host, trying again.
ALONE: Mapping[str, Any] = {
    "respect_robots": False,
    "delay_between_requests": 0,
    "max_retries": 0,
}


#: Tenths of a second in which memory is given back after a case, and the MB that are not waited for.
_SETTLING, _LITTLE_MB = 20, 32


@dataclass(frozen=True, slots=True)
class Ended:
    """How a case ended.

    end: an error kind, "ok", or "hangs". Memory is in MB (10^6 bytes) and resident, that of cases
    beside it included: what it cost this process at its peak (fetcher_mb) and the reading children
    (parser_mb), and what both were still grown by when it had settled (left_mb).
    """

    case: Case
    end: str
    title: str | None
    text: str | None
    message: str
    tries: int
    seconds: float
    fetcher_mb: float
    parser_mb: float
    left_mb: float

    @property
    def wrong(self) -> str:
        """What is not as the catalogue has it, but for memory; "" if all is."""
        if self.end in {ErrorKind.INTERNAL, ErrorKind.CONFIG}:
            return f"{self.case.name}: {self.message}"
        return self.case.wrong(self.end, self.title, self.text)


async def warm_up(readers: Readers) -> None:
    """Let every child read usual pages and a large one, so that what it loads and keeps from its first
    ones is no case's growth."""
    recipe = ScrapingConfig(main_text="fast").recipe
    pages = [page(0, "127.0.0.1", f"/article/{number}").plain() for number in range(3)]
    for body in (*pages, b"<!doctype html><body>" + b"<p class=a>words</p>" * 50_000):
        usual = Response(
            url="http://localhost/",
            final_url="http://localhost/",
            http_status=200,
            headers=(),
            content_type="text/html",
            body=body,
            redirects=(),
            fetched_at=datetime.now(UTC),
            elapsed_s=0.0,
        )
        await asyncio.gather(*(readers.read(usual, recipe) for _ in readers.pids))


async def try_case(
    case: Case,
    url: str,
    fetcher: PoliteFetcher,
    readers: Readers,
    *,
    use_stealth: bool,
    growth: Growth | None = None,
) -> Ended:
    """Fetch, read, and try again where a worker would.

    `growth`: what is watched already, of all cases that run at the same time.
    """
    growth = growth or Growth(readers)
    began_s = time.monotonic()
    config = ScrapingConfig.build(**{**ALONE, "use_stealth": use_stealth, **case.options})
    fetching = asyncio.create_task(_tries(url, config, fetcher, readers))
    try:
        async with asyncio.timeout(case.seconds + BUSY_MACHINE_S):
            while not fetching.done():
                await asyncio.wait({fetching}, timeout=0.1)
                growth.look()  # a child that is ended takes its figures with it
        row, tries = fetching.result()
    except TimeoutError:
        fetching.cancel()
        await asyncio.wait({fetching})
        return _ended(
            case, "hangs", None, tries=0, seconds=time.monotonic() - began_s, growth=growth
        )
    took_s = time.monotonic() - began_s
    for _ in range(_SETTLING):  # what ended a moment ago may not be given back yet
        growth.look()
        if growth.own_left_mb + growth.children_left_mb <= _LITTLE_MB:
            break
        await asyncio.sleep(0.1)
    end = row.page.error_kind or "ok"
    return _ended(case, end, row, tries=tries, seconds=took_s, growth=growth)


def _ended(
    case: Case, end: str, row: Result | None, *, tries: int, seconds: float, growth: Growth
) -> Ended:
    growth.look()
    return Ended(
        case=case,
        end=str(end),
        title=_text(row, "title"),
        text=_text(row, "text"),
        message=(row.page.error_message or "") if row else "",
        tries=tries,
        seconds=seconds,
        fetcher_mb=growth.own_peak_mb,
        parser_mb=growth.children_peak_mb,
        left_mb=growth.own_left_mb + growth.children_left_mb,
    )


def _text(row: Result | None, column: str) -> str | None:
    value = row.content.get(column) if row else None
    return value if isinstance(value, str) else None


async def _tries(
    url: str, config: ScrapingConfig, fetcher: PoliteFetcher, readers: Readers
) -> tuple[Result, int]:
    """The row of a job, and the tries that it took, as `pipeline.work` comes by them."""
    parsed = urls.parse(url)
    if isinstance(parsed, Failure):
        row = Fetched(
            "", "", 0, url, ok=False, error_kind=parsed.kind, error_message=parsed.message
        )
        return Result(row, token=0, url_key="", recipe="", started_ms=0), 0
    work = Work("", "", 0, url, parsed.href, parsed.host, done=False)
    plan = Plan(config, config.recipe, config.recipe.digest)
    stages = Stages(readers)
    tries = 1
    while True:
        lease = Lease("", token=tries, tries=tries, lost=0)
        outcome = await attempt(lease, work, plan, None, fetcher, Rendering(fetcher, stages))
        if outcome.result is not None:
            return outcome.result, tries
        await asyncio.sleep(outcome.ending.wait_ms / 1000)
        tries += 1
