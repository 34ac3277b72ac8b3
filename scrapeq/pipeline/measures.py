"""What the whole does, as numbers: measured by what the record and Redis already know.

Its cost depends on minutes, hosts and workers, and not on jobs.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import totals
from scrapeq.database.totals import Finished, RunningTotal
from scrapeq.errors import ConfigError, DatabaseUnavailable, RedisUnavailable
from scrapeq.frontier import RedisFacts, WorkersSeen
from scrapeq.frontier.inspection import Depth
from scrapeq.models import JobStatus
from scrapeq.models.monitoring import BrowsersNow
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.bounded import budget
from scrapeq.project.open_jobs import counted
from scrapeq.project.services import Services
from scrapeq.settings import Settings

#: Seconds that a measurement may take, both services together: Prometheus waits for ten by default. The
#: first one adds up all minutes of the record: a second for a year of them.
LONGEST_S = 8.0


@dataclass(frozen=True, slots=True)
class RecordMeasures:
    """jobs: by status, as the record has them: what runs is pending. batches: unfinished ones by state.
    finished: since the record began. ai: what models came to. size_bytes: of all its files."""

    jobs: Mapping[JobStatus, int]
    batches: Mapping[str, int]
    finished: Finished
    ai: Mapping[str, Mapping[str, int]]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class RedisMeasures:
    """messages: of Celery's queues, wake-ups among them."""

    facts: RedisFacts
    seen: WorkersSeen
    depth: Depth
    messages: Mapping[str, int]
    browsers: BrowsersNow


@dataclass(frozen=True, slots=True)
class Measures:
    """record, redis: None where it does not answer. took_s: how long the measurement took. free_bytes: on
    the disk of the home. jobs: by status; what runs and what is retried is known to Redis."""

    record: RecordMeasures | None
    redis: RedisMeasures | None
    free_bytes: int
    took_s: float
    jobs: Mapping[str, int] = field(default_factory=dict)


class Measuring:
    """Measures one project again and again. Safe to use from several threads: one measures at a time.

    find_queue: gives the project's queue, which may be another one after its Redis came back.
    """

    def __init__(self, find_queue: Callable[[], JobQueue]) -> None:
        self._find_queue = find_queue
        self._total = RunningTotal()
        self._one_at_a_time = threading.Lock()

    def measure(self) -> Measures:
        """Within `LONGEST_S`; raises nothing where a service is away."""
        began_s = time.monotonic()
        services = self._find_queue().services
        with self._one_at_a_time, budget(LONGEST_S):
            record = redis = None
            with suppress(DatabaseUnavailable):
                record = services.record.ask(lambda: self._record(services))
            with suppress(RedisUnavailable, ConfigError):
                redis = services.redis.ask(lambda: _redis(services))
        running, retrying = (redis.depth.running, redis.depth.retrying) if redis else (0, 0)
        return Measures(
            record=record,
            redis=redis,
            free_bytes=_free_bytes(services.settings.home),
            took_s=time.monotonic() - began_s,
            jobs=counted(record.jobs.items(), running, retrying) if record else {},
        )

    def _record(self, services: Services) -> RecordMeasures:
        engine = services.engine
        return RecordMeasures(
            jobs=database.jobs.count_by_status(engine),
            batches=totals.unfinished_by_state(engine),
            finished=self._total.until_now(engine),
            ai=totals.ai_by_model(engine),
            size_bytes=_size_bytes(engine),
        )


def _redis(services: Services) -> RedisMeasures:
    inspection = services.frontier.inspection
    return RedisMeasures(
        facts=inspection.redis(),
        seen=inspection.workers(),
        depth=inspection.depth(),
        messages=services.queue_lengths(),
        browsers=services.frontier.browsers.now(),
    )


def _size_bytes(engine: sa.Engine) -> int:
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
    with database.engine.read_transaction(engine) as connection:
        size = connection.execute(sa.select(sa.func.pg_database_size(sa.func.current_database())))
        return int(size.scalar_one())


def free_bytes(settings: Settings) -> int | None:
    """Room on the disk of the record and of the private Redis; None where neither is on this machine."""
    if settings.shared and settings.database_url is not None:
        return None
    return _free_bytes(settings.home)


def _free_bytes(folder: Path) -> int:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return 0
