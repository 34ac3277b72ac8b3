"""Who holds a cluster open, and what is left when nobody does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import redis

from scrapeq import cluster
from scrapeq.errors import RedisUnavailable

GONE_WITHIN_S = 10  # what users are promised


def test_a_cold_start_gives_a_redis_that_answers(home, settings):
    connection = cluster.ensure_cluster(settings, workers=0)

    with redis.Redis.from_url(connection.redis_url) as client:
        assert client.ping()
    assert cluster.find_cluster(home) == connection
    assert cluster.ensure_cluster(settings, workers=0) is connection
    assert cluster.redis_url(settings) == connection.redis_url
    assert cluster.broker_url(settings) == connection.broker_url


def test_finding_starts_nothing(home, settings):
    assert cluster.find_cluster(home) is None
    assert cluster.status(home) == cluster.ClusterStatus(home)
    assert cluster.down(home) is False
    assert not home.exists()
    with pytest.raises(RedisUnavailable, match="scrapeq up"):
        cluster.redis_url(settings)


def test_kernels_share_one_cluster_and_the_last_one_ends_it(start_kernel, processes, eventually):
    kernels = [start_kernel() for _ in range(4)]  # all at once
    said = [kernel.hear() for kernel in kernels]

    assert len({one["supervisor"] for one in said}) == 1
    assert len({one["url"] for one in said}) == 1
    for kernel in kernels[1:]:
        kernel.kill()
    with redis.Redis.from_url(said[0]["url"]) as client:
        assert client.ping()
    kernels[0].kill()
    eventually(lambda: not processes(), GONE_WITHIN_S)


def test_threads_share_one_cluster(home, settings):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(cluster.ensure_cluster(settings, workers=0)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len({connection.supervisor_pid for connection in found}) == 1
    assert cluster.status(home).owners == 1


def test_nothing_is_left_of_a_killed_kernel(home, start_kernel, processes, eventually):
    kernel = start_kernel(workers=2)
    kernel.hear()
    # supervisor, Redis, the worker's main process and its two children
    eventually(lambda: len(processes()) == 5)
    socket_path = cluster.find_cluster(home).socket_path

    kernel.kill()

    eventually(lambda: not processes(), GONE_WITHIN_S)
    assert not socket_path.parent.exists()


def test_an_interrupt_reaches_the_kernel_only(start_kernel, processes, eventually):
    kernel = start_kernel(workers=1)
    kernel.hear()

    def settled():  # a program that a process calls in between is one of them for a moment
        found = set(processes())
        time.sleep(0.5)
        return len(found) == 4 and found == set(processes()) and found

    before = eventually(settled)

    os.killpg(kernel.process.pid, signal.SIGINT)

    assert kernel.hear() == "interrupted"
    assert set(processes()) == before
    sessions = {os.getsid(pid) for pid in before}
    assert kernel.process.pid not in sessions


@pytest.mark.parametrize("what", ["fork", "start a program that inherits all it can"])
def test_what_a_kernel_leaves_behind_is_no_owner(what, start_kernel, processes, eventually):
    kernel = start_kernel()
    kernel.hear()
    left_behind = kernel.tell(what)

    kernel.kill()

    eventually(lambda: not processes(), GONE_WITHIN_S)
    os.kill(left_behind, signal.SIGKILL)  # it was still there


def test_a_later_kernel_gets_the_workers_it_asks_for(home, start_kernel, processes, eventually):
    start_kernel(workers=1).hear()
    start_kernel(workers=2).hear()
    start_kernel(workers=1).hear()

    assert cluster.status(home).worker_count == 2
    assert cluster.status(home).owners == 3
    # supervisor, Redis, and two workers with a main process and a child each
    eventually(lambda: len(processes()) == 6)


def test_a_detached_cluster_outlives_its_starter_until_down(home, app_folder, processes):
    starter = (
        "from scrapeq import cluster; from scrapeq.settings import load_settings;"
        "print(cluster.up(load_settings(), 1, worker_app='tiny_app').supervisor_pid)"
    )
    done = subprocess.run(
        [sys.executable, "-c", starter],
        env={**os.environ, "SCRAPEQ_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )

    status = cluster.status(home)
    assert status.supervisor_pid == int(done.stdout)
    assert status.detached
    assert status.owners == 0
    assert status.worker_count == 1
    assert status.redis_version.split()[0] in {"Valkey", "Redis"}
    assert status.redis_memory_bytes > 0

    assert cluster.down(home) is True
    assert not processes()
    assert cluster.down(home) is False


def test_a_detached_cluster_survives_kernels(home, settings, start_kernel, processes):
    kernel = start_kernel()
    pid = kernel.hear()["supervisor"]
    assert cluster.up(settings, 0).supervisor_pid == pid

    kernel.kill()
    kernel_2 = start_kernel()

    assert kernel_2.hear()["supervisor"] == pid


def test_leaving_ends_a_cluster_that_nobody_else_holds(
    settings, home, start_kernel, processes, eventually
):
    cluster.ensure_cluster(settings, workers=0)
    kernel = start_kernel()
    kernel.hear()

    cluster.leave(home)
    assert cluster.status(home).owners == 1

    cluster.ensure_cluster(settings, workers=0)
    kernel.tell("fork")
    kernel.kill()
    eventually(lambda: cluster.status(home).owners == 1)
    cluster.leave(home)
    eventually(lambda: not processes())


def test_who_comes_while_a_cluster_ends_gets_the_next_one(
    home, settings, start_kernel, processes, eventually
):
    kernel = start_kernel(workers=1)
    said = kernel.hear()
    eventually(lambda: len(processes()) == 4)
    with redis.Redis.from_url(said["url"]) as client:
        client.set("job", "done")
    kernel.kill()
    eventually(lambda: cluster.find_cluster(home) is None)  # but its worker is still ending

    again = cluster.ensure_cluster(settings, workers=0)

    assert again.supervisor_pid != said["supervisor"]
    with redis.Redis.from_url(again.redis_url) as client:
        assert client.get("job") == b"done"


def test_the_password_is_in_no_command_line_no_environment_and_no_repr(settings, processes):
    connection = cluster.ensure_cluster(settings, workers=0)

    for pid, command in processes().items():
        assert connection.password not in command
        with open(f"/proc/{pid}/environ", "rb") as environment:
            assert connection.password.encode() not in environment.read()
    assert connection.password not in repr(connection)
    assert (settings.home / "cluster.json").stat().st_mode & 0o777 == 0o600
    assert connection.socket_path.parent.stat().st_mode & 0o777 == 0o700
