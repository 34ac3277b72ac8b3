"""What every part of the pipeline works with: the settings, the record, the frontier, wake-ups."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from functools import cached_property

import sqlalchemy as sa
from celery import Celery

from scrapeq import cluster, database
from scrapeq.errors import ConfigError, RedisUnavailable
from scrapeq.frontier import BreakerPolicy, Frontier, check_redis, connect
from scrapeq.project.celery_app import QUEUES, WAKE_UP, key_prefix, make_app
from scrapeq.settings import Settings, load_settings

log = logging.getLogger(__name__)

#: Wake-ups for one submission: enough for the workers of a large machine; the rest is rung for
#: by workers that find more than they can take.
MOST_WAKE_UPS = 16


@dataclass(frozen=True)
class Services:
    """The two stores and the way to wake a worker, for one process and one set of settings."""

    settings: Settings
    engine: sa.Engine = field(repr=False)  # its URL may hold a password
    frontier: Frontier = field(repr=False)
    broker_url: str = field(repr=False)

    @cached_property
    def app(self) -> Celery:
        """A Celery application that sends."""
        return make_app(self.settings, self.broker_url)

    def queue_lengths(self) -> dict[str, int]:
        """Messages that wait in each Celery queue; zeros where the broker is another Redis."""
        prefix, of = key_prefix(self.settings.namespace), self.frontier.coordination
        return {queue: of.list_length(prefix + queue) for queue in QUEUES}

    def tasks_waiting(self, queue: str, limit: int = 100) -> int:
        """Messages in a Celery queue that carry work, up to `limit`: wake-ups carry none."""
        key = key_prefix(self.settings.namespace) + queue
        messages = self.frontier.coordination.list_items(key, limit)
        return sum(WAKE_UP not in message for message in messages)

    def wake(self, count: int = 1) -> None:
        """Ring for up to `count` workers. Never essential: workers also look by themselves.

        One wake-up in half a second is enough, however many jobs are submitted one by one.
        """
        if count <= 0 or not self.frontier.coordination.may_notify():
            return
        try:
            for _ in range(min(count, MOST_WAKE_UPS)):
                self.app.send_task(WAKE_UP, ignore_result=True, retry=False, expires=60)
        except Exception as error:  # whatever the broker's client raises: full, away, restarting
            log.info("no wake-up could be sent: %s", error)


def open_services(settings: Settings | None = None, *, start: bool = True) -> Services:
    """The services of these settings; starts a private Redis and workers if none are named.

    Raises RedisUnavailable, RedisEvicts, ClusterFailed, DatabaseUnavailable, ConfigError.
    """
    settings = settings or load_settings()
    engine = database.open_database(settings)
    try:
        if not settings.shared and start and settings.autostart:
            cluster.ensure_cluster(settings)
        services = _connected(settings, engine)
        check_namespace(services)
        return services
    except BaseException:
        engine.dispose()
        raise


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


def _connected(settings: Settings, engine: sa.Engine) -> Services:
    client = connect(cluster.redis_url(settings))
    check_redis(client)
    frontier = Frontier(client, _breaker_policy(settings), settings.namespace)
    return Services(settings, engine, frontier, cluster.broker_url(settings))


def shared_looking_services(settings: Settings | None = None) -> Services:
    """The same for every caller of this process, to look with: nothing is started.

    Those that work if there are any; else what `looking_services` gives, and again as soon as a
    Redis answers that did not before. Raises DatabaseUnavailable, ConfigError.
    """
    settings = settings or load_settings()
    key = _key(settings)
    with _lock:
        for known in (_opened.get(key), _looking.get(key)):
            if known is not None and _answers(known):
                return known
        known = _looking.get(key)
        _looking[key] = looking_services(settings, known.engine if known else None)
        return _looking[key]


def _answers(services: Services) -> bool:
    try:
        services.frontier.coordination.ping()
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
    return BreakerPolicy(
        failures=settings.breaker_failures,
        open_s=settings.breaker_open_s,
        longest_s=settings.breaker_longest_s,
        give_up_s=settings.breaker_give_up_s,
    )


def looking_services(settings: Settings, engine: sa.Engine | None = None) -> Services:
    """Services to look at the record with, also where no Redis runs: it is then away.

    `engine`: the record, if it is open already. Raises DatabaseUnavailable, ConfigError.
    """
    engine = engine or database.open_database(settings)
    try:
        return _connected(settings, engine)
    except RedisUnavailable:
        nowhere = f"unix://{settings.home / 'no-redis'}"
        return Services(
            settings, engine, Frontier(connect(nowhere), namespace=settings.namespace), nowhere
        )


_lock = threading.Lock()
_opened: dict[str, Services] = {}
_looking: dict[str, Services] = {}


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
