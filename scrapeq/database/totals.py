"""Sums over all that ever finished, for counters that only rise.

The first look adds up all minutes of the record; each later one only those since the last. A minute is
closed some minutes after it began: until then others may still add to it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from scrapeq.clock import MINUTE_MS, now_ms
from scrapeq.database.ai_spending import SUMS
from scrapeq.database.batches import UNFINISHED
from scrapeq.database.engine import read_transaction
from scrapeq.database.minutes import floor_ms
from scrapeq.database.schema import ai_spent, batches, error_minutes, history, latencies

#: Milliseconds after which nobody adds to a minute any more: transactions last seconds, and clocks of
#: machines differ by less.
CLOSED_AFTER_MS = 10 * MINUTE_MS


@dataclass(slots=True)
class Finished:
    """Jobs that finished: see `minutes.Span`; errors by kind."""

    succeeded: int = 0
    failed: int = 0
    rendered: int = 0
    timed: int = 0
    time_s: float = 0.0
    latencies: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    def plus(self, other: Finished) -> Finished:
        """Both together."""
        return Finished(
            self.succeeded + other.succeeded,
            self.failed + other.failed,
            self.rendered + other.rendered,
            self.timed + other.timed,
            self.time_s + other.time_s,
            self.latencies + other.latencies,
            self.errors + other.errors,
        )


def finished_between(engine: sa.Engine, since_ms: int, before_ms: int | None = None) -> Finished:
    """What finished in the minutes that began in this time."""
    found = Finished()
    c = history.c
    sums = [
        sa.func.coalesce(sa.func.sum(column), 0)
        for column in (c.succeeded, c.failed, c.rendered, c.timed, c.time_s)
    ]
    by_bucket = sa.select(latencies.c.bucket, sa.func.sum(latencies.c.count))
    by_kind = sa.select(error_minutes.c.error_kind, sa.func.sum(error_minutes.c.count))
    with read_transaction(engine) as connection:
        row = connection.execute(_within(sa.select(*sums), history, since_ms, before_ms)).one()
        found.succeeded, found.failed, found.rendered, found.timed = map(int, row[:4])
        found.time_s = float(row[4])
        query = _within(by_bucket, latencies, since_ms, before_ms).group_by(latencies.c.bucket)
        found.latencies.update({int(one): int(n) for one, n in connection.execute(query)})
        query = _within(by_kind, error_minutes, since_ms, before_ms)
        query = query.group_by(error_minutes.c.error_kind)
        found.errors.update({str(kind): int(n) for kind, n in connection.execute(query)})
    return found


def _within(
    query: sa.Select[Any], table: sa.Table, since_ms: int, before_ms: int | None
) -> sa.Select[Any]:
    query = query.where(table.c.minute_ms >= since_ms)
    return query if before_ms is None else query.where(table.c.minute_ms < before_ms)


class RunningTotal:
    """All that finished until now; keeps the sum of the closed minutes. Not for several threads at once."""

    def __init__(self) -> None:
        self._closed = Finished()
        self._closed_ms = 0

    def until_now(self, engine: sa.Engine) -> Finished:
        """Raises DatabaseUnavailable."""
        until_ms = floor_ms(now_ms() - CLOSED_AFTER_MS, MINUTE_MS)
        if until_ms > self._closed_ms:
            newly = finished_between(engine, self._closed_ms, until_ms)
            self._closed, self._closed_ms = self._closed.plus(newly), until_ms
        return self._closed.plus(finished_between(engine, self._closed_ms))


def ai_by_model(engine: sa.Engine) -> dict[str, dict[str, int]]:
    """What calls of language models came to, by model: see `models.AICost`, and `cost_nano`."""
    sums = [sa.func.sum(ai_spent.c[name]).label(name) for name in SUMS]
    query = sa.select(ai_spent.c.model, *sums).group_by(ai_spent.c.model)
    with read_transaction(engine) as connection:
        return {
            str(model): dict(zip(SUMS, map(int, numbers), strict=True))
            for model, *numbers in connection.execute(query)
        }


def unfinished_by_state(engine: sa.Engine) -> dict[str, int]:
    """How many batches are open, and how many paused."""
    query = (
        sa.select(batches.c.state, sa.func.count())
        .where(batches.c.state.in_(UNFINISHED))
        .group_by(batches.c.state)
    )
    with read_transaction(engine) as connection:
        found = {str(state): int(count) for state, count in connection.execute(query)}
    return {state: found.get(state, 0) for state in UNFINISHED}
