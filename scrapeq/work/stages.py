"""What happens between a fetched page and its row: a list of stages, run in order.

    fetch ─► read ─► clean ─► record ─► (the browser, and the same again) ─► AI ─► save

Each has a name, bounds of its own and a kind for its failures. A `ChildStage` needs only the page's
bytes and runs in the reading child, bounded by CPU and memory; a `LoopStage` waits for something
else (a language model, a browser) and runs on the worker's loop, bounded by the clock. Neighbouring
child stages share one trip to the child.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Protocol

from scrapeq.fetch import Response
from scrapeq.models import Content, ErrorKind, Failure, Recipe, ScrapingConfig
from scrapeq.work.child_stages import CLEAN, READ, RECORD, ChildStage
from scrapeq.work.readers import Readers


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page on its way through the stages. content: what those before found. For the last stages: batch_id,
    whose it is; leave_host, to be called before something is waited for, as the host is asked for nothing more."""

    response: Response
    config: ScrapingConfig
    recipe: Recipe
    content: Content | None = None
    batch_id: str = ""
    leave_host: Callable[[], Awaitable[None]] | None = None


class LoopStage(Protocol):
    """A stage that waits. kind: of the row where it takes longer than `limit_s` seconds."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> ErrorKind: ...
    @property
    def limit_s(self) -> float: ...

    async def run(self, page: FetchedPage) -> Content | Failure:
        """The content with what the stage adds, or why the page ends here.

        What it raises is an error of ours, and the row says so.
        """


Stage = ChildStage | LoopStage

#: What every page goes through.
USUAL: tuple[Stage, ...] = (READ, CLEAN, RECORD)


class Stages:
    """The stages of one worker process. last: those that come when a page is what it will be, behind
    the browser: they may cost money."""

    def __init__(
        self,
        readers: Readers,
        stages: Sequence[Stage] = USUAL,
        last: Sequence[LoopStage] = (),
    ) -> None:
        self._readers = readers
        self._last = tuple(last)
        self._trips: list[LoopStage | tuple[ChildStage, ...]] = []
        for is_child, some in groupby(stages, key=lambda stage: isinstance(stage, ChildStage)):
            if is_child:
                self._trips.append(tuple(one for one in some if isinstance(one, ChildStage)))
            else:
                self._trips += [one for one in some if not isinstance(one, ChildStage)]

    async def run(
        self, response: Response, config: ScrapingConfig, recipe: Recipe
    ) -> Content | Failure:
        """What all stages but the last make of a page; the first failure ends it."""
        page = FetchedPage(response, config, recipe)
        for trip in self._trips:
            if isinstance(trip, tuple):
                found = await self._readers.read(response, recipe, trip, page.content)
            else:
                found = await _within_limit(trip, page)
            if isinstance(found, Failure):
                return found
            page = replace(page, content=found)
        return page.content or Content()

    async def finish(
        self,
        response: Response,
        config: ScrapingConfig,
        recipe: Recipe,
        content: Content,
        *,
        batch_id: str,
        leave_host: Callable[[], Awaitable[None]] | None = None,
    ) -> Content | Failure:
        """What the last stages make of it."""
        page = FetchedPage(response, config, recipe, content, batch_id, leave_host)
        for stage in self._last:
            found = await _within_limit(stage, page)
            if isinstance(found, Failure):
                return found
            page = replace(page, content=found)
        return page.content or Content()


async def _within_limit(stage: LoopStage, page: FetchedPage) -> Content | Failure:
    try:
        async with asyncio.timeout(stage.limit_s) as limit:
            return await stage.run(page)
    except TimeoutError:
        if not limit.expired():
            raise  # its own, and so an error of ours
        return Failure(
            stage.kind, f"{stage.name} took longer than {stage.limit_s:g} s", retryable=False
        )
