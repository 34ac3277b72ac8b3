"""Duties: each once in its period over all processes, whatever becomes of the others."""

from __future__ import annotations

import dataclasses
import logging
import os
import subprocess
import sys
import threading
from collections import Counter

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import open_database
from scrapeq.errors import DatabaseUnavailable
from scrapeq.project.services import open_services
from scrapeq.settings import load_settings
from scrapeq.work import duties
from scrapeq.work.duties import Duty, Housekeeping

CELERY = [sys.executable, "-m", "celery", "-A", "scrapeq.pipeline.worker"]


@pytest.fixture
def services(cluster):
    return open_services(cluster.settings, start=False)


@pytest.fixture
def keep_house(services, monkeypatch):
    """`keep_house(duty, ...)`: one more process that does these duties, until the test ends."""
    monkeypatch.setattr(duties, "LOOK_S", 0.02)
    started: list[Housekeeping] = []

    def start(*its_duties: Duty) -> None:
        started.append(Housekeeping(services, its_duties))
        started[-1].start()

    yield start
    for one in started:
        one.stop()
    for one in started:
        one.join()


def test_a_duty_is_done_once_in_its_period_by_all_processes_together(keep_house):
    done: list[str] = []
    done_once: list[str] = []
    often = threading.Event()

    def note(_):
        done.append("done")
        if len(done) >= 4:
            often.set()

    for _ in range(4):
        keep_house(
            Duty("test_once", 3600, lambda _: done_once.append("done")),
            Duty("test_often", 0.4, note),
        )

    assert often.wait(30)
    assert done_once == ["done"]


def test_a_duty_that_fails_stops_no_other_and_is_logged_once(keep_house, caplog):
    counts: Counter[str] = Counter()
    enough = threading.Event()

    def away(_):
        counts["away"] += 1
        raise DatabaseUnavailable("the record is away", hint="wait")

    def broken(_):
        counts["broken"] += 1
        raise ZeroDivisionError

    def good(_):
        counts["good"] += 1
        if counts["good"] >= 3 and counts["away"] >= 3 and counts["broken"] >= 3:
            enough.set()

    with caplog.at_level(logging.WARNING, logger="scrapeq.work.duties"):
        keep_house(
            Duty("test_away", 0.2, away),
            Duty("test_broken", 0.2, broken),
            Duty("test_good", 0.2, good),
        )
        assert enough.wait(30)

    logged = [record.getMessage() for record in caplog.records]
    assert [("test_away" in line, "test_broken" in line) for line in logged] == [
        (True, False),
        (False, True),
    ]


def test_what_the_settings_do_not_keep_is_deleted(queue, services, caplog):
    batch = queue.submit_batch(["about:blank"] * 3)  # refused: done at once
    settings = services.settings.model_copy(update={"keep_days": 1e-9})

    with caplog.at_level(logging.INFO, "scrapeq"):
        kept = duties.keep_only(services)
        deleted = duties.keep_only(dataclasses.replace(services, settings=settings))

    assert (kept, deleted) == (0, 3)
    assert [one.getMessage() for one in caplog.records if "SCRAPEQ_KEEP" in one.getMessage()]
    assert database.batches.find_batch(services.engine, batch.id) is None


def test_what_one_process_failed_at_another_may_do_at_once(keep_house):
    done = threading.Event()

    def fail(_):
        raise DatabaseUnavailable("only here", hint="wait")

    keep_house(Duty("test_handed_over", 3600, fail))
    keep_house(Duty("test_handed_over", 3600, lambda _: done.set()))

    assert done.wait(30)


def test_a_worker_that_could_never_work_ends_and_is_not_ready(cluster, tmp_path):
    settings = load_settings(SCRAPEQ_HOME=tmp_path)
    engine = open_database(settings)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE meta SET value = '999' WHERE key = 'schema'"))
    engine.dispose()
    own = {"SCRAPEQ_HOME": str(tmp_path), "REDIS_URL": cluster.redis_url}

    worker = subprocess.run(
        [*CELERY, "worker", "--pool", "solo", "--loglevel", "info"],
        env=os.environ | own,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    output = worker.stdout + worker.stderr
    assert worker.returncode == os.EX_CONFIG
    assert "this worker cannot start: the database was written by a newer scrapeq" in output
    assert " ready." not in output
