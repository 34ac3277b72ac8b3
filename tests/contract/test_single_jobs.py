"""Jobs that are submitted alone: many in one transaction, each with a batch of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database.batches import Single
from scrapeq.database.new_job import NewJob
from scrapeq.errors import AlreadyThere, InputError
from scrapeq.models import BatchState, JobStatus, ScrapingConfig
from scrapeq.project.together import Together


def single(job_id: str, config: ScrapingConfig | None = None) -> Single:
    url = f"http://{job_id}.example/"
    new = NewJob(job_id, 0, url, url, f"{job_id}.example", priority=3)
    return Single(new, config or ScrapingConfig(), fingerprint=f"print of {job_id}")


def test_they_are_what_a_batch_of_one_is(record: sa.Engine) -> None:
    config = ScrapingConfig(wait_time=2)

    epoch = database.batches.add_singles(
        record, [single("a"), single("b", config)], owner="me", at_ms=5_000
    )

    assert epoch == database.history.known_redis(record).epoch
    batch = database.batches.find_batch(record, "b")
    assert batch is not None
    assert (batch.state, batch.total, batch.owner) == (BatchState.OPEN, 1, "me")
    assert batch.config == config
    assert database.batches.fingerprint_of(record, "b") == "print of b"
    job = database.jobs.get_jobs(record, ["b"])["b"]
    assert (job.status, job.priority, job.attempts) == (JobStatus.PENDING, 3, 0)
    assert [one.id for one in database.jobs.open_jobs(record, "b")] == ["b"]
    unfed = database.batches.unfinished_batches(record, only_not_enqueued=True)
    assert {one.id for one in unfed} == {"a", "b"}


def test_it_is_all_or_nothing(record: sa.Engine) -> None:
    database.batches.add_singles(record, [single("there")], owner="", at_ms=1)

    for wrong, error in (("there", AlreadyThere), ("not\nprintable", InputError)):
        with pytest.raises(error):
            database.batches.add_singles(record, [single("new"), single(wrong)], owner="", at_ms=2)

    assert database.jobs.get_jobs(record, ["new"]) == {}


def test_of_many_threads_only_those_fail_whose_id_is_taken(record: sa.Engine) -> None:
    together = Together[Single]()
    ids = [f"job-{number % 40}" for number in range(48)]  # eight of them twice

    def accept(some: list[Single]) -> None:
        database.batches.add_singles(record, some, owner="", at_ms=1)

    with ThreadPoolExecutor(16) as pool:
        added = [pool.submit(together.add, single(job_id), accept) for job_id in ids]

    failed = [error for one in added if (error := one.exception())]
    assert [type(error) for error in failed] == [AlreadyThere] * 8
    assert len(database.jobs.get_jobs(record, ids)) == 40
