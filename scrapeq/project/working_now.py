"""Who works now and on what, by what Redis knows: the facts that health is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field

from scrapeq.models.monitoring import BrowsersNow
from scrapeq.models.paused_host import PausedHost
from scrapeq.project.celery_app import QUEUES, SCRAPE
from scrapeq.project.paused_hosts import paused_host
from scrapeq.project.services import Services


@dataclass(frozen=True, slots=True)
class WorkingNow:
    """running, retrying, waiting: open jobs. workers: the processes that live, by name, whatever
    queues they listen to; scrapers: how many of them take jobs. unattended: messages that carry work in
    queues without a listener. stalled_s: for how long jobs have been due and none was claimed.
    """

    running: int = 0
    retrying: int = 0
    waiting: int = 0
    workers: list[str] = field(default_factory=list)
    scrapers: int = 0
    unattended: dict[str, int] = field(default_factory=dict)
    stalled_s: float = 0.0
    paused_hosts: list[PausedHost] = field(default_factory=list)
    browsers: BrowsersNow = field(default_factory=BrowsersNow)


def working_now(services: Services) -> WorkingNow:
    """A few round trips, whatever the number of jobs. Raises RedisUnavailable."""
    frontier = services.frontier
    counts = frontier.views.counts()
    scrapers = frontier.coordination.workers()
    listened = {queue for one in frontier.coordination.listeners() for queue in one.queues}
    if scrapers:
        listened.add(SCRAPE)
    unattended = {
        queue: tasks
        for queue in QUEUES
        if queue not in listened and (tasks := services.tasks_waiting(queue))
    }
    return WorkingNow(
        running=counts["running"],
        retrying=counts["retrying"],
        waiting=counts["open"] - counts["running"] - counts["retrying"],
        workers=[*scrapers, *other_workers(services)],
        scrapers=len(scrapers),
        unattended=unattended,
        stalled_s=frontier.coordination.stalled_s(),
        paused_hosts=[paused_host(one) for one in frontier.views.paused()],
        browsers=frontier.browsers.now(),
    )


def other_workers(services: Services) -> list[str]:
    """The processes of workers that do not take jobs: for the queues of processing and cleaning."""
    return [
        f"{one.name}#{number}"
        for one in services.frontier.coordination.listeners()
        if SCRAPE not in one.queues
        for number in range(1, one.processes + 1)
    ]
