"""Who works: which workers live, their versions, the queues that they listen to, and whether they take jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scrapeq import frontier
from scrapeq.checks.check import Check, bad, good, note
from scrapeq.display import plain, seconds
from scrapeq.frontier import WorkersSeen
from scrapeq.project.celery_app import CLEAN, PROCESS, QUEUES, SCRAPE, WAKE_UP, key_prefix
from scrapeq.project.version import own_version
from scrapeq.settings import Settings
from scrapeq.stats import STALLED_S

if TYPE_CHECKING:
    import redis

START_ONE = "celery -A scrapeq.pipeline.worker worker"
#: What each queue carries, for a person.
_CARRIES = {SCRAPE: "pages", PROCESS: "tasks for a language model", CLEAN: "tasks of cleaning"}
_NUMBER = re.compile(r"\d+")
#: Workers that one sentence names.
MOST_NAMED = 5


def none_runs(settings: Settings) -> Check:
    """Where no private cluster runs, and none was killed."""
    return good("workers", f"none run; {settings.workers} start with the private Redis")


def workers(client: redis.Redis, settings: Settings) -> Iterator[Check]:
    """What Redis knows of them. Raises RedisUnavailable."""
    seen = frontier.inspect_workers(client, frontier.Keys(settings.namespace))
    yield _alive(seen, settings)
    if seen.listeners:
        yield _versions(seen)
    waiting = {
        queue: frontier.inspect_messages(
            client, key_prefix(settings.namespace) + queue, without=WAKE_UP
        )
        for queue in QUEUES
    }
    if seen.listeners or any(waiting.values()):
        yield _queues(seen, waiting)
    if seen.scrapers and seen.stalled_s >= STALLED_S:
        yield note(
            "work",
            f"jobs have been due for {seconds(seen.stalled_s)}, and no worker takes one",
            "see the workers' logs; do they use the same database, namespace and Redis as you? Else "
            "start them anew",
        )
    else:
        yield _open_jobs(seen)


def _alive(seen: WorkersSeen, settings: Settings) -> Check:
    """Processes that scrape; without them nobody takes a job."""
    if seen.scrapers:
        machines = {one.name.rpartition(":")[0] for one in seen.listeners}
        others = f", {seen.renderers} more for rendering alone" if seen.renderers else ""
        processes = "1 process" if seen.scrapers == 1 else f"{seen.scrapers:,} processes"
        return good("workers", f"{processes} on {_of(machines)} for any job{others}")
    who = "no worker is alive"
    if seen.listeners or seen.renderers:
        who = f"no worker listens to the queue {SCRAPE}, so nobody takes jobs"
    if seen.open_jobs:
        who += f"; {_jobs(seen)}"
    if settings.shared:
        hint = f"start one where Redis and the database can be reached: {START_ONE}"
        return bad("workers", who, f"{hint}; the log of one that ended says why")
    hint = f"they take some seconds to start; if none come, see {settings.home / 'logs'}"
    return bad("workers", who, hint)


def _of(machines: set[str]) -> str:
    return (
        plain(", ".join(sorted(machines)[:MOST_NAMED]), 100)
        if len(machines) == 1
        else (f"{len(machines)} machines" if machines else "this machine")
    )


def _versions(seen: WorkersSeen) -> Check:
    other = {
        one.name: seen.versions.get(one.name, "an older one")
        for one in seen.listeners
        if seen.versions.get(one.name) != own_version()
    }
    if not other:
        return good("versions of workers", f"all have {own_version()}")
    named = [f"{plain(name, 60)} has {plain(found, 20)}" for name, found in sorted(other.items())]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    newer = any(_numbers(found) > _numbers(own_version()) for found in other.values())
    hint = "update scrapeq there, and start these workers again"
    if newer:
        hint = "have the same version everywhere: pip install --upgrade scrapeq where it is older"
    result = f"this is {own_version()}; {', '.join(named[:MOST_NAMED])}{more}"
    return note("versions of workers", result, hint)


def _numbers(version: str) -> list[int]:
    return [int(one) for one in _NUMBER.findall(version)]


def _queues(seen: WorkersSeen, waiting: dict[str, int]) -> Check:
    """Messages in a queue without a listener wait for ever; an empty one harms nobody yet."""
    listened = {queue for one in seen.listeners for queue in one.queues}
    if seen.scrapers:
        listened.add(SCRAPE)
    unheard = [queue for queue in QUEUES if queue not in listened]
    stuck = {queue: waiting[queue] for queue in unheard if waiting[queue]}
    listen_to_all = f"start a worker without --queues, which listens to all: {START_ONE}"
    if stuck:
        counts = ", ".join(f"{number:,} in {queue}" for queue, number in stuck.items())
        return bad("queues", f"messages wait and no worker listens: {counts}", listen_to_all)
    missing = [f"{queue} ({_CARRIES[queue]})" for queue in unheard if queue in _CARRIES]
    if missing:
        result = f"no worker listens to {', '.join(missing)}"
        return note("queues", result, f"if you use them, {listen_to_all}")
    return good("queues", f"workers listen to {', '.join(sorted(listened & set(QUEUES)))}")


def _open_jobs(seen: WorkersSeen) -> Check:
    if seen.paused_hosts:
        hosts = "1 host is" if seen.paused_hosts == 1 else f"{seen.paused_hosts:,} hosts are"
        return note(
            "work",
            f"{_jobs(seen)}; {hosts} paused after failures",
            "scrapeq status names them with their reasons; they are tried again by themselves",
        )
    return good("work", _jobs(seen))


def _jobs(seen: WorkersSeen) -> str:
    if not seen.open_jobs:
        return "no open jobs"
    return "1 open job" if seen.open_jobs == 1 else f"{seen.open_jobs:,} open jobs"
