"""What a card shows of failed rows: the first ones of the commonest kinds."""

from __future__ import annotations

import time
from collections.abc import Mapping

import sqlalchemy as sa

from scrapeq import database
from scrapeq.models import ErrorKind
from scrapeq.models.card_facts import FailedRow

#: Kinds that a card opens, rows of each, and seconds between two looks for the same kind.
MOST_GROUPS, MOST_ROWS, LOOK_S = 5, 10, 5.0


class FailedRows:
    """Remembers them for one batch, so that a card that is drawn twice a second costs little."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, float, list[FailedRow]]] = {}

    def of(
        self, engine: sa.Engine, batch_id: str, counts: Mapping[str, int]
    ) -> dict[str, list[FailedRow]]:
        """The first rows of each of the commonest kinds; counts: failed rows by kind."""
        kinds = [kind for kind in counts if kind != ErrorKind.CANCELLED][:MOST_GROUPS]
        return {kind: self._rows(engine, batch_id, kind, counts[kind]) for kind in kinds}

    def _rows(self, engine: sa.Engine, batch_id: str, kind: str, count: int) -> list[FailedRow]:
        known, looked_s, rows = self._known.get(kind, (-1, 0.0, []))
        now = time.monotonic()
        if known != count and (len(rows) < min(count, MOST_ROWS) or now - looked_s > LOOK_S):
            found = database.jobs.failed_rows(engine, batch_id, kind, MOST_ROWS)
            rows = sorted(FailedRow(*one) for one in found)
            self._known[kind] = (count, now, rows)
        return rows
