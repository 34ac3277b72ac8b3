"""What a Redis may be, and how one that cannot be worked with is named at connect."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from scrapeq.cluster.redis_server import find_binary
from scrapeq.errors import ConfigError, RedisUnavailable
from scrapeq.frontier import (
    Due,
    Frontier,
    SentinelFacts,
    check_redis,
    connect,
    inspect_sentinels,
)
from scrapeq.project.celery_app import make_app
from scrapeq.project.services import open_services
from scrapeq.settings import load_settings
from tests.redis_server import check_redis_program, redis_server
from tests.sentinels import watched_over_tls, watched_redis

As = Callable[..., str]


@pytest.fixture
def as_user(client: redis.Redis, redis_url: str) -> Iterator[As]:
    """`as_user("~*", "+@all", ...)`: the URL of a Redis user with these rights."""
    names: list[str] = []

    def make(*rights: str) -> str:
        names.append(f"user{len(names)}")
        client.execute_command("ACL", "SETUSER", names[-1], "on", ">secret", *rights)
        return redis_url.replace("unix://", f"unix://{names[-1]}:secret@")

    yield make
    for name in names:
        client.execute_command("ACL", "DELUSER", name)


def refusal(url: str) -> RedisUnavailable:
    with contextlib.closing(connect(url)) as client, pytest.raises(RedisUnavailable) as caught:
        check_redis(client)
    assert "secret" not in str(caught.value)
    assert "s3cret" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("rights", "named"),
    [
        (("~*", "&*", "+@all", "-info"), "info"),
        (("~*", "&*", "+@all", "-eval", "-evalsha"), "eval"),
        (("~other:*", "&*", "+@all"), "key"),
        (("~*", "&*", "-@all", "+info", "+eval"), "exists"),
    ],
)
def test_a_right_that_is_missing_is_named(as_user: As, rights: tuple[str, ...], named: str) -> None:
    refused = refusal(as_user(*rights))

    assert "lacks a right" in refused.problem
    assert named in refused.problem.lower()
    assert "ACL SETUSER" in refused.hint


def test_the_rights_that_the_hint_names_are_enough(as_user: As) -> None:
    with contextlib.closing(connect(as_user("~*", "&*", "+@all", "-@admin"))) as client:
        check_redis(client)
        frontier = Frontier(client)
        frontier.jobs.add("b", [Due("j", "h", 0)], priority=5, max_per_host=1, respect_robots=False)

        assert [lease.job_id for lease in frontier.jobs.claim("w", 1, 1_000).leases] == ["j"]


def test_a_wrong_password_is_said_to_be(as_user: As) -> None:
    refused = refusal(as_user("~*", "&*", "+@all").replace(":secret@", ":wrong@"))

    assert "password" in refused.problem


def test_a_redis_that_wants_a_password_says_where_to_write_it(
    client: redis.Redis, redis_url: str
) -> None:
    client.execute_command("ACL", "SETUSER", "default", "resetpass", ">secret")
    try:
        refused = refusal(redis_url)
    finally:
        with contextlib.closing(connect(redis_url.replace("unix://", "unix://:secret@"))) as owner:
            owner.execute_command("ACL", "SETUSER", "default", "nopass")

    assert "password" in refused.problem
    assert "redis://:password@host" in refused.hint


@pytest.mark.parametrize("named_by", ["", "REDIS_URL", "CELERY_BROKER_URL"])
@pytest.mark.parametrize("what", ["away", "a wrong password", "a right that is missing"])
def test_a_message_knows_which_redis_it_speaks_of(
    as_user: As, redis_url: str, named_by: str, what: str
) -> None:
    url = {
        "away": redis_url + "-not-there",
        "a wrong password": as_user("~*", "&*", "+@all").replace(":secret@", ":wrong@"),
        "a right that is missing": as_user("~*", "&*", "+@all", "-info"),
    }[what]

    with (
        contextlib.closing(connect(url, named_by=named_by)) as client,
        pytest.raises(RedisUnavailable) as caught,
    ):
        check_redis(client)

    names = {name for name in ("REDIS_URL", "CELERY_BROKER_URL") if name in str(caught.value)}
    assert names == ({named_by} if named_by else set())
    assert named_by or "scrapeq up starts it again" in caught.value.hint


@pytest.mark.parametrize("protocol", [2, 3])
def test_either_protocol_may_be_asked_for(
    client: redis.Redis, redis_url: str, protocol: int
) -> None:
    with contextlib.closing(connect(f"{redis_url}?protocol={protocol}")) as asked:
        check_redis(asked)
        frontier = Frontier(asked)
        frontier.jobs.add("b", [Due("j", "h", 0)], priority=5, max_per_host=1, respect_robots=False)

        assert frontier.views.is_due()
        assert frontier.views.next_ids() == ["j"]
        (lease,) = frontier.jobs.claim("w", 1, 1_000).leases
        assert frontier.views.running_ids() == ["j"]
        assert frontier.jobs.renew("w", 1_000, [("j", lease.token)]) == set()
        assert frontier.views.standings(["j"])["j"].running


def test_a_number_of_a_database_that_is_too_high_is_named(redis_url: str) -> None:
    with (
        contextlib.closing(connect(f"{redis_url.partition('?')[0]}?db=99")) as client,
        pytest.raises(ConfigError, match="no database of the number that REDIS_URL names"),
    ):
        check_redis(client)


@pytest.mark.parametrize("named_by", ["CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"])
def test_a_wrong_place_for_messages_is_named_when_the_project_is_opened(
    redis_url: str, tmp_path: Path, named_by: str
) -> None:
    wrong = f"{redis_url.partition('?')[0]}?db=99"
    settings = load_settings(REDIS_URL=redis_url, SCRAPEQ_HOME=tmp_path, **{named_by: wrong})

    with pytest.raises(ConfigError, match=f"no database of the number that {named_by} names"):
        open_services(settings)


def test_messages_may_wait_for_a_redis_that_is_away(redis_url: str, tmp_path: Path) -> None:
    away = "redis://127.0.0.1:1/0"
    settings = load_settings(REDIS_URL=redis_url, CELERY_BROKER_URL=away, SCRAPEQ_HOME=tmp_path)

    services = open_services(settings)

    services.check_redis()
    services.engine.dispose()


def test_a_redis_that_is_silent_is_not_waited_for_long(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = load_settings(
            REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", SCRAPEQ_HOME=tmp_path
        )

        with pytest.raises(RedisUnavailable, match=r"waited 3 s\); .*correct REDIS_URL"):
            open_services(settings)


def test_a_cluster_of_redis_is_refused(needs_service: Callable[[str, object, str], None]) -> None:
    check_redis_program(needs_service)
    with redis_server({"cluster-enabled": "yes", "port": str(free_port())}) as (url, _):
        refused = refusal(url)

    assert "cluster" in refused.problem
    assert "single Redis" in refused.hint


def test_a_sentinel_is_told_from_a_redis(
    tmp_path: Path, needs_service: Callable[[str, object, str], None]
) -> None:
    check_redis_program(needs_service)
    port = free_port()
    conf = tmp_path / "sentinel.conf"
    conf.write_text(f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n")
    with subprocess.Popen(
        [str(find_binary()), str(conf), "--sentinel"], stdout=subprocess.DEVNULL
    ) as sentinel:
        try:
            wait_for(port)
            refused = refusal(f"redis://127.0.0.1:{port}/0")
        finally:
            sentinel.kill()

    assert "Sentinel" in refused.problem
    assert "REDIS_URL that it is one: sentinel://" in refused.hint


def test_sentinels_that_cannot_help_say_why(
    tmp_path: Path, needs_service: Callable[[str, object, str], None]
) -> None:
    check_redis_program(needs_service)
    with watched_redis(tmp_path) as watched:
        url = watched.url
        with contextlib.closing(connect(url)) as client:
            check_redis(client)
            assert inspect_sentinels(client) == SentinelFacts(named=3, answering=3, replicas=1)
        unknown = refusal(url.replace("the%3Aprimary", "another"))
        locked = refusal(url.replace("s3cret%3Fof", "wrong"))
        password = refusal(url.replace("s3cret%2Fof", "wrong"))
        for port in watched.watchers:
            watched.kill(port)
        away = refusal(url)

    assert "know no primary of the name 'another'" in unknown.problem
    assert "correct master_name in REDIS_URL" in unknown.hint
    assert "username-password" in locked.problem
    assert "Redis wants another user or password" in password.problem
    assert all(f"localhost:{port}" in away.problem for port in watched.watchers)


def test_sentinels_are_spoken_to_over_tls(
    tmp_path: Path, needs_service: Callable[[str, object, str], None]
) -> None:
    check_redis_program(needs_service)
    with watched_over_tls(tmp_path) as (url, trusted):
        with contextlib.closing(connect(url)) as client:
            check_redis(client)
            assert client.set("a", "b")
            assert inspect_sentinels(client) == SentinelFacts(named=1, answering=1, replicas=0)
        unknown = refusal(url.replace(f"&ssl_ca_certs={trusted}", ""))

        app = make_app(load_settings(REDIS_URL=url, SCRAPEQ_HOME=tmp_path / "home"), url)
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1)
            app.send_task("none", queue="none", connection=connection)
            assert connection.default_channel._size("none") == 1
        assert app.backend.client.set("key", "value")
        assert "s3cret" not in str(app.conf.table(censored=True))

    assert "CERTIFICATE_VERIFY_FAILED" in unknown.problem


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline
        time.sleep(0.02)
