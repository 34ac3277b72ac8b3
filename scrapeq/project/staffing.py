"""Whether a worker works on a project's jobs, and what to do where none does."""

from __future__ import annotations

from contextlib import suppress

from scrapeq import cluster
from scrapeq.errors import (
    ClusterFailed,
    NoWorkersWarning,
    RedisUnavailable,
    ScheduleWarning,
    ScrapeqError,
    warn,
)
from scrapeq.project import recovery
from scrapeq.project.services import Services

#: Seconds between two tries to start a private cluster: a start takes one.
START_AGAIN_EVERY_S = 5.0


def look_after_workers(services: Services) -> bool:
    """Whether anybody works; a private cluster that has ended is started again."""
    settings = services.settings
    try:
        if not settings.shared and settings.autostart:
            cluster.ensure_cluster(settings)
            recovery.recover(services)  # workers would, but take seconds to start
        return bool(services.frontier.coordination.workers())
    except ScrapeqError:  # whoever waits goes on waiting; what reads the results will raise it
        return False


def start_again(services: Services) -> None:
    """Have a private cluster that has ended started in the background, once in a while."""
    services.private.begin(lambda: look_after_workers(services), START_AGAIN_EVERY_S)


def warn_if_nobody_works(services: Services) -> None:
    """Warn if no worker was seen lately; nothing where Redis is away."""
    with suppress(RedisUnavailable):
        if services.frontier.coordination.workers():
            services.workers_seen.done()
        else:
            warn_without_workers(services)


def warn_without_workers(services: Services) -> None:
    """Warn that jobs wait and nobody works, with what is known of the reason."""
    settings = services.settings
    advice = "Start one: celery -A scrapeq.pipeline.worker worker"
    if not settings.shared:
        advice = f"See {settings.home / 'logs'}"
        with suppress(ClusterFailed):
            advice = f"{cluster.status(settings.home).problem} {advice}".strip()
    warn(f"No workers available for task processing. {advice}", NoWorkersWarning)


def warn_if_nobody_stays(services: Services, name: str) -> None:
    """Warn that a schedule may find no worker when its time comes, and say what to do."""
    settings = services.settings
    with suppress(ClusterFailed, RedisUnavailable):
        if settings.shared:
            if not services.frontier.coordination.workers():
                warn(
                    f"the schedule {name!r} is kept, and no worker is there to start its runs. Start one, "
                    "and keep it running: celery -A scrapeq.pipeline.worker worker",
                    ScheduleWarning,
                )
        elif not cluster.status(settings.home).detached:
            warn(
                f"the schedule {name!r} is kept, and works only while a notebook or program that uses "
                f"{settings.home} runs. Workers that stay: scrapeq up, in the folder of your project. "
                "Times that pass meanwhile are made up for by one run",
                ScheduleWarning,
            )
