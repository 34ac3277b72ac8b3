"""The whole project: queue, health, history, hosts, errors; who asks, and what was changed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from scrapeq.api.answers import (
    AuditLog,
    Deleted,
    ErrorGroups,
    Hosts,
    Me,
    PausedHosts,
    Recorded,
)
from scrapeq.api.requests import Cleanup, NewError
from scrapeq.api.route import CLOCKS, Route, weak_tag
from scrapeq.api.service import Administrator, Reader, Submitter
from scrapeq.client import access
from scrapeq.client.tables import hosts as hosts_table
from scrapeq.models import QueueStats
from scrapeq.models.health import SystemHealth
from scrapeq.models.monitoring import (
    HostHistory,
    PerformanceHistory,
    QueuesNow,
    Series,
    SystemMetrics,
)

router = APIRouter(prefix="/v1", tags=["project"], route_class=Route)

Hours = Annotated[
    float, Query(gt=0, le=87_600, allow_inf_nan=False, description="How far to look back.")
]
Limit = Annotated[int, Query(ge=1, le=1_000, description="How many at most.")]


@router.get("/me")
def who_am_i(who: Reader) -> Me:
    """Whose token this is, and what it may do."""
    return Me(**who.person.model_dump())


@router.get("/queue")
def get_queue_stats(who: Reader) -> QueueStats:
    """Jobs by status, messages by queue, live workers (`JobQueue.get_queue_stats`)."""
    return who.queue.get_queue_stats()


@router.get("/queue/now")
def get_queues(who: Reader) -> QueuesNow:
    """Open jobs, and the names of live workers."""
    return who.monitor.get_queues()


@router.post("/queue/cleanup")
def cleanup_old_jobs(who: Administrator, which: Cleanup) -> Deleted:
    """Delete what finished longer ago, pages and history too (`JobQueue.cleanup_old_jobs`)."""
    return Deleted(jobs=who.own_queue.cleanup_old_jobs(which.max_age_days))


@router.get("/health")
def get_health(who: Reader, response: Response) -> SystemHealth:
    """HEALTHY, DEGRADED or UNHEALTHY, why, and what to do. It answers while Redis is away, too."""
    health = who.monitor.health()
    response.headers["ETag"] = weak_tag(health.model_dump_json(exclude=CLOCKS))
    return health


@router.get("/system")
def get_system_metrics(who: Reader, response: Response) -> SystemMetrics:
    """Health with the facts it was judged by (`JobMonitor.get_system_metrics`)."""
    metrics = who.monitor.get_system_metrics()
    response.headers["ETag"] = weak_tag(metrics.model_dump_json(exclude=CLOCKS))
    return metrics


@router.get("/history")
def get_performance_history(who: Reader, hours: Hours = 24) -> PerformanceHistory:
    """What finished, how well and how fast, hour by hour (`JobMonitor.get_performance_history`)."""
    return who.monitor.get_performance_history(hours)


@router.get("/history/series")
def get_series(
    who: Reader,
    minutes: Annotated[float, Query(gt=0, le=525_600, allow_inf_nan=False)] = 60,
    every_s: Annotated[int, Query(ge=60, le=86_400, multiple_of=60)] = 60,
) -> Series:
    """The same in steps of whole minutes, at most 10,080 of them."""
    return who.monitor.get_series(minutes, every_s)


@router.get("/errors")
def get_error_groups(who: Reader, hours: Hours = 24, limit: Limit = 10) -> ErrorGroups:
    """The most frequent kinds of errors, each with its newest example."""
    return ErrorGroups(errors=who.monitor.get_error_groups(hours, limit))


@router.post("/errors", status_code=201)
def record_error(who: Submitter, new: NewError) -> Recorded:
    """Keep an error that happened outside of the workers (`JobMonitor.record_error`)."""
    who.monitor.record_error(new.job_id, new.error_type, new.message)
    return Recorded()


@router.get("/hosts")
def list_hosts(who: Reader, hours: Hours = 24, limit: Limit = 100) -> Hosts:
    """How each host did: jobs, failures, times; the one with most jobs first."""
    frame = hosts_table(hours, limit=limit, queue=who.queue)
    return Hosts.model_validate_json(
        f'{{"hosts":{frame.to_json(orient="records", date_format="iso")}}}'
    )


@router.get("/hosts/paused")
def list_paused_hosts(who: Reader) -> PausedHosts:
    """Hosts that are paused now, each with its last failure."""
    return PausedHosts(hosts=who.queue.paused_host_rows())


@router.get("/hosts/history")
def get_host_history(who: Reader, hours: Hours = 24) -> HostHistory:
    """When hosts were paused, and when they came back."""
    return who.monitor.get_host_history(hours)


@router.get("/audit")
def get_audit_log(
    who: Administrator,
    limit: Limit = 100,
    cursor: Annotated[
        int | None, Query(ge=1, le=2**31, description="`next_cursor` of an answer.")
    ] = None,
    person: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
) -> AuditLog:
    """What was changed over the server: when, by whom, from where, what, and how it ended; the newest first."""
    entries = access.audit_entries(who.queue, limit, cursor, person)
    more = str(entries[-1].id) if len(entries) == limit else None
    return AuditLog(entries=entries, next_cursor=more)
