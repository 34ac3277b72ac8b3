"""What calls of language models cost, by batch and model: sums, and the calls under way.

A call that belongs to a budget is noted before it is made, with the most that it may cost. If its worker is
killed, it stays so: what the endpoint may charge for is never counted as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from scrapeq.clock import now_ms
from scrapeq.database.engine import insert_into, read_transaction, write_transaction
from scrapeq.database.schema import ai_calls, ai_spent
from scrapeq.models import AICost

SUMS = ("calls", "cached", "input_tokens", "output_tokens", "cost_nano", "unpriced", "unknown")


@dataclass(frozen=True, slots=True)
class Spending:
    """Of one batch: what was settled, and what each call under way may cost, in billionths of a dollar."""

    settled_nano: int
    open_nano: dict[str, int]


def open_call(engine: sa.Engine, call: str, batch_id: str, most_nano: int) -> None:
    """Note a call before it is made."""
    row = {"id": call, "batch_id": batch_id, "most_nano": most_nano, "at_ms": now_ms()}
    with write_transaction(engine) as connection:
        connection.execute(ai_calls.insert().values(**row))


def settle_call(engine: sa.Engine, call: str, batch_id: str, model: str, cost: AICost) -> None:
    """Count what a call came to, in the place of what it might have cost. Nothing the second time."""
    with write_transaction(engine) as connection:
        if connection.execute(ai_calls.delete().where(ai_calls.c.id == call)).rowcount:
            _add(connection, batch_id, model, cost)


def release_call(engine: sa.Engine, call: str) -> None:
    """A call cost nothing, or was not made."""
    with write_transaction(engine) as connection:
        connection.execute(ai_calls.delete().where(ai_calls.c.id == call))


def add(engine: sa.Engine, batch_id: str, model: str, cost: AICost) -> None:
    """Count something that was not noted before."""
    with write_transaction(engine, durable=False) as connection:
        _add(connection, batch_id, model, cost)


def _add(connection: sa.Connection, batch_id: str, model: str, cost: AICost) -> None:
    counts = {name: getattr(cost, name) for name in SUMS}
    insert = insert_into(connection, ai_spent).values(batch_id=batch_id, model=model, **counts)
    summed = {name: ai_spent.c[name] + insert.excluded[name] for name in SUMS}
    connection.execute(
        insert.on_conflict_do_update(index_elements=["batch_id", "model"], set_=summed)
    )


def spending(engine: sa.Engine, batch_id: str) -> Spending:
    """What a budget of the batch has to hold."""
    c = ai_calls.c
    with read_transaction(engine) as connection:
        settled = sa.select(sa.func.sum(ai_spent.c.cost_nano)).where(
            ai_spent.c.batch_id == batch_id
        )
        settled_nano = int(connection.execute(settled).scalar() or 0)
        calls = connection.execute(sa.select(c.id, c.most_nano).where(c.batch_id == batch_id))
        return Spending(settled_nano, {call: int(nano) for call, nano in calls})


def cost(engine: sa.Engine, batch_id: str, budget_usd: float | None = None) -> AICost:
    """All calls of a batch until now; those under way count as `unknown`, at their upper bound."""
    sums = [sa.func.sum(ai_spent.c[name]) for name in SUMS]
    with read_transaction(engine) as connection:
        row = connection.execute(sa.select(*sums).where(ai_spent.c.batch_id == batch_id)).one()
        c = ai_calls.c
        under_way = sa.select(sa.func.count(), sa.func.sum(c.most_nano)).where(
            c.batch_id == batch_id
        )
        count, most_nano = connection.execute(under_way).one()
    counts = {name: int(value or 0) for name, value in zip(SUMS, row, strict=True)}
    counts["unknown"] += int(count)
    counts["cost_nano"] += int(most_nano or 0)
    return AICost(budget_usd=budget_usd, **counts)
