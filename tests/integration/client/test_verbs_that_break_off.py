"""Verbs whose process dies, or whose Redis is away, in the middle: the record decides what holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

import scrapeq as sq
from scrapeq import database
from scrapeq.models import BatchState
from scrapeq.project import steering

ANSWER_S = 60

#: A kernel that ends after a verb has written the record, before it writes Redis.
KERNEL = """
import os, sys
import scrapeq as sq
from scrapeq.frontier.jobs import Jobs
batch = sq.attach(sys.argv[1])
held_back = Jobs.stop_batch
def stop_batch(self, batch_id, state):  # a cancel holds the jobs back before it writes the record
    if state == "paused" or batch.is_done:
        os._exit(9)
    held_back(self, batch_id, state)
Jobs.stop_batch = stop_batch
for name in ("release_batch", "forget", "add_many"):
    setattr(Jobs, name, lambda *_, **__: os._exit(9))
getattr(batch, sys.argv[2])()
"""


@pytest.fixture
def killed_in(cluster, monkeypatch):
    """`killed_in(verb, batch)`: another kernel that does this to the batch and dies in the middle."""

    def run(verb, batch):
        environment = {
            "SCRAPEQ_HOME": str(cluster.settings.home),
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        command = [sys.executable, "-c", KERNEL, batch.id, verb]
        done = subprocess.run(command, timeout=ANSWER_S, check=False)
        assert done.returncode == 9

    return run


@pytest.fixture
def paced(web, scrape):
    """`paced(n)`: a batch of so many pages of one host, one a second."""

    def scrape_(count, **options):
        urls = [web.url(f"/article/{number}?of={count}") for number in range(count)]
        return scrape(urls, max_age=0, delay_between_requests=1, respect_robots=False, **options)

    return scrape_


def test_a_pause_of_a_killed_kernel_holds(paced, killed_in, queue, eventually):
    batch = paced(40)
    eventually(lambda: batch.progress.completed)

    killed_in("pause", batch)

    assert batch.batch.state is BatchState.PAUSED
    eventually(lambda: queue.services.frontier.views.stopped().get(batch.id) == "paused")
    eventually(lambda: not batch.progress.running)
    assert not batch.is_done
    batch.cancel()


def test_a_batch_that_a_killed_kernel_resumed_goes_on(paced, killed_in, queue, eventually):
    batch = paced(3)
    batch.pause()

    killed_in("resume", batch)

    assert batch.batch.state is BatchState.OPEN
    assert batch.wait(ANSWER_S).df["ok"].all()
    assert batch.id not in queue.services.frontier.views.stopped()


def test_what_a_killed_kernel_cancelled_leaves_redis(paced, killed_in, queue, eventually):
    batch = paced(60)
    eventually(lambda: batch.progress.completed)

    killed_in("cancel", batch)

    assert batch.is_done
    assert batch.batch.state is BatchState.CANCELLED
    eventually(lambda: not database.batches.cancelled_in_redis(queue.services.engine))
    assert not queue.services.frontier.views.counts()["open"]
    assert batch.id not in queue.services.frontier.views.stopped()


def test_what_a_killed_kernel_put_back_is_done(paced, killed_in, eventually):
    batch = paced(3)
    batch.cancel()

    killed_in("retry_failed", batch)

    assert batch.wait(ANSWER_S).df["ok"].all()


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_stop_that_only_redis_knows_of_ends(paced, queue, state):
    """As an older version's verb left it, or a Redis that came back from its files."""
    batch = paced(4)
    queue.services.frontier.jobs.stop_batch(batch.id, state)

    assert batch.wait(ANSWER_S).df["ok"].all()
    assert batch.id not in queue.services.frontier.views.stopped()


def test_nothing_is_changed_where_both_agree(paced, queue, caplog):
    batch = paced(20)
    batch.pause()

    steering.reconcile(queue.services)

    assert queue.services.frontier.views.stopped() == {batch.id: "paused"}
    assert not caplog.records
    batch.cancel()
    steering.reconcile(queue.services)
    assert not caplog.records
    assert queue.services.frontier.views.stopped() == {}


def test_verbs_without_redis_are_done_when_it_is_back(web, queue, tmp_path):
    """The record has them; what they say is not an error, for it holds."""
    from scrapeq.frontier import Frontier, connect
    from scrapeq.pipeline.job_queue import JobQueue
    from scrapeq.project.services import Services

    nowhere = f"unix://{tmp_path}/none"
    services = queue.services
    cut_off = JobQueue(
        Services(services.settings, services.engine, Frontier(connect(nowhere)), nowhere)
    )
    urls = [web.url(f"/article/{number}?cut=off") for number in range(3)]

    submitted = sq.scrape(urls, queue=cut_off, max_age=0, main_text="off")

    assert submitted.wait(ANSWER_S).df["ok"].all()
    cut_off_too = sq.scrape(urls, queue=cut_off, max_age=0, delay_between_requests=60)
    states = [verb().batch.state for verb in (cut_off_too.pause, cut_off_too.cancel)]
    assert states == [BatchState.PAUSED, BatchState.CANCELLED]
