"""Accepting jobs that are submitted one by one; those of several threads share the waiting.

One transaction for the rows that come together, and one round trip to Redis after it. That Redis has
them is noted in the record a second later at most, or never: then housekeeping puts them there once
more, which changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapeq import database
from scrapeq.clock import from_ms, now_ms
from scrapeq.errors import DatabaseUnavailable, RedisFull, RedisUnavailable
from scrapeq.models import Job, Lane
from scrapeq.project.additions import additions
from scrapeq.project.every import Every
from scrapeq.project.together import Together

if TYPE_CHECKING:
    from scrapeq.database.batches import Single
    from scrapeq.frontier import Addition
    from scrapeq.project.services import Services
    from scrapeq.project.submission import Submission

log = logging.getLogger(__name__)

#: Seconds between two wake-ups by Celery, of whatever process.
WAKE_UP_EVERY_S = 0.5
#: Seconds between two notes of what Redis has: each is a transaction, which waits for no disk.
NOTE_EVERY_S = 1.0
#: Ids that are noted together.
MOST_NOTED = 1_000


@dataclass(slots=True)
class _Accepted:
    """A job, and what is known of it once its row is on the disk: when, and the epoch of Redis."""

    single: Single
    at_ms: int = 0
    epoch: int = 0


class SingleJobs:
    """The jobs that this process submits one by one. Safe to use from several threads."""

    def __init__(self) -> None:
        self._accepting = Together[_Accepted]()
        self._feeding = Together[_Accepted]()
        self._fed: deque[_Accepted] = deque()
        self._noted = Every(NOTE_EVERY_S)
        self._rung = Every(WAKE_UP_EVERY_S)

    def submit(self, services: Services, submission: Submission) -> Job:
        """Accept one URL that is to be fetched; the job as it was accepted.

        When this returns, its row is on the disk. Raises AlreadyThere, InputError,
        DatabaseUnavailable; RedisFull, and then it is accepted all the same.
        """
        (new,) = submission.jobs({})
        one = _Accepted(
            database.batches.Single(new, submission.stored_config, submission.fingerprint)
        )
        self._accepting.add(one, lambda some: _accept(services, some))
        try:
            self._feeding.add(one, lambda some: self._feed(services, some))
        except RedisUnavailable as error:
            log.warning("job %s is accepted and begins when Redis answers: %s", new.id, error)
        return Job(
            id=new.id,
            batch_id=new.id,
            row=new.row,
            url=new.url,
            host=new.host,
            priority=new.priority,
            created_at=from_ms(one.at_ms),
        )

    def _feed(self, services: Services, some: Sequence[_Accepted]) -> None:
        """Make jobs due, and wake workers."""
        added = services.frontier.jobs.add_many(
            addition for one in some for addition in _addition(one)
        )
        self._fed.extend(some)
        if self._rung.is_due:
            self._rung.done()
            # Takes milliseconds, and resting workers have a notice already
            threading.Thread(
                target=_ring, args=(services, added), name="scrapeq-wake-up", daemon=True
            ).start()
        if len(self._fed) >= MOST_NOTED or self._noted.is_due:
            self._noted.done()
            self._note(services)

    def _note(self, services: Services) -> None:
        """Say in the record what Redis has. Only one thread at a time comes here."""
        ids = defaultdict[int, list[str]](list)
        while self._fed:
            one = self._fed.popleft()
            ids[one.epoch].append(one.single.job.id)
        with suppress(DatabaseUnavailable):
            for epoch, batch_ids in ids.items():
                database.batches.set_enqueued(services.engine, batch_ids, epoch)


def _ring(services: Services, count: int) -> None:
    with suppress(RedisUnavailable, RedisFull):
        services.ring(count)


def _accept(services: Services, some: Sequence[_Accepted]) -> None:
    at_ms = now_ms()
    epoch = database.batches.add_singles(
        services.engine,
        [one.single for one in some],
        owner=services.settings.owner,
        at_ms=at_ms,
    )
    for one in some:
        one.at_ms, one.epoch = at_ms, epoch


def _addition(one: _Accepted) -> Iterator[Addition]:
    job, config = one.single.job, one.single.config
    due = database.jobs.OpenJob(job.id, job.row, job.host, job.priority, Lane.HTTP)
    return additions(job.id, config, [due])
