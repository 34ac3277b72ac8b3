"""How much of the past a record keeps: what is to go because it is too old, or too much."""

from __future__ import annotations

import sqlalchemy as sa

from scrapeq.clock import DAY_MS
from scrapeq.database.engine import read_transaction
from scrapeq.database.jobs import Deleted, delete_before
from scrapeq.database.schema import batches
from scrapeq.models import BatchState

_ENDED = (BatchState.FINISHED.value, BatchState.CANCELLED.value)


def keep_only(
    engine: sa.Engine, now_ms: int, *, days: float | None = None, rows: int | None = None
) -> Deleted:
    """Delete the batches that ended longer ago than `days`, and of the others the oldest until all
    together have `rows` rows at most; how much it was. None: no such bound.

    A batch that is not done counts, and stays; batches go whole. Costs one query of batches where nothing
    is to go, else what `delete_before` does.
    """
    bounds = []
    if days is not None:
        bounds.append(now_ms - round(days * DAY_MS))
    if rows is not None:
        bounds.append(_before_ms(engine, rows))
    before_ms = max(bounds, default=0)
    if not _any_ended(engine, before_ms):
        return Deleted()
    return delete_before(engine, before_ms)


def _before_ms(engine: sa.Engine, rows: int) -> int:
    """The moment before which batches must have ended that are to go; 0: none."""
    c = batches.c
    with read_transaction(engine) as connection:
        open_rows = connection.execute(
            sa.select(sa.func.coalesce(sa.func.sum(c.total), 0)).where(c.state.not_in(_ENDED))
        ).scalar_one()
        ended = sa.select(c.finished_ms, c.total).where(c.state.in_(_ENDED))
        kept = int(open_rows)
        for finished_ms, total in connection.execute(ended.order_by(c.finished_ms.desc())):
            kept += total
            if kept > rows:
                return int(finished_ms or 0) + 1
    return 0


def _any_ended(engine: sa.Engine, before_ms: int) -> bool:
    query = sa.select(batches.c.id).where(
        batches.c.finished_ms < before_ms, batches.c.state.in_(_ENDED)
    )
    with read_transaction(engine) as connection:
        return connection.execute(query.limit(1)).first() is not None
