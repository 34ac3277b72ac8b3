"""`scrapeq schedule ...`: what is made in Python is seen and steered in a terminal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

import scrapeq as sq
from scrapeq import cli, database
from scrapeq.errors import NotFound, ScheduleWarning
from scrapeq.pipeline import job_queue
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.testing import LittleWeb


@pytest.fixture
def prices(
    queue: JobQueue, web: LittleWeb, monkeypatch: pytest.MonkeyPatch
) -> Iterator[sq.ScheduleHandle]:
    """A schedule of one page, in the project of the commands."""
    monkeypatch.setattr(job_queue, "get_looking_queue", lambda: queue)
    monkeypatch.setattr("scrapeq.client.schedules.get_looking_queue", lambda: queue)
    monkeypatch.setattr(job_queue, "get_job_queue", lambda: queue)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScheduleWarning)
        yield sq.schedule(
            "shop [old]", [web.urls(1)[0]["url"]], every="1d", at="06:00", queue=queue
        )
    database.schedules.delete(queue.services.engine, "shop [old]")


def command(*words: str) -> str:
    """What a command prints."""
    done = CliRunner().invoke(cli.app, ["schedule", *words], env={"COLUMNS": "200"})
    if done.exception is not None:
        raise done.exception
    return done.output


def test_schedules_are_listed_and_steered(prices: sq.ScheduleHandle) -> None:
    listed = command("list")
    assert "shop [old]" in listed
    assert "every day at 06:00 (UTC)" in listed
    assert "waiting" in listed

    assert "is paused" in command("pause", "shop [old]")
    assert " paused " in command("list")

    assert "06:00:00 UTC" in command("resume", "shop [old]")

    assert "1 of 1 row is done, 0 failed" in command("run", "shop [old]")
    assert prices.last is not None
    assert prices.last.is_done

    assert "removed" in command("remove", "shop [old]")
    with pytest.raises(NotFound, match="no schedule 'shop"):
        command("pause", "shop [old]")
    assert "shop" not in command("list")
