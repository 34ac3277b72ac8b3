"""How a batch goes on, for many who follow it at once: it is looked at twice a second, whoever looks on."""

from __future__ import annotations

import asyncio
import math
import time
import weakref
from dataclasses import dataclass, field
from typing import cast

from fastapi import FastAPI

from scrapeq.api.service import Service
from scrapeq.client.row_streams import finished_after
from scrapeq.database.jobs import FinishedRow
from scrapeq.models import Progress

#: Seconds between two looks.
LOOK_S = 0.5
#: Rows that are read at once.
MOST_ROWS = 200


@dataclass(eq=False)
class News:
    """What is known of one batch now. Each method is asked by all that follow it, and looks once for all."""

    service: Service
    batch_id: str
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _looked_s: float = -math.inf
    _known: tuple[Progress, bool] | None = None
    _rows: dict[int, list[FinishedRow]] = field(default_factory=dict)

    async def latest(self) -> tuple[Progress, bool]:
        """How far it is, half a second ago at most, and whether every row had its result then."""
        async with self._lock:
            if self._known is None or time.monotonic() - self._looked_s >= LOOK_S:
                self._known = await asyncio.to_thread(self._look)
                self._looked_s = time.monotonic()
                self._rows.clear()
            return self._known

    async def rows(self, place: int) -> list[FinishedRow]:
        """The next rows that had their results then, behind a place in the order of finishing."""
        async with self._lock:
            if place not in self._rows:
                queue = self.service.queue
                self._rows[place] = await asyncio.to_thread(
                    finished_after, queue, self.batch_id, place, MOST_ROWS
                )
            return self._rows[place]

    def _look(self) -> tuple[Progress, bool]:
        handle = self.service.dashboard.project.handle(self.batch_id)
        is_over = handle.is_done  # first: what is over then has all its rows
        return handle.progress, is_over


class Followed:
    """The batches of a server that somebody follows."""

    def __init__(self) -> None:
        self._news = weakref.WeakValueDictionary[str, News]()
        #: How many follow one now.
        self.streams = 0

    def news(self, service: Service, batch_id: str) -> News:
        """Of a batch, the same for everybody."""
        found = self._news.get(batch_id)
        if found is None:
            found = self._news[batch_id] = News(service, batch_id)
        return found


def followed(app: FastAPI) -> Followed:
    """Those of this application."""
    return cast("Followed", app.state.followed)
