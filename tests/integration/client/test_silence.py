"""What people see, and what whoever waits does, while Redis or the record is frozen or away."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import scrapeq as sq
from scrapeq import cluster as clusters
from scrapeq import database
from scrapeq.client import looking
from scrapeq.dashboards import Dashboard
from scrapeq.errors import DatabaseUnavailable, ServiceAwayWarning, WaitTimeout
from scrapeq.frontier import Frontier, connect
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project import bounded, waiting
from scrapeq.project.services import Services
from scrapeq.settings import load_settings


@pytest.fixture(scope="module")
def cluster(own_cluster):
    return own_cluster


@pytest.fixture(autouse=True)
def budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second, as people have it; and not much more for what raises."""
    monkeypatch.setattr(bounded, "BUDGET_S", 1.0)
    monkeypatch.setattr(looking, "ANSWER_S", 2.0)


def is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal and not continued (proc(5): state T)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@contextmanager
def frozen(*pids: int) -> Iterator[None]:
    """The processes are stopped inside the block, and still at its end."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
        assert all(is_stopped(pid) for pid in pids)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def redis_pid(cluster: sq.LocalCluster) -> int:
    pid = cluster.status().redis_pid
    assert pid
    return pid


@pytest.fixture
def batch(queue, web, scrape) -> Iterator[sq.BatchHandle]:
    """A batch that waits: its second row, for the pace of its host."""
    urls = [web.url("/article/1?silence"), web.url("/article/2?silence")]
    handle = scrape(urls, refresh=True, delay_between_requests=600)
    yield handle
    handle.cancel()


def asking() -> list[threading.Thread]:
    """The threads that wait for an answer of Redis or the record."""
    return [one for one in threading.enumerate() if one.name == "scrapeq-asking"]


SAID = "Redis does not answer (since "

PICTURES: dict[str, Callable[[sq.BatchHandle], str]] = {
    "card": lambda batch: batch.card(actions=True),
    "repr": repr,
    "progress": lambda batch: repr(batch.progress),
    "progress as HTML": lambda batch: batch.progress._repr_html_(),
    "queue": lambda batch: batch.queue._repr_html_(),
    "health": lambda batch: sq.health(queue=batch.queue)._repr_html_(),
    "dashboard": lambda batch: "".join(Dashboard(queue=batch.queue).changed({}).values()),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_there_while_redis_is_frozen(batch, redis_pid, eventually, name):
    eventually(lambda: SAID not in PICTURES[name](batch))

    with frozen(redis_pid):
        picture = PICTURES[name](batch)

    assert SAID in picture
    eventually(lambda: SAID not in PICTURES[name](batch))


def test_a_card_says_what_to_do_about_a_frozen_redis(batch, redis_pid):
    with frozen(redis_pid):
        card = batch.card()

    assert "scrapeq down" in card
    assert "no row is lost" in card
    assert "REDIS_URL" not in card


def test_tables_are_there_while_redis_is_frozen(batch, redis_pid):
    with frozen(redis_pid):
        hosts, jobs = sq.hosts(queue=batch.queue), sq.jobs(batch=batch, status="pending")

    assert hosts["breaker_open"].isna().all()
    assert len(jobs) >= 1


def test_no_thread_piles_up_behind_a_frozen_redis(batch, redis_pid):
    with frozen(redis_pid):
        for _ in range(20):
            batch.card()
        waits = asking()

    assert len(waits) <= 2  # one for each store


def test_waiting_ends_in_time_while_redis_is_frozen(batch, redis_pid):
    with frozen(redis_pid), pytest.raises(WaitTimeout):
        batch.wait(1)


# -- a cluster that was killed ---------------------------------------------------------------------


def test_whoever_looks_starts_a_killed_cluster_again(batch, cluster, eventually):
    killed = cluster.status().supervisor_pid
    assert killed

    os.kill(killed, signal.SIGKILL)

    eventually(lambda: "the private cluster was killed" in batch.card())
    eventually(lambda: not batch.progress.away)
    assert cluster.status().supervisor_pid != killed


def test_who_may_not_start_a_killed_cluster_says_what_to_do(tmp_path, monkeypatch, eventually):
    settings = load_settings(SCRAPEQ_HOME=tmp_path / "home", SCRAPEQ_AUTOSTART=False)
    started = clusters.ensure_cluster(settings, workers=0)
    queue = JobQueue(Services(settings, database.open_database(settings), *_redis_of(started)))
    batch = sq.BatchHandle(queue, queue.submit_batch(["http://127.0.0.1:9/"]).id)

    os.kill(started.supervisor_pid, signal.SIGKILL)

    eventually(lambda: "scrapeq up starts it again, and no row is lost" in batch.card())
    assert not clusters.is_running(settings.home)
    queue.services.engine.dispose()


def _redis_of(connection: clusters.Connection) -> tuple[Frontier, str]:
    frontier = Frontier(connect(connection.redis_url, named_by=""))
    frontier.coordination.set_epoch(1)
    return frontier, connection.broker_url


# -- a machine that is offline ------------------------------------------------------------------

#: No resolver knows names in it (RFC 6761, section 6.4).
NOWHERE = ["http://one.invalid/", "http://two.invalid/"]


def test_while_no_host_can_be_reached_the_card_asks_for_the_network(
    scrape, eventually, monkeypatch
):
    batch = scrape(NOWHERE, retry_backoff_s=60, refresh=True)

    eventually(lambda: "is this machine online?" in batch.card())
    monkeypatch.setattr(waiting, "LOOK_AFTER_S", 0.1)
    with (
        pytest.warns(ServiceAwayWarning, match=r"is this machine online\? .*max_retries") as warned,
        pytest.raises(WaitTimeout),
    ):
        batch.wait(1)  # who has no card is told, too
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert batch.progress.retrying
    batch.cancel()


def test_where_no_host_was_reached_the_card_asks_for_the_network(scrape):
    batch = scrape(NOWHERE, max_retries=0, refresh=True).wait(180)
    one = scrape([NOWHERE[0]], max_retries=0, refresh=True).wait(180)

    assert "is this machine online?" in batch.card()
    assert "is this machine online?" not in one.card()  # it may be the name


# -- a record that is away -------------------------------------------------------------------------


@pytest.fixture
def recorded(postgres_url: str, tmp_path: Path, eventually) -> Iterator[sq.BatchHandle]:
    """A batch in PostgreSQL; no Redis runs."""
    settings = load_settings(
        SCRAPEQ_HOME=tmp_path,
        SCRAPEQ_DATABASE_URL=postgres_url,
        REDIS_URL=f"unix://{tmp_path}/no-redis",
    )
    nowhere = f"unix://{tmp_path}/no-redis"
    engine = database.open_database(settings)
    queue = JobQueue(Services(settings, engine, Frontier(connect(nowhere)), nowhere))
    yield sq.BatchHandle(queue, queue.submit_batch(["http://127.0.0.1:9/"]).id)
    eventually(lambda: not asking())  # an answer that came late still holds its connection
    engine.dispose()


@pytest.fixture
def backends(recorded: sq.BatchHandle, postgres_server) -> list[int]:
    """The processes of the PostgreSQL, but for those that serve nobody here."""
    pids: list[int] = postgres_server.processes()
    return pids


def test_a_card_shows_what_was_seen_last_while_the_record_is_frozen(recorded, backends, eventually):
    assert "1 pending" in recorded.card()

    with frozen(*backends):
        card = recorded.card()
        with pytest.raises(DatabaseUnavailable, match="does not answer"):
            _ = recorded.progress
        with pytest.raises(WaitTimeout, match="the record does not answer"):
            recorded.wait(0.5)
        queue = recorded.queue._repr_html_()
        health = sq.health(queue=recorded.queue)

    assert "the record does not answer (since " in card
    assert "SCRAPEQ_DATABASE_URL" in card
    assert "1 pending" in card
    assert "the record does not answer" in queue
    assert health.database_answers is False
    eventually(lambda: "the record does not answer" not in recorded.card())


def test_a_read_ends_whose_record_freezes_in_the_middle(
    recorded, backends, monkeypatch, eventually
):
    """A table of a million rows may take long, and a server that is frozen is not noticed by its
    connection."""
    monkeypatch.setattr(waiting, "MOST_AWAY_S", 1)
    monkeypatch.setattr(waiting, "SILENT_S", 1)
    services = recorded.queue.services

    def read() -> object:
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        return database.batches.find_batch(services.engine, recorded.id)

    try:
        with pytest.raises(DatabaseUnavailable, match=r"does not answer .* when it answers"):
            waiting.patiently(services, read)
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)
    eventually(lambda: not any(one.name == "scrapeq-reading" for one in threading.enumerate()))
    assert len(recorded.df) == 1


def test_both_frozen_are_one_grey_card(recorded, backends, cluster, redis_pid):
    both = JobQueue(
        Services(
            recorded.queue.services.settings,
            recorded.queue.services.engine,
            Frontier(connect(cluster.redis_url)),
            cluster.redis_url,
        )
    )
    batch = sq.BatchHandle(both, recorded.id)
    batch.card()

    with frozen(redis_pid, *backends):
        assert "the record does not answer" in batch.card()


WAITS: dict[str, Callable[[sq.BatchHandle], object]] = {
    "wait": lambda batch: batch.wait(120),
    "as_completed": lambda batch: list(batch.as_completed(120)),
    "follow": lambda batch: list(batch.follow(120)),
    "job": lambda batch: batch.queue.wait(f"{batch.id}-0", 120),
}


@pytest.fixture
def ask_in_thread() -> Iterator[Callable[[Callable[[], object]], Future[object]]]:
    """Asks in another thread: the server ends with the thread that started it, which is this one."""
    with ThreadPoolExecutor(1) as others:
        yield others.submit


@pytest.mark.parametrize("name", WAITS)
def test_whoever_waits_waits_for_a_record_that_restarts(
    recorded, postgres_server, ask_in_thread, name
):
    waits = ask_in_thread(lambda: WAITS[name](recorded))
    postgres_server.crash()
    postgres_server.start()
    recorded.cancel()

    waits.result()

    assert recorded.is_done


READS: dict[str, Callable[[sq.BatchHandle], object]] = {
    "df": lambda batch: batch.df,
    "errors": lambda batch: batch.errors,
    "pages": lambda batch: batch.pages(),
    "links": lambda batch: batch.links,
    "name": lambda batch: batch.name,
    "retry_failed": lambda batch: batch.retry_failed(),
    "attach": lambda batch: sq.attach(batch.id, queue=batch.queue),
}


@pytest.mark.parametrize("name", READS)
def test_whoever_reads_waits_for_a_record_that_restarts(
    recorded, postgres_server, ask_in_thread, name
):
    postgres_server.crash()
    reading = ask_in_thread(lambda: READS[name](recorded))
    postgres_server.start()

    reading.result()


def test_a_long_wait_for_the_record_is_said(recorded, postgres_server):
    postgres_server.end()
    try:
        with (
            pytest.warns(ServiceAwayWarning, match="the record does not answer") as warned,
            pytest.raises(WaitTimeout, match="the record does not answer"),
        ):
            recorded.wait(6)
    finally:
        postgres_server.start()

    assert warned[0].filename == __file__
