"""What can be wrong with a Redis, and with who listens to it."""

from __future__ import annotations

import contextlib
import shutil
import signal
from pathlib import Path

import pytest

from scrapeq.checks.check import CheckState
from scrapeq.checks.redis import broker, redis
from scrapeq.checks.together import NAME, together
from scrapeq.errors import RedisUnavailable
from scrapeq.frontier import Due, Frontier, Listener, connect
from scrapeq.project.celery_app import make_app
from scrapeq.project.version import own_version
from tests.faketime import faketime_environment, find_faketime
from tests.integration.checks.conftest import by_name

GOOD, NOTE, BAD = CheckState.GOOD, CheckState.NOTE, CheckState.BAD
ALL = ("celery", "cleaning", "processing", "scraping")


@pytest.fixture
def frontier_of():
    """`frontier_of(url)`: what workers use."""
    with contextlib.ExitStack() as ending:
        yield lambda url: Frontier(ending.enter_context(contextlib.closing(connect(url))))


def test_a_usual_redis_without_workers(serve, settings_of):
    url, _ = serve({"appendonly": "yes"})

    found = by_name(redis(settings_of(url)))

    assert found["Redis"].state is GOOD
    assert "named by REDIS_URL" in found["Redis"].result
    assert found["eviction"].state is GOOD
    assert found["memory of Redis"].state is GOOD
    assert found["persistence of Redis"].result == "an append-only file"
    assert found["clock of Redis"].state is GOOD
    assert found["workers"].state is BAD
    assert "celery -A scrapeq.pipeline.worker worker" in found["workers"].hint
    assert found["work"].result == "no open jobs"


def test_a_redis_that_removes_keys_and_keeps_nothing(serve, settings_of):
    url, _ = serve({"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})

    found = by_name(redis(settings_of(url)))

    assert found["eviction"].state is BAD
    assert "allkeys-lru" in found["eviction"].result
    assert "CONFIG SET maxmemory-policy noeviction" in found["eviction"].hint
    assert found["persistence of Redis"].state is NOTE
    assert "CONFIG SET appendonly yes" in found["persistence of Redis"].hint


def test_a_full_redis_and_one_that_is_nearly_full(serve, settings_of):
    url, _ = serve({"maxmemory-policy": "noeviction"})
    with contextlib.closing(connect(url)) as client:
        client.setrange("much", 30_000_000, "x")  # sent whole, it would count twice for a while
        used = client.info("memory")["used_memory"]
        client.config_set("maxmemory", used // 2)
        full = by_name(redis(settings_of(url)))["memory of Redis"]
        client.config_set("maxmemory", int(used * 1.1))
        nearly = by_name(redis(settings_of(url)))["memory of Redis"]

    assert full.state is BAD
    assert "takes no more jobs" in full.result
    assert nearly.state is NOTE
    assert "raise maxmemory" in nearly.hint


def test_a_redis_that_cannot_write_its_files(serve, settings_of, tmp_path, eventually):
    folder = tmp_path / "data"
    folder.mkdir()
    url, _ = serve({"dir": str(folder), "save": "3600 1"})
    shutil.rmtree(folder)
    with contextlib.closing(connect(url)) as client:
        client.bgsave()
        eventually(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err")

        with pytest.raises(RedisUnavailable, match="takes no commands"):  # it refuses our script
            list(redis(settings_of(url)))
        client.config_set("stop-writes-on-bgsave-error", "no")
        found = by_name(redis(settings_of(url)))["persistence of Redis"]

    assert found.state is BAD
    assert "make room" in found.hint


def test_a_replica_takes_no_writes(serve, settings_of):
    url, _ = serve()
    with contextlib.closing(connect(url)) as client:
        client.replicaof("127.0.0.1", "1")

        found = by_name(redis(settings_of(url)))

    assert found["writing to Redis"].state is BAD


def test_a_redis_that_is_away_wants_a_password_or_hangs(serve, settings_of, tmp_path):
    with pytest.raises(RedisUnavailable, match="Error connecting to Redis"):
        list(redis(settings_of(f"unix://{tmp_path}/nothing")))
    locked, _ = serve({"requirepass": "secret"})
    with pytest.raises(RedisUnavailable, match="password"):
        list(redis(settings_of(locked)))
    frozen, process = serve()
    process.send_signal(signal.SIGSTOP)
    with pytest.raises(RedisUnavailable, match="does not answer"):
        list(redis(settings_of(frozen)))


def test_a_user_without_rights_of_administration_is_no_fault(serve, settings_of):
    url, _ = serve()
    with contextlib.closing(connect(url)) as client:
        client.execute_command(
            *("ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all", "-@admin")
        )

    found = by_name(redis(settings_of(url.replace("unix://", "unix://ann:secret@"))))

    assert found["persistence of Redis"].state is GOOD
    assert "not known" in found["persistence of Redis"].result


def test_a_clock_that_is_an_hour_off(serve, settings_of, needs_service, tmp_path: Path):
    library = find_faketime()
    needs_service("libfaketime", library, "apt install libfaketime")
    offset = tmp_path / "offset"
    offset.write_text("-3600")
    url, _ = serve({}, environment=faketime_environment(library or "", offset))

    found = by_name(redis(settings_of(url)))["clock of Redis"]

    assert found.state is NOTE
    assert "1 h 00 min behind this machine's" in found.result
    assert "NTP" in found.hint


def test_workers_of_other_versions_and_of_one_queue(serve, settings_of, frontier_of):
    url, _ = serve()
    told = frontier_of(url).coordination
    told.listen(Listener("one:1", 2, ("processing",)), own_version())
    told.listen(Listener("two:2", 2, ("cleaning", "processing")), "99.0.0")
    told.listen(Listener("old:3", 2, ("cleaning",)))

    found = by_name(redis(settings_of(url)))

    assert found["workers"].state is BAD
    assert "no worker listens to the queue scraping" in found["workers"].result
    assert found["versions of workers"].state is NOTE
    assert "two:2 has 99.0.0" in found["versions of workers"].result
    assert "old:3 has an older one" in found["versions of workers"].result
    assert "one:1" not in found["versions of workers"].result
    assert "pip install --upgrade" in found["versions of workers"].hint
    assert found["queues"].state is NOTE
    assert "scraping (pages)" in found["queues"].result


def test_messages_that_nobody_listens_to(serve, settings_of, frontier_of):
    url, _ = serve()
    settings = settings_of(url)
    frontier_of(url).coordination.listen(Listener("one:1", 2, ("scraping",)), own_version())
    app = make_app(settings, url.replace("unix://", "redis+socket://") + "?virtual_host=0")
    app.send_task("scrapeq.pipeline.worker.clean_data_task", args=[[]], ignore_result=True)
    app.close()

    found = by_name(redis(settings))["queues"]

    assert found.state is BAD
    assert "1 in cleaning" in found.result
    assert "without --queues" in found.hint


def test_jobs_wait_and_nobody_takes_them(serve, settings_of, frontier_of, eventually):
    url, _ = serve()
    frontier = frontier_of(url)
    frontier.coordination.set_epoch(1)
    frontier.jobs.add("b", [Due("j", "h", 0)], priority=5, max_per_host=1, respect_robots=False)

    found = by_name(redis(settings_of(url)))

    assert found["workers"].state is BAD
    assert "1 open job" in found["workers"].result
    assert found["work"].result == "1 open job"


def test_looking_changes_nothing(serve, settings_of, frontier_of):
    url, _ = serve()
    frontier = frontier_of(url)
    frontier.coordination.set_epoch(1)
    frontier.coordination.listen(Listener("one:1", 2, ALL), own_version())
    frontier.jobs.add("b", [Due("j", "h", 0)], priority=5, max_per_host=1, respect_robots=False)
    with contextlib.closing(connect(url)) as client:
        client.zadd(frontier.keys.workers, {"silent:1": 1})

        def content():
            lasting = [key for key in client.scan_iter("*") if client.ttl(key) < 0]
            return {key: _value(client, key) for key in lasting}

        before = content()
        list(redis(settings_of(url)))
        list(together(settings_of(url)))

        assert content() == before


def _value(client, key):
    return {
        "zset": lambda: client.zrange(key, 0, -1, withscores=True),
        "hash": lambda: sorted(client.hkeys(key)),
        "string": lambda: client.get(key),
        "list": lambda: client.lrange(key, 0, -1),
        "set": lambda: client.smembers(key),
    }[client.type(key)]()


def test_another_redis_for_messages_is_looked_at_too(serve, settings_of, tmp_path):
    url, _ = serve()
    settings = settings_of(url, CELERY_BROKER_URL=f"unix://{tmp_path}/nothing")
    with pytest.raises(RedisUnavailable, match="Error connecting"):
        list(broker(settings))
    other, _ = serve()
    assert (
        by_name(broker(settings_of(url, CELERY_BROKER_URL=other)))["Celery's broker"].state is GOOD
    )
    elsewhere = settings_of(url, CELERY_BROKER_URL="amqp://guest@localhost//")
    assert by_name(broker(elsewhere))["Celery's broker"].state is NOTE
    assert list(broker(settings_of(url))) == []


def test_a_private_cluster_that_was_not_started_or_may_not_be(settings_of):
    assert by_name(redis(settings_of()))["Redis"].state is GOOD
    found = by_name(redis(settings_of(SCRAPEQ_AUTOSTART=False)))

    assert found["Redis"].state is BAD
    assert "scrapeq up" in found["Redis"].hint


def test_real_workers_are_seen_with_their_version(cluster, queue, eventually):
    def scraping():
        found = by_name(redis(cluster.settings))
        return found if found["workers"].state is GOOD and "versions of workers" in found else None

    found = eventually(scraping)

    assert found["versions of workers"].result == f"all have {own_version()}"
    assert found["queues"].state is GOOD
    assert by_name(together(cluster.settings))[NAME].state is GOOD


def test_workers_that_use_another_record_are_named(cluster, queue, settings_of, eventually):
    url = cluster.connection.redis_url
    eventually(lambda: by_name(redis(cluster.settings))["workers"].state is GOOD)

    found = by_name(together(settings_of(url)))[NAME]

    assert found.state is BAD
    assert "another record" in found.result
    assert "SCRAPEQ_DATABASE_URL" in found.hint
