"""What is away, since when, and what to do about it, for whoever only looks."""

from __future__ import annotations

from datetime import datetime

from scrapeq import cluster
from scrapeq.errors import ClusterFailed, DatabaseUnavailable, RedisUnavailable
from scrapeq.models.away import Away
from scrapeq.project.services import Services
from scrapeq.project.staffing import start_again

_NOTHING_LOST = "no row is lost, and work goes on by itself when it answers"


def redis_away(services: Services, error: RedisUnavailable | None = None) -> Away:
    """Why Redis does not answer. A private cluster that was killed is started again, in the
    background, where this process had it started."""
    what = f"Redis does not answer{_since(services.redis.since)}"
    settings = services.settings
    if settings.shared:
        where = f"see to the Redis that {settings.redis_named_by} names"
        problem = services.why_away or (error.problem if error else "")
        why = f"{problem}: " if problem else ""
        return Away(what, f"{why}{where}; {_NOTHING_LOST}")
    if cluster.was_killed(settings.home):
        if services.may_start:
            start_again(services)
            return Away(what, "the private cluster was killed, and is started again")
        advice = "scrape(), wait() or scrapeq up starts it again, and no row is lost"
        return Away(what, f"the private cluster was killed: {advice}")
    if not cluster.is_running(settings.home):
        advice = "scrape(), wait() or scrapeq up starts one"
        return Away(what, f"no private cluster runs, so no job is done; {advice}")
    return Away(
        what,
        f"the private Redis hangs: {_NOTHING_LOST}; if it does not, run scrapeq down and then "
        "scrapeq up in a terminal, in the folder of the project",
    )


def check_nothing_runs(services: Services, error: RedisUnavailable) -> None:
    """Nothing where no job can run or be retried, as no cluster is there. Raises `error` where only Redis knows."""
    if services.settings.shared or cluster.is_running(services.settings.home):
        raise error


def record_away(services: Services, error: DatabaseUnavailable) -> Away:
    """Why the record does not answer."""
    what = f"the record does not answer{_since(services.record.since)}"
    if services.settings.database_url is None:
        return Away(what, error.elsewhere)
    where = "see to the database that SCRAPEQ_DATABASE_URL names"
    return Away(what, f"{error.problem}: {where}; {_NOTHING_LOST}")


def no_workers(services: Services) -> Away:
    """Redis answers, and nobody works."""
    settings = services.settings
    if settings.shared:
        return Away("no workers", "start one: celery -A scrapeq.pipeline.worker worker")
    advice = "they take 3 s to start; if none comes, see worker.log among the project's logs"
    try:
        problem = cluster.status(settings.home, timeout_s=0.2).problem
    except ClusterFailed as error:
        problem, _ = error.halves_elsewhere
    return Away("no workers", f"{problem}; {advice}" if problem else advice)


def _since(since: datetime | None) -> str:
    return f" (since {since:%H:%M:%S} UTC)" if since else ""
