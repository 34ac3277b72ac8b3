"""How the whole system is doing.

`HealthStatus` is one of three words. `HealthVerdict` is the word with its reasons, as
`stats.health_verdict` judges it from numbers. `SystemHealth` is the verdict together with the facts
and with what to do: what `sq.health()` gives and a notebook shows. (`HostVerdict` is something
else: what one try tells about its host.)
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from scrapeq import clock, display
from scrapeq.models.error_kind import ErrorKind
from scrapeq.models.error_words import error_words, errors_in_words
from scrapeq.models.paused_host import PausedHost

if TYPE_CHECKING:
    from scrapeq.models.monitoring import SystemMetrics

#: Paused hosts and kinds of error that the card names.
MOST_NAMED = 5

HealthStatus = Literal["HEALTHY", "DEGRADED", "UNHEALTHY"]


class HealthVerdict(NamedTuple):
    """The status, a sentence for each thing that speaks against HEALTHY, worst first, and sentences
    about pages that failed by no fault of the system; hints say what to do."""

    status: HealthStatus
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


class SystemHealth(BaseModel):
    """The verdict with its reasons, and the facts that it was made from.

    `notes` tell of pages that failed by no fault of the system. `redis_answers` and `database_answers` are None where it was not
    asked because the other one failed. `waiting`, `running`, `retrying` are jobs now, `open_jobs` all of these by the
    record, also while Redis does not answer. `finished`, `success_rate` (0 to 100), `mean_s`, `p50_s`,
    `p95_s` (seconds per job) and `errors` (kind: count) are of the last `window_s` seconds. `paused_hosts`
    have the columns of `JobQueue.paused_hosts`. `hint` says what to do; "" where there is nothing to
    do.
    """

    model_config = ConfigDict(frozen=True)

    verdict: HealthStatus
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    hint: str = ""
    where: str = ""
    checked_at: datetime
    redis_answers: bool | None = None
    database_answers: bool | None = None
    something_runs: bool = True
    workers: int = 0
    open_jobs: int = 0
    waiting: int = 0
    running: int = 0
    retrying: int = 0
    window_s: int = 0
    finished: int = 0
    success_rate: float | None = None
    mean_s: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    errors: dict[str, int] = {}
    paused_hosts: tuple[PausedHost, ...] = ()

    @classmethod
    def from_metrics(
        cls,
        metrics: SystemMetrics,
        *,
        reasons: tuple[str, ...],
        hint: str,
        where: str,
        something_runs: bool,
        open_jobs: int,
    ) -> Self:
        """What `JobMonitor.get_system_metrics` gave, and what it cannot know."""
        now, lately = metrics.queue_stats, metrics.performance
        return cls(
            verdict=metrics.health_status,
            reasons=reasons,
            notes=tuple(metrics.health_notes),
            hint=hint,
            where=where,
            checked_at=datetime.fromisoformat(metrics.timestamp),
            redis_answers=metrics.redis_reachable,
            database_answers=True,
            something_runs=something_runs,
            workers=metrics.worker_stats.active_workers,
            open_jobs=open_jobs,
            waiting=now.waiting_jobs,
            running=now.running_jobs,
            retrying=now.retrying_jobs,
            window_s=lately.window_s,
            finished=lately.jobs_processed,
            success_rate=lately.success_rate,
            mean_s=lately.average_processing_time_s,
            p50_s=lately.p50_s,
            p95_s=lately.p95_s,
            errors=metrics.errors,
            paused_hosts=tuple(metrics.paused_hosts),
        )

    @property
    def is_healthy(self) -> bool:
        """Whether nothing speaks against it."""
        return self.verdict == "HEALTHY"

    def __repr__(self) -> str:
        reasons = display.plain("; ".join((*self.reasons, *self.notes)), 300)
        workers = (
            display.counted(self.workers, "worker", "workers")
            if self.something_runs
            else "nothing runs"
        )
        return (
            f"<SystemHealth {self.verdict}{': ' if reasons else ''}{reasons} "
            f"({workers}, {self.open_jobs:,} open jobs)>"
        )

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {}
        if self.reasons:
            facts["why"] = "; ".join(self.reasons)
        if self.notes:
            facts["pages"] = "; ".join(self.notes)
        if self.hint:
            facts["to do"] = self.hint
        if self.redis_answers:
            facts["workers"] = display.count(self.workers)
            now = {"running": self.running, "waiting": self.waiting, "retrying": self.retrying}
            counts = [f"{count:,} {status}" for status, count in now.items() if count]
            facts["jobs now"] = " · ".join(counts) or "none"
        elif self.open_jobs:
            facts["open jobs"] = display.count(self.open_jobs)
        if self.database_answers:
            facts[f"last {self.window_s // 60} min"] = self._lately()
            kinds = {kind: n for kind, n in self.errors.items() if kind != ErrorKind.CANCELLED}
            if kinds:
                facts["errors"] = errors_in_words(dict(list(kinds.items())[:MOST_NAMED]))
        if self.paused_hosts:
            facts["paused hosts"] = self._paused()
        facts["Redis"] = _answer(self.redis_answers)
        facts["record"] = _answer(self.database_answers)
        facts["checked"] = display.moment(self.checked_at)
        return display.card(
            f"health of {self.where}" if self.where else "health",
            facts,
            corner=self.verdict,
            away=None if self.something_runs else f"{self.verdict} · nothing runs",
        )

    def _lately(self) -> str:
        if not self.finished:
            return "no page finished"
        good = "" if self.success_rate is None else f", {self.success_rate:.0f} % of them good"
        half, most = display.seconds(self.p50_s), display.seconds(self.p95_s)
        took = "" if self.p95_s is None else f"; half took up to {half}, 95 % up to {most}"
        return f"{self.finished:,} pages{good}{took}"

    def _paused(self) -> str:
        named = [
            f"{one.host}: {error_words(one.error_kind)}" for one in self.paused_hosts[:MOST_NAMED]
        ]
        more = len(self.paused_hosts) - len(named)
        return "; ".join(named) + (f" and {more:,} more" if more else "")


def unhealthy(reason: str, hint: str, **facts: Any) -> SystemHealth:
    """The verdict where nothing could be measured."""
    return SystemHealth(
        verdict="UNHEALTHY", reasons=(reason,), hint=hint, checked_at=clock.now(), **facts
    )


def _answer(answers: bool | None) -> str:
    return "not checked" if answers is None else "answers" if answers else "does not answer"
