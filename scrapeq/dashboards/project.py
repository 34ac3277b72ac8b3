"""What a dashboard looks at: the queue of one project, its monitor, its newest batches."""

from __future__ import annotations

import threading

from scrapeq.client.handle import BatchHandle
from scrapeq.models import Batch
from scrapeq.models.actions import Action, possible_actions
from scrapeq.models.error_words import is_retryable
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.monitor import JobMonitor

#: Newest batches that are looked at; older ones that still run are not shown.
LATEST = 100


class Project:
    """One project as it is looked at again and again, by many at once."""

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self.monitor = JobMonitor(queue)
        self._handles: dict[str, BatchHandle] = {}
        self._can_retry: dict[tuple[str, int, int], bool] = {}
        self._lock = threading.Lock()

    def batches(self) -> list[Batch]:
        """The newest batches, newest first."""
        return self.queue.list_batches(LATEST)

    def actions(self, batch: Batch) -> list[Action]:
        """What makes sense to do with a batch now.

        Its errors are counted again only when their number has changed.
        """
        key = (batch.id, batch.failed, batch.cancelled)
        if not (batch.failed or batch.cancelled):
            return possible_actions(batch, can_retry=False)
        with self._lock:
            known = self._can_retry.get(key)
        if known is None:
            known = any(is_retryable(kind) for kind in self.monitor.get_batch_errors(batch.id))
            with self._lock:
                self._can_retry[key] = known
                if len(self._can_retry) > LATEST:
                    del self._can_retry[next(iter(self._can_retry))]
        return possible_actions(batch, can_retry=known)

    def handle(self, name_or_id: str) -> BatchHandle:
        """The handle of a batch: the same each time while it is one of the newest `LATEST` that were
        asked for, since it remembers the speed. Raises NotFound."""
        batch_id = self.queue.find_batch(name_or_id).id
        with self._lock:
            if batch_id not in self._handles:
                self._handles[batch_id] = BatchHandle(self.queue, batch_id)
                if len(self._handles) > LATEST:
                    del self._handles[next(iter(self._handles))]
            return self._handles[batch_id]
