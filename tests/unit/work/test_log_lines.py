"""A worker's log as JSON: one line for each entry, with what it belongs to, and without secrets."""

from __future__ import annotations

import asyncio
import io
import json
import logging

import pytest

from scrapeq.frontier import Ending
from scrapeq.work.attempt import Outcome
from scrapeq.work.log_lines import about, log_try, write_json


@pytest.fixture
def lines():
    """`lines()`: what was logged since the last call, and the logger to log with."""
    stream = io.StringIO()
    logger = logging.getLogger("scrapeq")
    handler = logging.StreamHandler(stream)
    tries = logging.getLogger("scrapeq.tries")
    before = (logger.level, tries.level)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    write_json(logger)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.setLevel(before[0])
    tries.setLevel(before[1])


LOG = logging.getLogger("scrapeq.some.place")


def test_an_entry_is_one_line_whatever_is_in_it(lines):
    LOG.warning("a title:\n%s", '"\u2028\x1b[31m')

    (entry,) = lines()

    assert entry["message"] == 'a title:\n"\u2028\x1b[31m'
    assert entry["level"] == "warning"
    assert entry["logger"] == "scrapeq.some.place"
    assert entry["time"].endswith("+00:00")


def test_entries_of_tries_side_by_side_carry_their_own_job(lines):
    async def one(job: str) -> None:
        with about(batch="b", job=job, host=f"{job}.example"):
            await asyncio.sleep(0)
            LOG.warning("slow")

    async def many() -> None:
        await asyncio.gather(*(one(f"j{number}") for number in range(3)))

    asyncio.run(many())
    LOG.warning("outside")

    *inside, outside = lines()
    assert [(one["batch"], one["job"], one["host"]) for one in inside] == [
        ("b", f"j{number}", f"j{number}.example") for number in range(3)
    ]
    assert "job" not in outside


def test_an_error_has_its_traceback_and_no_password(lines):
    error = ConnectionError("redis://ann:secret@queue.internal:6379/0 is away")
    LOG.error("cannot work with postgresql://ann:secret@record/x", exc_info=error)

    (entry,) = lines()

    assert "ConnectionError" in entry["traceback"]
    assert "postgresql://record/x" in entry["message"]
    assert "secret" not in json.dumps(entry)


def test_what_is_too_long_is_cut(lines):
    LOG.warning("x" * 10_000)

    assert len(lines()[0]["message"]) == 2_000


def test_a_try_that_ended_has_an_entry(lines):
    ending = Ending("j", 1, "retry", error_kind="dns", error_message="no such host")
    with about(batch="b", job="j", host="h"):
        log_try(Outcome(ending))

    (entry,) = lines()

    assert entry["logger"] == "scrapeq.tries"
    assert (entry["outcome"], entry["error_kind"], entry["job"]) == ("retry", "dns", "j")


def test_as_text_tries_have_none(caplog):
    with caplog.at_level(logging.DEBUG, "scrapeq"):
        log_try(Outcome(Ending("j", 1, "done")))

    assert not caplog.records
