"""What every part of the pipeline works with: the settings, the record, the frontier, wake-ups."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from scrapeq import cluster, database, frontier, lazy
from scrapeq.errors import ConfigError, DatabaseUnavailable, RedisUnavailable
from scrapeq.project.bounded import Bounded, budget
from scrapeq.project.celery_app import CONNECT_TIMEOUT_S, QUEUES, WAKE_UP, key_prefix, make_app
from scrapeq.project.every import Every
from scrapeq.project.single_jobs import WAKE_UP_EVERY_S, SingleJobs
from scrapeq.settings import Settings, load_settings

if TYPE_CHECKING:
    import sqlalchemy as sa
    from celery import Celery

    from scrapeq.frontier import BreakerPolicy, Frontier

log = logging.getLogger(__name__)

#: Wake-ups for one submission: enough for the workers of a large machine; the rest is rung for
#: by workers that find more than they can take.
MOST_WAKE_UPS = 16
#: Seconds after which a wake-up is void, by the clock of whoever takes it: longer than any two clocks
#: differ. It bounds the queue of a broker of its own, whose length is not known.
WAKE_UP_EXPIRES_S = 86_400
#: Seconds that a worker which was seen is taken to be there, by whoever submits job after job.
LOOK_FOR_WORKERS_S = 1.0
#: Seconds to find a Redis that was not looked at before: the first connection takes longest.
FIRST_LOOK_S = 3.0
#: Seconds that a private Redis which died is waited for: its supervisor waits five at most before it starts it.
PRIVATE_BACK_S = 10.0


def _silent_redis(since: datetime) -> RedisUnavailable:
    return RedisUnavailable(
        f"Redis does not answer (since {since:%H:%M:%S} UTC)",
        hint="no row is lost, and work goes on by itself when it answers",
    )


def _silent_record(since: datetime) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the database cannot be read: it does not answer (since {since:%H:%M:%S} UTC)",
        hint="no row is lost, and work goes on by itself when it answers",
    )


@dataclass(frozen=True)
class Services:
    """The two stores and the way to wake a worker, for one process and one set of settings.

    redis, record, private: whoever only looks asks the stores, and the private cluster, through
    these, within a time. singles: accepts jobs that are submitted one by one. workers_seen:
    when whoever submits saw that somebody works. may_start: whether this process had the private cluster started, and so may
    do it again. why_away: the error of the Redis that `frontier` only stands in for; "" where it is that Redis's.
    """

    settings: Settings
    engine: sa.Engine = field(repr=False)  # its URL may hold a password
    frontier: Frontier = field(repr=False)
    broker_url: str = field(repr=False)
    may_start: bool = False
    why_away: str = ""
    redis: Bounded = field(default_factory=lambda: Bounded(_silent_redis), repr=False)
    record: Bounded = field(default_factory=lambda: Bounded(_silent_record), repr=False)
    private: Bounded = field(default_factory=lambda: Bounded(_silent_redis), repr=False)
    singles: SingleJobs = field(default_factory=SingleJobs, repr=False)
    workers_seen: Every = field(default_factory=lambda: Every(LOOK_FOR_WORKERS_S), repr=False)

    def check_redis(self) -> None:
        """Nothing, if Redis answers within the budget. Raises RedisUnavailable."""
        self.redis.ask(self.frontier.coordination.ping)

    def check_record(self) -> None:
        """Nothing, if the record answers within the budget. Raises DatabaseUnavailable."""
        self.record.ask(lambda: database.ping(self.engine))

    @cached_property
    def app(self) -> Celery:
        """A Celery application that sends."""
        return make_app(self.settings, self.broker_url)

    def queue_lengths(self) -> dict[str, int]:
        """Messages that wait in each Celery queue; zeros where the broker is another Redis."""
        return {queue: self.queue_length(queue) for queue in QUEUES}

    def queue_length(self, queue: str) -> int:
        """Messages that wait in one of them."""
        return self.frontier.coordination.list_length(key_prefix(self.settings.namespace) + queue)

    def tasks_waiting(self, queue: str, limit: int = 100) -> int:
        """Messages in a Celery queue that carry work, up to `limit`: wake-ups carry none."""
        key = key_prefix(self.settings.namespace) + queue
        messages = self.frontier.coordination.list_items(key, limit)
        return sum(WAKE_UP not in message for message in messages)

    def wake(self, count: int = 1) -> None:
        """Have up to `count` workers look for due jobs. Never essential: they also look by themselves."""
        if count > 0:
            self.frontier.coordination.notify(count)
            self.ring(count)

    def ring(self, count: int) -> None:
        """Send Celery's wake-ups to up to `count` workers: for those that wait for no notice.

        Some in half a second are enough, however many jobs are submitted one by one, and none are
        where enough of them wait.
        """
        if count <= 0 or not self.frontier.coordination.may_notify(WAKE_UP_EVERY_S):
            return
        waiting = self.queue_length("scraping")
        try:
            for _ in range(min(count, MOST_WAKE_UPS - waiting)):
                self.app.send_task(
                    WAKE_UP, ignore_result=True, retry=False, expires=WAKE_UP_EXPIRES_S
                )
        except Exception as error:  # whatever the broker's client raises: full, away, restarting
            log.info("no wake-up could be sent: %s", error)


def open_services(settings: Settings | None = None, *, start: bool = True) -> Services:
    """The services of these settings; starts a private Redis and workers if none are named.

    Raises RedisUnavailable, RedisEvicts, ClusterFailed, DatabaseUnavailable, ConfigError.
    """
    lazy.load(database, frontier)
    settings = settings or load_settings()
    engine = database.open_database(settings)
    try:
        may_start = not settings.shared and start and settings.autostart
        if may_start:
            cluster.ensure_cluster(settings)
        connected = _connected_again(settings) if may_start else _connected(settings)
        services = Services(settings, engine, *connected, may_start=may_start)
        check_namespace(services)
        return services
    except BaseException:
        engine.dispose()
        raise


def owned_by(services: Services, owner: str) -> Services:
    """The same services for batches of another owner, over the same connections."""
    settings = services.settings.model_copy(update={"owner": owner})
    # Jobs that several threads submit are accepted together, and for one owner.
    return replace(services, settings=settings, singles=SingleJobs())


def check_namespace(services: Services) -> None:
    """Let the record belong to the namespace of these services; raises ConfigError.

    A record with open jobs stays in its namespace: in another one they would be worked on twice.
    """
    namespace = services.frontier.namespace
    found = database.history.set_namespace(services.engine, namespace)
    if found != namespace:
        raise ConfigError(
            f"the open jobs of this record are in the namespace {found!r}, not in {namespace!r}",
            hint=f"set SCRAPEQ_NAMESPACE={found}, end or cancel its batches there first, or give "
            "this project a record of its own (SCRAPEQ_HOME, SCRAPEQ_DATABASE_URL)",
        )


def _connected(settings: Settings) -> tuple[Frontier, str]:
    """The frontier of a Redis that answers and can be worked with, and its URL for Celery."""
    url, named_by = cluster.redis_url(settings), settings.redis_named_by
    with closing(frontier.connect(url, named_by=named_by, timeout_s=FIRST_LOOK_S)) as first:
        frontier.check_redis(first)  # a frozen one is told soon
    client = frontier.connect(url, named_by=named_by)
    _check_messages(settings)
    opened = frontier.Frontier(client, _breaker_policy(settings), settings.namespace)
    return opened, cluster.broker_url(settings)


def _connected_again(settings: Settings) -> tuple[Frontier, str]:
    """The same for a private Redis: one that has just died is waited for until its supervisor has started
    it again. One that hangs is not."""
    ends_s = time.monotonic() + PRIVATE_BACK_S
    while True:
        try:
            return _connected(settings)
        except RedisUnavailable as error:
            if not frontier.is_gone(error) or time.monotonic() > ends_s:
                raise
        time.sleep(0.05)
        cluster.ensure_cluster(settings)  # its supervisor may have died with it


def _check_messages(settings: Settings) -> None:
    """Refuse a Redis for Celery's messages that no waiting can mend; raises ConfigError.

    One that is away is left alone: work needs no messages, and Celery tries again by itself.
    """
    named = {
        "CELERY_BROKER_URL": settings.celery_broker_url,
        "CELERY_RESULT_BACKEND": settings.celery_result_backend,
    }
    for variable, secret in named.items():
        url = secret.get_secret_value() if secret else ""
        is_checked = settings.redis_url is not None and url == settings.redis_url.get_secret_value()
        if is_checked or not url.startswith(("redis://", "rediss://", "unix://", "sentinel://")):
            continue
        if "ssl_cert_reqs" in url:  # Celery's words for it are not those of redis-py
            continue
        client = frontier.connect(url, named_by=variable, timeout_s=CONNECT_TIMEOUT_S)
        with closing(client), suppress(RedisUnavailable), frontier.translated(client):
            client.ping()


def shared_looking_services(settings: Settings | None = None) -> Services:
    """The same for every caller of this process, to look with: nothing is started.

    Those that work if there are any; else what `looking_services` gives, and again as soon as a
    Redis answers that did not before. Raises DatabaseUnavailable, ConfigError.
    """
    settings = settings or load_settings()
    key = _key(settings)
    with _lock_to_look:
        opened, known = _opened.get(key), _looking.get(key)
        for one in (opened, known):
            if one is not None and _answers(one):
                return one
        if known is None:
            _looking[key] = looking_services(settings)
        else:
            _looking[key] = _found_again(known)
        return _looking[key]


def _answers(services: Services) -> bool:
    try:
        services.check_redis()
    except RedisUnavailable:
        return False
    return True


def _key(settings: Settings) -> str:
    """Equal for settings that name the same stores."""
    secrets = (settings.redis_url, settings.celery_broker_url, settings.database_url)
    return settings.model_dump_json() + str(
        [secret.get_secret_value() if secret else "" for secret in secrets]
    )


def _breaker_policy(settings: Settings) -> BreakerPolicy:
    return frontier.BreakerPolicy(
        failures=settings.breaker_failures,
        first_failures=settings.breaker_first_failures,
        open_s=settings.breaker_open_s,
        longest_s=settings.breaker_longest_s,
        give_up_s=settings.breaker_give_up_s,
    )


def looking_services(settings: Settings) -> Services:
    """Services to look at the record with, also where no Redis runs: it is then away.

    Raises DatabaseUnavailable, ConfigError, RedisEvicts, ClusterFailed.
    """
    lazy.load(database, frontier)
    nowhere = f"unix://{settings.home / 'no-redis'}"
    client = frontier.connect(nowhere, named_by=settings.redis_named_by)
    return _found_again(
        Services(
            settings,
            database.open_database(settings),
            frontier.Frontier(client, namespace=settings.namespace),
            nowhere,
        )
    )


def _found_again(services: Services) -> Services:
    """The same with its Redis, if it is there now."""
    try:
        with budget(FIRST_LOOK_S):
            found, broker_url = services.redis.ask(lambda: _connected(services.settings))
    except RedisUnavailable as error:
        return replace(services, why_away=error.problem)
    return replace(services, frontier=found, broker_url=broker_url, why_away="")


_lock = threading.Lock()
_lock_to_look = threading.Lock()  # not the same: to open services may take long
_opened: dict[str, Services] = {}
_looking: dict[str, Services] = {}


def _forget() -> None:
    """In a fork, which must not speak over its parent's connections: it opens its own."""
    global _lock, _lock_to_look
    _lock, _lock_to_look = threading.Lock(), threading.Lock()
    for services in (*_opened.values(), *_looking.values()):
        services.engine.dispose(close=False)
    _opened.clear()
    _looking.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def shared_services(settings: Settings | None = None) -> Services:
    """The same services for every caller of this process with equal settings.

    Asked for again after the private cluster ended, it is started again.
    """
    settings = settings or load_settings()
    key = _key(settings)
    with _lock:
        services = _opened.get(key)
        if services is not None and not _answers(services):
            services.engine.dispose()
            services = None
        if services is None:
            services = _opened[key] = open_services(settings)
        return services
