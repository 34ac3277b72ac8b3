"""What an endpoint has at hand: the project, and who asks."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from scrapeq.api.problems import Refusal
from scrapeq.client.handle import BatchHandle
from scrapeq.dashboards import Dashboard
from scrapeq.errors import NotFound
from scrapeq.models import Batch, Job
from scrapeq.models.person import Person, Right
from scrapeq.pipeline.job_queue import JobQueue, owned_by
from scrapeq.pipeline.monitor import JobMonitor

#: Open jobs with which nothing more is taken: Redis holds them all.
MOST_OPEN = 10_000_000
#: Seconds that a count of them is used again.
COUNTED_S = 1.0
#: People whose queues are kept.
MOST_QUEUES = 1_000


class Service:
    """One project as many people speak with it at once."""

    def __init__(self, dashboard: Dashboard) -> None:
        self.dashboard = dashboard
        self._lock = threading.Lock()
        self._open, self._counted_s = 0, -math.inf
        self._queues: dict[str, tuple[JobQueue, JobQueue]] = {}

    @property
    def queue(self) -> JobQueue:
        """The queue to look with."""
        return self.dashboard.project.queue

    @property
    def monitor(self) -> JobMonitor:
        """The monitor of that queue."""
        return self.dashboard.project.monitor

    def queue_of(self, person: Person) -> JobQueue:
        """A queue that has workers, for what this person changes: they own what they submit with it."""
        self.dashboard.ensure_workers()
        queue = self.queue
        with self._lock:
            of, mine = self._queues.get(person.name, (None, None))
            if mine is None or of is not queue:  # the private cluster was started again
                mine = owned_by(queue, person.name)
                if len(self._queues) >= MOST_QUEUES:
                    self._queues.clear()
                self._queues[person.name] = (queue, mine)
            return mine

    def check_room(self) -> None:
        """Nothing, if the queue takes more. Raises Refusal (503) where it is full."""
        now_s = time.monotonic()
        if now_s - self._counted_s > COUNTED_S:
            self._open = self.monitor.get_queues().open_jobs
            self._counted_s = now_s
        if self._open > MOST_OPEN:
            raise Refusal(
                503,
                f"{self._open:,} jobs are open, and the server takes no more",
                "send it again when some are done, or cancel batches that nobody needs",
                {"Retry-After": "60"},
            )


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and what they may ask."""

    person: Person
    service: Service

    @property
    def queue(self) -> JobQueue:
        """To look with."""
        return self.service.queue

    @property
    def own_queue(self) -> JobQueue:
        """To change something with."""
        return self.service.queue_of(self.person)

    @property
    def monitor(self) -> JobMonitor:
        """To look with."""
        return self.service.monitor

    def handle(self, batch: str) -> BatchHandle:
        """The handle of a batch, by its id or name. Raises NotFound."""
        return self.service.dashboard.project.handle(batch)

    def newest_run(self, name: str | None) -> str | None:
        """The id of the newest run of a name; None where there is none."""
        try:
            return None if name is None else self.queue.find_batch(name).id
        except NotFound:
            return None

    def batch_to_change(self, name_or_id: str) -> Batch:
        """A batch that this person may steer. Raises NotFound, Refusal (403) for somebody else's."""
        batch = self.queue.find_batch(name_or_id)
        self.check_owner(batch.owner, batch.name or batch.id)
        return batch

    def job_to_change(self, job_id: str) -> Job:
        """The same for a job."""
        (job,) = self.queue.get_jobs([job_id]) or [self.queue.get_job_status(job_id)]
        batch = self.queue.find_batch(job.batch_id)
        self.check_owner(batch.owner, batch.name or batch.id)
        return job

    def check_owner(self, owner: str, what: str) -> None:
        """Nothing, if this person may change what belongs to this owner. Raises Refusal (403)."""
        if owner != self.person.name and not self.person.right.includes(Right.ADMINISTER):
            raise Refusal(
                403,
                f"{what} belongs to {owner or 'somebody else'}",
                "ask them, or somebody whose token may administer",
            )


def _who(request: Request, right: Right) -> Asker:
    person = cast("Person", request.state.person)
    if not person.right.includes(right):
        raise Refusal(
            403,
            f"the token of {person.name} may {person.right}, and this needs one that may {right}",
            f"ask for one: scrapeq token create NAME --right {right}",
        )
    return Asker(person, request.app.state.service)


async def _reader(request: Request) -> Asker:
    return _who(request, Right.READ)


async def _submitter(request: Request) -> Asker:
    return _who(request, Right.SUBMIT)


async def _administrator(request: Request) -> Asker:
    return _who(request, Right.ADMINISTER)


#: Of an endpoint that people with this right may use.
Reader = Annotated[Asker, Depends(_reader)]
Submitter = Annotated[Asker, Depends(_submitter)]
Administrator = Annotated[Asker, Depends(_administrator)]
