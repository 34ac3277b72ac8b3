"""The Redis that is used: whether it can be worked with, and whether it will go on so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress

from scrapeq import cluster, frontier
from scrapeq.checks.check import Check, bad, good, note
from scrapeq.checks.clocks import clock_check
from scrapeq.checks.workers import none_runs, workers
from scrapeq.errors import RedisEvicts
from scrapeq.frontier import RedisFacts, SentinelFacts
from scrapeq.settings import Settings

#: Seconds that Redis has to answer.
ANSWER_S = 3.0
#: Share of its memory at which a Redis is nearly full.
NEARLY_FULL = 0.8


def redis(settings: Settings) -> Iterator[Check]:
    """Redis, and who works with it. Nothing is started: where no private one runs, whether one could."""
    if not settings.shared and not cluster.is_running(settings.home):
        yield _not_started(settings)
        yield none_runs(settings)
        return
    url, named_by = cluster.redis_url(settings), settings.redis_named_by
    with closing(frontier.connect(url, named_by=named_by, timeout_s=ANSWER_S)) as client:
        with suppress(RedisEvicts):  # told below, beside all else
            frontier.check_redis(client)
        facts = frontier.inspect_redis(client)
        watched = frontier.inspect_sentinels(client)
        whose = f"named by {named_by}" if settings.shared else "private"
        yield good("Redis", f"{facts.version}, {whose}{' through Sentinels' if watched else ''}")
        if watched:
            yield _sentinels(watched)
        yield _eviction(facts)
        yield _memory(facts)
        yield _persistence(facts)
        if facts.is_replica:
            yield bad(
                "writing to Redis",
                "this Redis is a replica, which takes no writes",
                f"name the primary in {named_by or 'REDIS_URL'}",
            )
        yield clock_check("clock of Redis", facts.ahead_s)
        yield from workers(client, settings)


def broker(settings: Settings) -> Iterator[Check]:
    """The Redis of Celery's messages, where it is another one."""
    own, other = settings.redis_url, settings.celery_broker_url
    if own is None or other is None or own.get_secret_value() == other.get_secret_value():
        return
    url, named_by = other.get_secret_value(), "CELERY_BROKER_URL"
    if not url.startswith(("redis://", "rediss://", "unix://", "sentinel://")):
        yield note(
            "Celery's broker",
            f"{named_by} names no Redis, so it is not looked at here",
            "ask it yourself: celery -A scrapeq.pipeline.worker status",
        )
        return
    with (
        closing(frontier.connect(url, named_by=named_by, timeout_s=ANSWER_S)) as client,
        frontier.translated(client),
    ):
        client.ping()
    yield good("Celery's broker", f"answers, named by {named_by}")


def _not_started(settings: Settings) -> Check:
    """Raises RedisUnavailable where there is no program to start."""
    program = cluster.find_binary()
    if cluster.was_killed(settings.home):
        return bad(
            "Redis",
            f"the private cluster of {settings.home} was killed",
            "scrape() or scrapeq up starts it again, and no row is lost",
        )
    if not settings.autostart:
        return bad(
            "Redis",
            "no private one runs, and SCRAPEQ_AUTOSTART is false",
            "start one: scrapeq up; or name one in REDIS_URL",
        )
    return good("Redis", f"no private one runs; scrape() and scrapeq up start {program}")


def _sentinels(facts: SentinelFacts) -> Check:
    result = f"{facts.answering} of {facts.named} answer, {facts.replicas} replicas of the primary"
    if facts.answering < facts.named:
        hint = (
            "start the others: where most are away, no other primary is named when this one is lost"
        )
        return note("Sentinels", result, hint)
    if not facts.replicas:
        return note(
            "Sentinels", result, "start a replica: without one, nothing takes the primary's place"
        )
    return good("Sentinels", result)


def _eviction(facts: RedisFacts) -> Check:
    if facts.policy == "noeviction":
        return good("eviction", "this Redis removes no keys (noeviction)")
    return bad(
        "eviction",
        f"this Redis may remove keys, and jobs with them (its maxmemory-policy is {facts.policy})",
        "redis-cli CONFIG SET maxmemory-policy noeviction, and write it into its configuration",
    )


def _memory(facts: RedisFacts) -> Check:
    used = f"{facts.used_bytes / 1e6:,.1f} MB"
    room, what = facts.most_bytes or facts.machine_bytes, "its machine"
    if facts.most_bytes:
        what = "maxmemory"
    if not room:
        return good("memory of Redis", f"{used}, without a limit")
    share = facts.used_bytes / room
    result = f"{used}, {share:.0%} of {what} ({room / 1e6:,.0f} MB)"
    if facts.most_bytes and share >= 1:
        hint = "raise maxmemory, wait until jobs are done, or submit fewer at once"
        return bad("memory of Redis", f"{result}: it is full and takes no more jobs", hint)
    if share >= NEARLY_FULL:
        hint = "raise maxmemory, or submit fewer at once; finished jobs leave Redis"
        return note("memory of Redis", result, hint)
    return good("memory of Redis", result)


def _persistence(facts: RedisFacts) -> Check:
    name = "persistence of Redis"
    if facts.write_error:
        return bad(
            name,
            f"{facts.write_error}, and a Redis that cannot write its files takes no jobs",
            "make room on its disk, and see its log",
        )
    if facts.keeps is None:
        return good(name, "not known: its user may not ask (CONFIG GET save)")
    if facts.keeps:
        return good(name, f"{facts.keeps}")
    return note(
        name,
        "it keeps nothing over a restart: open jobs are then put back from the record within seconds, but "
        "tasks that were sent by Celery and wait in its queues are lost",
        "if you send such tasks: redis-cli CONFIG SET appendonly yes",
    )
