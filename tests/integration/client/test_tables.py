"""The tables while workers work: what runs, what waits to be tried again, which hosts are paused."""

from __future__ import annotations

from datetime import timedelta

import pytest

import scrapeq as sq
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

ANSWER_S = 180


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers that spare a failing host for longer than this file takes."""
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_BREAKER_OPEN_S=300,
        SCRAPEQ_BREAKER_LONGEST_S=600,
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture
def web():
    """A web of its own for each test: what a host did lately is remembered by its address and port."""
    with LittleWeb(hosts=8) as little:
        yield little


def test_statuses_are_what_the_queue_says(web, scrape, queue, eventually):
    slow = [web.url(f"/slow/30?n={number}", host=1) for number in range(4)]
    broken = [web.url("/status/500", host=2)]
    batch = scrape([*slow, *broken], name="statuses", max_per_host=2, retry_backoff_s=600)

    def counts():
        return sq.jobs(batch=batch)["status"].value_counts().to_dict()

    eventually(lambda: counts() == {"running": 2, "pending": 2, "retrying": 1})
    table = sq.jobs(batch=batch).set_index("job_id")

    said = {job.id: job.status.value for job in queue.get_jobs(table.index.tolist())}
    assert table["status"].astype(str).to_dict() == said
    for status in ("running", "retrying", "pending"):
        chosen = sq.jobs(status=status, queue=queue)["job_id"]  # of all batches that are open here
        assert set(chosen) & set(said) == {job_id for job_id, one in said.items() if one == status}
        assert len(sq.jobs(status=status, limit=1, queue=queue)) == 1
        assert len(sq.jobs(status=status, host="nowhere.example", queue=queue)) == 0
    again = table[table["status"] == "retrying"].iloc[0]
    assert (again["error_kind"], again["attempts"]) == ("http_5xx", 1)
    assert again["error_message"]
    assert (table["batch"] == "statuses").all()
    batch.cancel()
    assert len(sq.jobs(status="running", queue=queue)) == 0
    assert set(sq.jobs(batch=batch)["status"]) == {"cancelled"}


def test_what_workers_did_is_in_the_history(web, scrape, queue):
    batch = scrape([web.url(f"/article/{number}", host=number % 3) for number in range(12)])
    batch.wait(ANSWER_S)

    history = sq.history(batch=batch, every="1s")
    assert history["jobs"].sum() == history["succeeded"].sum() == 12
    assert (history["p50_s"].dropna() > 0).all()
    assert sq.history(hours=1, every="5m", queue=queue)["jobs"].sum() >= 12
    assert sq.hosts(batch=batch)["jobs"].tolist() == [4, 4, 4]
    assert not sq.hosts(batch=batch)["breaker_open"].any()
    jobs = sq.jobs(batch=batch)
    assert (jobs["elapsed_s"] > 0).all()
    assert (jobs["http_status"] == 200).all()
    compared = sq.compare(batch, batch)
    assert compared["change"].tolist() == ["same"] * 12


def test_a_run_is_compared_with_the_next(web, scrape):
    links = [web.url(f"/article/{number}") for number in range(4)]
    first = scrape(links[:3], name="runs", custom_selectors={"headline": "h1"}).wait(ANSWER_S)
    second = scrape(
        [*links[1:], web.url("/status/410")], name="runs", custom_selectors={"headline": "h1"}
    ).wait(ANSWER_S)

    found = sq.compare(first, second)

    assert found["url"].tolist() == [*links, web.url("/status/410")]
    assert found["change"].tolist() == ["removed", "same", "same", "added", "added"]
    assert found["headline_a"].iloc[1] == web.page("/article/1").title
    assert found["http_status_b"].iloc[4] == 410


def test_a_paused_host_is_marked(web, scrape, queue, eventually):
    scrape([web.url(f"/status/500?n={number}", host=3) for number in range(200)], max_retries=0)
    name = f"127.0.0.4:{web.port}"

    def marked():
        table = sq.hosts(queue=queue)
        # Its counts are of a moment before it was asked whether the breaker is open.
        is_marked = (table["host"] == name) & table["breaker_open"] & (table["failed"] >= 5)
        return table[is_marked].to_dict("records")

    (row,) = eventually(marked, ANSWER_S)

    paused = queue.paused_hosts().set_index("host")
    # Both turn Redis's time into this process's, each by its own look at both clocks.
    assert abs(row["breaker_until"] - paused.loc[name, "until"]) < timedelta(seconds=1)
    assert row["error_kind"] == "http_5xx"
