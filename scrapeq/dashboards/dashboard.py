"""The dashboard of one project: what it looks like now, and what people may ask of it."""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq import clock, display
from scrapeq.client.scrape import scrape
from scrapeq.dashboards import options, sections
from scrapeq.dashboards.project import Project
from scrapeq.errors import ConfigError, DatabaseUnavailable, InputError
from scrapeq.models.actions import Action
from scrapeq.pipeline.job_queue import JobQueue, check, get_job_queue, working
from scrapeq.project.bounded import Bounded, budget

if TYPE_CHECKING:
    from scrapeq.settings import Settings

log = logging.getLogger(__name__)

#: Seconds in which all viewers share one picture.
SAME_S = 0.5
#: Seconds that drawing may take: each part looks first whether Redis and the record answer, and this
#: is for one that freezes between.
LONGEST_DRAW_S = 5.0
#: Bytes of a file's name before its ending; file systems end at 255 for all.
MOST_STEM = 100
#: Batches that the still picture names.
NAMED = 5


class Dashboard:
    """Draws the parts of the dashboard and does what its buttons ask for.

    Many may view one dashboard at once; requests within `same_s` seconds get the same picture.
    Raises what `get_job_queue` raises: like a notebook, a dashboard starts the private Redis and
    workers if none run.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        queue: JobQueue | None = None,
        same_s: float = SAME_S,
    ) -> None:
        self.project = Project(queue or get_job_queue(settings))
        self._drawing = threading.Lock()
        self._drawn: dict[str, str] = {}
        self._drawn_s = -math.inf
        self._drawer = Bounded(_is_late)
        self._same_s = same_s

    def changed(self, shown: dict[str, str]) -> dict[str, str]:
        """The parts that differ from `shown`, by name; `shown` is brought up to date.

        Costs some ten milliseconds, whatever the number of jobs. A part that cannot be drawn stays
        as it was.
        """
        with self._drawing:
            if time.monotonic() - self._drawn_s >= self._same_s:
                try:
                    with budget(LONGEST_DRAW_S):
                        self._drawn |= self._drawer.ask(self._draw)
                except DatabaseUnavailable as error:
                    log.warning("%s", error)
                self._drawn_s = time.monotonic()
            news = {name: html for name, html in self._drawn.items() if shown.get(name) != html}
        shown |= news
        return news

    def _draw(self) -> dict[str, str]:
        drawn = {}
        with budget():
            for name in sections.SECTIONS:
                try:
                    drawn[name] = sections.drawn(name, self.project)
                except Exception:  # the rim: one part must not stop the others
                    log.exception("the dashboard's part %s cannot be drawn", name)
        return drawn

    def picture(self) -> tuple[str, str]:
        """A card that needs no script, with the newest batches, and the same as one line."""
        note = "run the cell again to use it"
        try:
            with budget():
                check(self.project.queue, redis=False)
            newest = self.project.batches()[:NAMED]
        except DatabaseUnavailable as error:
            newest, note = [], str(error)
        facts = {
            f"{batch.name or batch.id}": f"{batch.state.value}, {batch.completed:,} of "
            f"{batch.total:,} succeeded, {batch.failed:,} failed"
            for batch in newest
        }
        where = "a Redis of your own" if self.project.queue.is_shared else "this folder"
        card = display.card(
            f"dashboard of {where}",
            facts or {"batches": "none yet"},
            note=note,
            corner=display.moment(clock.now()),
        )
        return card, f"<Dashboard of {where}>"

    # -- what people ask for -----------------------------------------------------------------

    def steer(self, action: str, batch_id: str) -> str:
        """Pause, resume, cancel or retry_failed a batch; what was done, as a sentence.

        Raises ConfigError for another action, NotFound.
        """
        try:
            wanted = Action(action)
        except ValueError:
            raise ConfigError(
                f"there is no action {action!r}", hint=f"use {', '.join(Action)}"
            ) from None
        self.ensure_workers()
        handle = self.project.handle(batch_id)
        getattr(handle, wanted.value)()
        return f"{handle.name or handle.id}: {wanted.done or handle.note}"

    def submit(
        self,
        source: Any,
        answers: Mapping[str, Any],
        *,
        name: str = "",
        column: str = "",
        refresh: bool = False,
    ) -> str:
        """Scrape what was chosen with the options that were filled in; what was done, as a sentence.

        source: anything that `scrape` takes, or a text with a URL on each line. Without a `name` it
        is called by the time, so that it can be found again. Raises what `scrape` raises.
        """
        config = options.config(answers)
        if isinstance(source, str):
            source = [line.strip() for line in source.splitlines() if line.strip()]
            if not source:
                raise InputError("there are no URLs", hint="paste some, one a line")
        self.ensure_workers()
        batch = scrape(
            source,
            column or None,
            name=name.strip() or f"dashboard {clock.now():%Y-%m-%d %H:%M:%S}",
            config=config,
            refresh=refresh,
            queue=self.project.queue,
        )
        name, count = batch.name or batch.id, len(batch)
        if batch.note:
            return f"{name}: {display.counted(count, 'row', 'rows')}; {batch.note}"
        return f"{name}: {display.counted(count, 'row is', 'rows are')} being fetched"

    def export(self, batch_id: str, ending: str, folder: Path, *, files: bool = True) -> Path:
        """The table of a batch as a new file in a folder; nothing there is overwritten. See
        `BatchHandle.export` for its files.

        Raises ConfigError for another ending than `sections.ENDINGS`, NotFound.
        """
        if ending not in sections.ENDINGS:
            raise ConfigError(
                f"a table cannot be written as {ending!r}",
                hint=f"choose {', '.join(sections.ENDINGS)}",
            )
        handle = self.project.handle(batch_id)
        stem = file_stem(handle.name or handle.id)
        path = folder / f"{stem}.{ending}"
        number = 2
        while path.exists():
            path = folder / f"{stem}-{number}.{ending}"
            number += 1
        return handle.export(path, files=files)

    def ensure_workers(self) -> None:
        """Make sure that workers run: the private cluster may have ended meanwhile."""
        queue = working(self.project.queue)
        if queue is not self.project.queue:
            self.project = Project(queue)


def _is_late(since: datetime) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the dashboard is as it was at {since:%H:%M:%S} UTC",
        hint="it goes on by itself when Redis and the database answer again",
    )


def file_stem(name: str) -> str:
    """A name that strangers may have written, as the beginning of a file's name."""
    stem = re.sub(r"[^\w-]+", "-", name).strip("-_").encode()[:MOST_STEM]
    return stem.decode(errors="ignore") or "batch"
