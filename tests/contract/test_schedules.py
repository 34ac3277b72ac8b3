"""Schedules in the record: what they keep, and that one process alone moves one on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import schedules
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.schedules import CELLS_A_PART, ScheduleInput
from scrapeq.database.schema import input_urls, inputs
from scrapeq.errors import AlreadyThere
from scrapeq.models import Batch, ScrapingConfig
from scrapeq.models.schedule import Schedule
from scrapeq.models.timetable import Timetable

Submit = Callable[..., Batch]
MADE = datetime(2026, 3, 28, 10, 0, tzinfo=UTC)
GIVEN = ScheduleInput(["https://a.example/", None, "no url"], [b"one", b"two"])


def a_schedule(name: str = "prices", given: ScheduleInput = GIVEN, **changes: Any) -> Schedule:
    fields = {
        "name": name,
        "timetable": Timetable.of(every="1d", at="06:00", timezone="Europe/Berlin"),
        "config": ScrapingConfig(custom_selectors={"price": ".price"}),
        "priority": 3,
        "owner": "anna",
        "input_id": given.id,
        "url_column": "link",
        "rows": len(given.cells),
        "made_at": MADE,
        "next_at": MADE + timedelta(hours=1),
    }
    return Schedule(**(fields | changes))


def kept_inputs(engine: sa.Engine) -> tuple[set[str], set[str]]:
    """The ids of the inputs whose cells are kept, and of those whose columns are."""
    with read_transaction(engine) as connection:
        return (
            set(connection.execute(sa.select(input_urls.c.input_id)).scalars()),
            set(connection.execute(sa.select(inputs.c.batch_id)).scalars()),
        )


def test_a_schedule_is_found_as_it_was_made(record: sa.Engine) -> None:
    made = a_schedule(name="Preise \0 \ud800", error_message="x", error_at=MADE)
    plain = made.model_copy(update={"name": "Preise  \ufffd"})  # as the record keeps any text

    schedules.put(record, made, GIVEN)

    assert schedules.find(record, plain.name) == plain
    assert schedules.find(record, made.name) is None  # such a name is refused before it comes here
    assert schedules.find(record, "other") is None
    assert schedules.cells(record, GIVEN.id) == list(GIVEN.cells)


def test_many_cells_come_back_in_their_order(record: sa.Engine) -> None:
    given = ScheduleInput([f"https://a.example/{n}" for n in range(CELLS_A_PART + 2)])

    schedules.put(record, a_schedule(given=given), given)

    assert schedules.cells(record, given.id) == given.cells


def test_the_next_one_is_the_first(record: sa.Engine) -> None:
    for name, next_at in {"b": MADE, "never": None, "a": MADE + timedelta(days=2)}.items():
        schedules.put(record, a_schedule(name, next_at=next_at), GIVEN)

    assert [one.schedule.name for one in schedules.listed(record)] == ["b", "a", "never"]


def test_the_list_shows_how_the_last_run_does(record: sa.Engine, submit: Submit) -> None:
    submit("run", 3, refused=[1])
    schedules.put(record, a_schedule(last_batch_id="run"), GIVEN)
    schedules.put(record, a_schedule("gone", last_batch_id="cleaned up"), GIVEN)

    found = {one.schedule.name: (one.run_state, one.run_failed) for one in schedules.listed(record)}

    assert found == {"prices": ("open", 1), "gone": (None, None)}


def test_what_is_due_has_come_and_is_not_paused(record: sa.Engine) -> None:
    at_ms = round(MADE.timestamp() * 1000)
    times: dict[str, dict[str, Any]] = {
        "now": {"next_at": MADE},
        "later": {"next_at": MADE + timedelta(milliseconds=1)},
        "paused": {"next_at": MADE, "paused": True},
        "never": {"next_at": None},
        "before": {"next_at": MADE - timedelta(days=1)},
    }
    for name, changes in times.items():
        schedules.put(record, a_schedule(name, **changes), GIVEN)

    assert [one.name for one in schedules.due(record, at_ms)] == ["before", "now"]


def test_of_many_that_see_a_time_one_moves_on(
    record: sa.Engine, open_record: Callable[[], sa.Engine]
) -> None:
    before = a_schedule()
    schedules.put(record, before, GIVEN)
    after = before.model_copy(update={"next_at": MADE + timedelta(days=1), "last_batch_id": "run"})
    engines = [open_record() for _ in range(4)]
    done: list[bool] = []

    def move(engine: sa.Engine) -> None:
        try:
            schedules.move_on_alone(engine, before, after)
            done.append(True)
        except AlreadyThere:
            done.append(False)

    threads = [threading.Thread(target=move, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, False, False, True]
    assert schedules.find(record, "prices") == after


@pytest.mark.parametrize(
    "meanwhile",
    [{"paused": True}, {"input_id": "input-other"}, {"next_at": None}, {"last_batch_id": "run"}],
    ids=str,
)
def test_a_schedule_that_was_changed_is_not_moved_on(
    record: sa.Engine, meanwhile: dict[str, Any]
) -> None:
    seen = a_schedule()
    schedules.put(record, seen.model_copy(update=meanwhile), GIVEN)

    with pytest.raises(AlreadyThere):
        schedules.move_on_alone(record, seen, seen.model_copy(update={"missed": 1}))


def test_half_of_a_start_is_none(record: sa.Engine) -> None:
    seen = a_schedule()
    schedules.put(record, seen, GIVEN)

    def rows() -> Any:
        yield from ()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.batches.add_batch(
            record,
            batch_id="b",
            name="prices",
            config=ScrapingConfig(),
            fingerprint="",
            total=1,
            rows=rows(),
            first=lambda connection: schedules.move_on(
                connection, seen, seen.model_copy(update={"next_at": None})
            ),
        )

    assert schedules.find(record, "prices") == seen
    assert database.batches.find_batch(record, "prices") is None


def test_pausing_and_going_on(record: sa.Engine) -> None:
    schedules.put(record, a_schedule(), GIVEN)

    assert schedules.set_paused(record, "prices", paused=True, next_ms=1_000)

    found = schedules.find(record, "prices")
    assert found is not None
    assert found.paused
    assert found.next_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert not schedules.set_paused(record, "other", paused=True, next_ms=None)


def test_an_input_is_kept_once_and_as_long_as_somebody_has_it(
    record: sa.Engine, submit: Submit
) -> None:
    other = ScheduleInput(["https://b.example/"], [b"three"])
    for name in ("one", "two"):
        schedules.put(record, a_schedule(name), GIVEN)
    submit("input-of-a-person", table=[b"mine"])
    database.batches.add_batch(
        record,
        batch_id="run",
        name="one",
        config=ScrapingConfig(),
        fingerprint="",
        total=0,
        rows=(),
        input_id=GIVEN.id,
    )
    assert database.batches.input_parts(record, "run") == [b"one", b"two"]

    schedules.put(record, a_schedule("one", other), other)
    assert kept_inputs(record) == ({GIVEN.id, other.id}, {GIVEN.id, other.id, "input-of-a-person"})

    assert schedules.delete(record, "two")
    assert not schedules.delete(record, "two")
    # the run still has its columns
    assert kept_inputs(record) == ({other.id}, {GIVEN.id, other.id, "input-of-a-person"})
    assert database.batches.input_parts(record, "run") == [b"one", b"two"]
    # and a schedule of the same input gets its cells again
    schedules.put(record, a_schedule("three"), GIVEN)
    assert schedules.cells(record, GIVEN.id) == list(GIVEN.cells)
    schedules.delete(record, "three")

    with write_transaction(record) as connection:
        connection.execute(sa.text("UPDATE batches SET finished_ms = 1 WHERE id = 'run'"))
    database.jobs.delete_before(record, 2)
    assert kept_inputs(record) == ({other.id}, {other.id, "input-of-a-person"})
