"""How the whole system is doing, as one value that shows itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from scrapeq import clock, display

#: Spared hosts and kinds of error that the card names.
MOST_NAMED = 5

Verdict = Literal["HEALTHY", "DEGRADED", "UNHEALTHY"]


class SystemHealth(BaseModel):
    """The verdict with its reasons, and the facts that it was made from.

    `redis_answers` and `database_answers` are None where the other one's failing kept it from
    being asked. `waiting`, `running`, `retrying` are jobs now, `open_jobs` all of these by the
    record, also while Redis is away. `finished`, `success_rate` (0 to 100), `mean_s`, `p50_s`,
    `p95_s` (seconds per job) and `errors` (kind: count) are of the last `window_s` seconds. `paused_hosts` are those
    that are being spared, with the columns of `JobQueue.paused_hosts` and times as ISO 8601 in UTC.
    `hint` says what to do; "" where there is nothing to do.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    reasons: tuple[str, ...] = ()
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
    paused_hosts: tuple[dict[str, Any], ...] = ()

    @classmethod
    def from_metrics(cls, metrics: dict[str, Any], **facts: Any) -> Self:
        """What `JobMonitor.get_system_metrics` gave, and facts that are not among it."""
        jobs, lately = metrics["queue_stats"], metrics["performance"]
        usual = {
            "verdict": metrics["health_status"],
            "reasons": tuple(metrics["health_reasons"]),
            "checked_at": metrics["timestamp"],
            "redis_answers": metrics["redis_reachable"],
            "database_answers": True,
            "workers": metrics["worker_stats"]["active_workers"],
            "waiting": jobs["waiting_jobs"],
            "running": jobs["running_jobs"],
            "retrying": jobs["retrying_jobs"],
            "window_s": lately["window_s"],
            "finished": lately["jobs_processed"],
            "success_rate": lately["success_rate"],
            "mean_s": lately["average_processing_time_s"],
            "p50_s": lately["p50_s"],
            "p95_s": lately["p95_s"],
            "errors": metrics["errors"],
            "paused_hosts": tuple(metrics["paused_hosts"]),
        }
        return cls(**(usual | facts))

    @property
    def is_healthy(self) -> bool:
        """Whether nothing speaks against it."""
        return self.verdict == "HEALTHY"

    def __repr__(self) -> str:
        said = display.plain("; ".join(self.reasons), 300)
        workers = f"{self.workers:,} workers" if self.something_runs else "nothing runs"
        return (
            f"<SystemHealth {self.verdict}{': ' if said else ''}{said} "
            f"({workers}, {self.open_jobs:,} open jobs)>"
        )

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {}
        if self.reasons:
            facts["why"] = "; ".join(self.reasons)
        if self.hint:
            facts["to do"] = self.hint
        if self.redis_answers:
            facts["workers"] = display.count(self.workers)
            now = {"running": self.running, "waiting": self.waiting, "retrying": self.retrying}
            said = [f"{count:,} {status}" for status, count in now.items() if count]
            facts["jobs now"] = " · ".join(said) or "none"
        elif self.open_jobs:
            facts["open jobs"] = display.count(self.open_jobs)
        if self.database_answers:
            facts[f"last {self.window_s // 60} min"] = self._lately()
            if kinds := dict(list(self.errors.items())[:MOST_NAMED]):
                facts["errors"] = display.joined(kinds)
        if self.paused_hosts:
            facts["spared hosts"] = self._spared()
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
            return "no page was finished"
        good = "" if self.success_rate is None else f", {self.success_rate:.0f} % of them good"
        half, most = display.seconds(self.p50_s), display.seconds(self.p95_s)
        took = "" if self.p95_s is None else f"; half took up to {half}, 95 % up to {most}"
        return f"{self.finished:,} pages{good}{took}"

    def _spared(self) -> str:
        named = [f"{one['host']} ({one['error_kind']})" for one in self.paused_hosts[:MOST_NAMED]]
        more = len(self.paused_hosts) - len(named)
        return ", ".join(named) + (f" and {more:,} more" if more else "")


def unhealthy(reason: str, hint: str, **facts: Any) -> SystemHealth:
    """The verdict where nothing could be measured."""
    return SystemHealth(
        verdict="UNHEALTHY", reasons=(reason,), hint=hint, checked_at=clock.now(), **facts
    )


def _answer(answers: bool | None) -> str:
    return "was not asked" if answers is None else "answers" if answers else "does not answer"
