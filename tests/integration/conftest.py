"""A private cluster with two workers and a little web: one of each for a file of tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import scrapeq as sq
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.settings import load_settings
from scrapeq.testing import Hit, LittleWeb


@pytest.fixture(scope="module")
def module_web() -> Iterator[LittleWeb]:
    with LittleWeb(hosts=8) as web:
        yield web


@pytest.fixture
def web(module_web: LittleWeb) -> LittleWeb:
    """The little web with an empty log."""
    module_web.clear()
    return module_web


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sq.LocalCluster]:
    """Two worker processes and a Redis in a home of their own."""
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True, SCRAPEQ_HOME=tmp_path_factory.mktemp("home")
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture
def queue(cluster: sq.LocalCluster) -> JobQueue:
    return sq.get_job_queue(cluster.settings)


@pytest.fixture
def scrape(cluster: sq.LocalCluster) -> Callable[..., sq.BatchHandle]:
    """`sq.scrape` on the cluster, without main text and with short waits, for speed."""
    return partial(sq.scrape, settings=cluster.settings, main_text="off", retry_backoff_s=0.05)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """`eventually(condition, within_s=120)`: what it gives as soon as that is true."""

    def wait(condition: Callable[[], Any], within_s: float = 120) -> Any:
        deadline = time.monotonic() + within_s
        while not (value := condition()):
            assert time.monotonic() < deadline, f"not within {within_s} s"
            time.sleep(0.02)
        return value

    return wait


@pytest.fixture
def asked(web: LittleWeb) -> Callable[[], list[Hit]]:
    """The requests to the web so far, but for those of robots.txt."""
    return lambda: [hit for hit in web.log() if hit.path != "/robots.txt"]
