"""What a record keeps: by age and by rows, whole batches, and only those that are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.clock import DAY_MS
from scrapeq.database import schema
from scrapeq.database.engine import write_transaction
from scrapeq.models import Batch

Submit = Callable[..., Batch]
NOW_MS = 100 * DAY_MS


@pytest.fixture
def names_after(record: sa.Engine, submit: Submit) -> Callable[..., set[str]]:
    """`names_after(days=7)`: the batches that are left of four, of ten rows each; one is open."""
    for age_days, batch_id in enumerate(["new", "older", "oldest"], start=1):
        submit(batch_id, 10)
        with write_transaction(record) as connection:
            change = schema.batches.update().where(schema.batches.c.id == batch_id)
            ended_ms = NOW_MS - age_days * DAY_MS
            connection.execute(change.values(state="finished", finished_ms=ended_ms))
    submit("open", 10)

    def names(**bounds: Any) -> set[str]:
        deleted = database.keeping.keep_only(record, NOW_MS, **bounds)
        with record.connect() as connection:
            left = set(connection.execute(sa.select(schema.batches.c.id)).scalars())
        assert deleted == (4 - len(left), 10 * (4 - len(left)))
        return left

    return names


@pytest.mark.parametrize(
    ("bounds", "left"),
    [
        ({}, {"open", "new", "older", "oldest"}),
        ({"days": 3.5}, {"open", "new", "older", "oldest"}),
        ({"days": 1.5}, {"open", "new"}),
        ({"rows": 40}, {"open", "new", "older", "oldest"}),
        ({"rows": 39}, {"open", "new", "older"}),
        ({"rows": 20}, {"open", "new"}),
        ({"rows": 1}, {"open"}),
        ({"rows": 39, "days": 1.5}, {"open", "new"}),
        ({"rows": 25, "days": 30}, {"open", "new"}),
    ],
)
def test_the_oldest_that_are_done_go(
    names_after: Callable[..., set[str]], bounds: dict[str, Any], left: set[str]
) -> None:
    assert names_after(**bounds) == left


def test_a_record_from_which_nothing_is_to_go_is_not_looked_through(
    names_after: Callable[..., set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(database.keeping, "delete_before")

    assert len(names_after(rows=40, days=30)) == 4
