"""A private cluster with two workers, one for all files that need no other, and a little web for each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import scrapeq as sq
from scrapeq import database
from scrapeq.database.schema import meta, metadata
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project import steering
from scrapeq.project.services import Services
from scrapeq.settings import load_settings
from scrapeq.testing import Hit, LittleWeb


def wait_until(condition: Callable[[], Any], within_s: float = 120) -> Any:
    """What `condition` gives as soon as it is true."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.02)
    return value


@pytest.fixture(scope="module")
def module_web() -> Iterator[LittleWeb]:
    with LittleWeb(hosts=8) as web:
        yield web


@pytest.fixture
def web(module_web: LittleWeb) -> LittleWeb:
    """The little web with an empty log."""
    module_web.clear()
    return module_web


@contextlib.contextmanager
def _cluster(home: Path) -> Iterator[sq.LocalCluster]:
    settings = load_settings(SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True, SCRAPEQ_HOME=home)
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


def _cancel_what_is_left(services: Services) -> None:
    """Ends every batch that is under way, whoever asked for it: its requests would count for the next test."""
    for batch in database.batches.unfinished_batches(services.engine):
        steering.cancel(services, batch.id)
    wait_until(lambda: services.frontier.views.counts()["open"] == 0)


@pytest.fixture(scope="session")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sq.LocalCluster]:
    """What `cluster` gives to one file after another: to start it takes 4 s of CPU."""
    with _cluster(tmp_path_factory.mktemp("home")) as local:
        yield local


@pytest.fixture(scope="module")
def own_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sq.LocalCluster]:
    """For a file that hurts its cluster, or leaves pages under way: it overrides `cluster` with it."""
    with _cluster(tmp_path_factory.mktemp("home")) as local:
        yield local


@pytest.fixture(scope="module")
def cluster(shared_cluster: sq.LocalCluster) -> Iterator[sq.LocalCluster]:
    """Two worker processes and a Redis in a home of their own; no batch is in the record."""
    yield shared_cluster
    services = sq.get_job_queue(shared_cluster.settings).services
    _cancel_what_is_left(services)
    with database.engine.write_transaction(services.engine) as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not meta:
                connection.execute(table.delete())


@pytest.fixture
def queue(cluster: sq.LocalCluster) -> JobQueue:
    return sq.get_job_queue(cluster.settings)


@pytest.fixture
def scrape(cluster: sq.LocalCluster) -> Iterator[Callable[..., sq.BatchHandle]]:
    """`sq.scrape` on the cluster, without main text and with short waits, for speed."""
    yield partial(sq.scrape, settings=cluster.settings, main_text="off", retry_backoff_s=0.05)
    _cancel_what_is_left(sq.get_job_queue(cluster.settings).services)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(condition, within_s=120)`: what it gives as soon as that is true."""
    return wait_until


@pytest.fixture
def asked(web: LittleWeb) -> Callable[[], list[Hit]]:
    """The requests to the web so far, but for those of robots.txt."""
    return lambda: [hit for hit in web.log() if hit.path != "/robots.txt"]


@pytest.fixture
def own_numbers(request: pytest.FixtureRequest) -> int:
    """The first of a hundred numbers of pages that no other test of the file has, whichever tests run, in any order."""
    tests = sorted(name for name in vars(request.module) if name.startswith("test_"))
    return 100 * (1 + tests.index(request.function.__name__))
