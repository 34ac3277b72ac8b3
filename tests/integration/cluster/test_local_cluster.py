"""A cluster for the length of a with block, and its workers at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from celery import Celery

from scrapeq.cluster import LocalCluster, find_cluster
from scrapeq.models import JobStatus
from scrapeq.pipeline.job_queue import get_job_queue


def test_it_works_and_leaves_nothing(app_folder, eventually):
    with LocalCluster(workers=1, temporary=True, worker_app="tiny_app") as cluster:
        app = Celery(broker=cluster.connection.broker_url, backend=cluster.connection.broker_url)
        with app:
            assert app.send_task("add", (2, 3)).get(timeout=180) == 5
            status = cluster.status()
            assert len(status.worker_pids) == 1

            cluster.restart_workers()

            eventually(lambda: cluster.status().worker_restarts == 1)
            assert cluster.status().problem == ""
            assert app.send_task("add", (3, 4)).get(timeout=180) == 7
            app.backend.client.close()
        pids = [status.supervisor_pid, status.redis_pid, *cluster.status().worker_pids]

    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert not cluster.home.exists()
    cluster.close()  # a second time does nothing


def test_a_home_of_ones_own_keeps_its_data(home, processes):
    with LocalCluster(workers=0, home=home) as cluster:
        assert cluster.settings.home == home
        assert not cluster.settings.shared
        assert find_cluster(home) is not None

    assert not processes()
    assert (home / "redis").is_dir()


def test_one_without_workers_starts_none_for_a_queue_either(home):
    with LocalCluster(workers=0, home=home) as cluster:
        queue = get_job_queue(cluster.settings)
        job = queue.submit_scraping_job("https://example.com/")

        assert queue.get_job_status(job.id).status is JobStatus.PENDING
        assert cluster.status().worker_count == 0


def test_it_is_closed_when_the_block_fails(home, processes):
    with pytest.raises(ZeroDivisionError), LocalCluster(workers=0, home=home):
        raise ZeroDivisionError

    assert not processes()


def test_two_have_nothing_in_common():
    with (
        LocalCluster(workers=0, temporary=True) as one,
        LocalCluster(workers=0, temporary=True) as other,
    ):
        assert one.redis_url != other.redis_url
        supervisor = one.status().supervisor_pid
        assert supervisor
        os.kill(supervisor, signal.SIGTERM)
        assert other.status().running


def test_without_a_home_it_is_the_projects_own(home, monkeypatch):
    monkeypatch.setenv("SCRAPEQ_HOME", str(home))

    with LocalCluster(workers=0) as cluster:
        assert find_cluster(home) is not None
        assert cluster.home == home

    assert home.exists()


def test_a_temporary_one_leaves_nothing_when_its_program_fails():
    program = """
import os
from scrapeq.cluster import LocalCluster
cluster = LocalCluster(workers=0, temporary=True)
child = os.fork()
if not child:
    raise SystemExit  # the end of a fork is not the end of the program
os.waitpid(child, 0)
print(cluster.home, cluster.status().running, flush=True)
raise ZeroDivisionError
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    home, _, running = ended.stdout.strip().rpartition(" ")
    assert "ZeroDivisionError" in ended.stderr
    assert running == "True"
    assert not Path(home).exists()
