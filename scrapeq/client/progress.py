"""How far a batch is, with the speed that was seen lately."""

from __future__ import annotations

import time
from collections import deque

from scrapeq import clock, stats
from scrapeq.client.pace import Pace
from scrapeq.client.sight import Sight
from scrapeq.models import Batch, Progress

#: Seconds of the past that the rate is taken from, and samples that are kept of it.
RATE_WINDOW_S, MOST_SAMPLES = 30, 240


class ProgressMeter:
    """Measures one batch: each reading is a sample for the rate of the next ones."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque(maxlen=MOST_SAMPLES)
        self._pace = Pace()

    @property
    def pace_per_s(self) -> list[float]:
        """Pages a second, step by step, since the first reading."""
        return self._pace.per_s

    def read(self, batch: Batch, seen: Sight) -> Progress:
        """Counts that add up to the batch's total; while Redis does not answer, what runs is counted
        as pending."""
        left = batch.total - batch.done
        running = min(seen.running, left)
        retrying = min(seen.retrying, left - running)
        rate = self._rate(batch.done) if left else None
        if left or self._samples:  # what was done before anybody looked has no pace
            self._pace.add(time.monotonic(), batch.done)
        ended = batch.finished_at or clock.now()
        return Progress(
            total=batch.total,
            pending=left - running - retrying,
            running=running,
            retrying=retrying,
            completed=batch.completed,
            failed=batch.failed,
            cancelled=batch.cancelled,
            from_store=batch.from_store,
            rendered=batch.rendered,
            tried_apart=min(seen.tried_apart, left),
            rate_per_s=rate,
            eta_s=stats.eta_s(left, rate),
            away=seen.away.what if left and seen.away else "",
            elapsed_s=max(0.0, (ended - batch.created_at).total_seconds()),
        )

    def _rate(self, done: int) -> float | None:
        now = time.monotonic()
        self._samples.append((now, done))
        lately = [sample for sample in list(self._samples) if now - sample[0] <= RATE_WINDOW_S]
        return stats.rate_per_s(lately)
