"""How the whole is doing, asked by people: it starts nothing, raises nothing, and says what to do."""

from __future__ import annotations

import pytest

import scrapeq as sq
from scrapeq import cluster as clusters
from scrapeq.api.problems import problem_of
from scrapeq.client import access
from scrapeq.errors import DiskFull
from scrapeq.models.person import Right
from scrapeq.pipeline.job_queue import JobQueue, get_looking_queue
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.project.services import looking_services
from scrapeq.settings import load_settings
from tests.faults.disk import SmallDisk, can_mount

PATIENCE_S = 180


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A folder in which nothing was ever started."""
    monkeypatch.setenv("SCRAPEQ_HOME", str(tmp_path / "home"))
    return load_settings()


def test_where_nothing_runs_it_says_so_and_starts_nothing(nowhere):
    health = sq.health()

    assert health.verdict == "UNHEALTHY"
    assert health.reasons == (f"nothing runs in {nowhere.home}",)
    assert "scrapeq up" in health.hint
    assert (health.redis_answers, health.database_answers) == (False, True)
    assert "nothing runs" in health._repr_html_()
    assert "nothing runs" in repr(health)
    assert not clusters.status(nowhere.home).running


def test_a_shared_redis_that_is_away_is_named(nowhere, monkeypatch):
    monkeypatch.setenv("REDIS_URL", f"unix://{nowhere.home}/no-such-socket")

    health = sq.health()

    assert health.verdict == "UNHEALTHY"
    assert health.redis_answers is False
    assert health.something_runs
    assert "Redis cannot be reached" in health._repr_html_()


def test_a_record_that_cannot_be_opened_is_named(nowhere, monkeypatch):
    monkeypatch.setenv("SCRAPEQ_DATABASE_URL", "sqlite:////dev/null/no.sqlite3")

    health = sq.health()

    assert health.verdict == "UNHEALTHY"
    assert health.database_answers is False
    assert "does not answer" in health._repr_html_()


@pytest.mark.skipif(not can_mount(), reason="a small disk can be mounted by root alone")
def test_a_full_disk_is_named(tmp_path, monkeypatch):
    disk = SmallDisk(tmp_path / "disk", 80)
    try:
        monkeypatch.setenv("SCRAPEQ_HOME", str(disk.folder / "home"))
        monkeypatch.setenv("SCRAPEQ_AUTOSTART", "false")
        queue = get_looking_queue()
        queue.list_batches(1)
        assert "is full" not in repr(sq.health())
        disk.fill()

        health = sq.health()

        assert health.verdict == "UNHEALTHY"
        assert any(one.startswith("the disk of the record is full") for one in health.reasons)
        assert health.hint.startswith("make room on the disk of SCRAPEQ_HOME")
        assert JobMonitor(queue).get_system_metrics().health_reasons[0].startswith("the disk")
        with pytest.raises(DiskFull) as caught:
            access.create_token(queue, "x" * 50, Right.READ)
        assert problem_of(caught.value)[0].status == 507
        disk.free()
        assert "is full" not in repr(sq.health())
    finally:
        disk.close()


def test_with_workers_it_is_healthy_and_counts(queue, web, scrape, eventually):
    scrape([web.url("/article/1"), web.url("/status/404")]).wait(PATIENCE_S)
    eventually(lambda: sq.health(queue=queue).workers)

    health = sq.health(queue=queue)

    assert health.is_healthy
    assert health.finished >= 2
    assert health.errors["http_4xx"] >= 1
    assert health.verdict == JobMonitor(queue).get_system_metrics()["health_status"]
    assert "HEALTHY" in JobMonitor(queue)._repr_html_()


def test_dead_links_are_no_illness_and_are_told(queue, web, scrape, eventually):
    urls = [web.url(f"/status/404?{n}", host=n % 8) for n in range(40)]
    scrape([*urls, "http://no-such-host.invalid/"]).wait(PATIENCE_S)

    health = sq.health(queue=queue)

    assert health.is_healthy, health
    assert "not found" in health.notes[0]
    assert "of the last 15 min failed by their addresses" in health.notes[0]
    assert "not found" in health._repr_html_()


def test_the_queue_shows_its_jobs_by_status(queue, web, scrape):
    scrape([web.url("/article/2"), web.url("/status/410")]).wait(PATIENCE_S)

    html = queue._repr_html_()

    assert "completed" in html
    assert "failed" in html
    assert "workers" in html
    assert "\n" not in repr(queue)


def test_the_cluster_shows_its_redis_and_workers(cluster):
    assert "2 worker processes" in cluster._repr_html_()
    assert "Valkey" in cluster._repr_html_() or "Redis" in cluster._repr_html_()
    assert cluster.connection.password not in cluster._repr_html_()
    assert "up for" in repr(cluster.status())


def test_without_redis_cards_are_grey_and_nothing_is_raised(nowhere):
    queue = JobQueue(looking_services(nowhere))

    assert "Redis does not answer" in queue._repr_html_()
    assert "nothing runs" in JobMonitor(queue)._repr_html_()
    queue.services.engine.dispose()


def test_a_batch_that_is_gone_says_so_and_raises_nothing(queue):
    handle = sq.BatchHandle(queue, "never-submitted")

    assert "there is no batch" in repr(handle)
    assert "there is no batch" in handle._repr_html_()
    assert "grayscale" in handle._repr_html_()
