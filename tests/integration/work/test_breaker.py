"""Hosts that fail or want to be left alone, over two worker processes, read from the web's log."""

from __future__ import annotations

from itertools import pairwise
from urllib.parse import quote

import pytest
import redis

import scrapeq as sq
from scrapeq.errors import WaitTimeout
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

PATIENCE_S = 180
FAILURES = (
    5  # at a host that has not answered well yet; the default: what is shortened here is time
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers that lose and regain patience within seconds."""
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_BREAKER_OPEN_S=0.3,
        SCRAPEQ_BREAKER_LONGEST_S=2,
        SCRAPEQ_BREAKER_GIVE_UP_S=15,  # 1.5 for a host that never answered well
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture
def web():
    """A web of its own for each test: what a host did lately is remembered by its address and port."""
    with LittleWeb(hosts=8) as little:
        yield little


@pytest.fixture
def monitor(cluster):
    return sq.get_job_monitor(cluster.settings)


@pytest.fixture
def history(monitor, web):
    """`history(host)`: what became of the breaker of a host of the web, by its number."""

    def events(host: int) -> list[str]:
        name = f"127.0.0.{host + 1}:{web.port}"
        return [
            one["event"] for one in monitor.get_host_history()["history"] if one["host"] == name
        ]

    return events


def kinds(table):
    return {str(kind): count for kind, count in table["error_kind"].value_counts().items() if count}


def test_a_large_batch_on_a_dead_host_ends_without_asking_for_each_page(
    web, scrape, asked, history, eventually
):
    urls = [web.url(f"/status/500?n={number}") for number in range(3_000)]
    beside = [web.url(f"/article/{number}", host=1 + number % 7) for number in range(200)]
    dead = scrape(urls)
    good = scrape(beside)

    assert good.wait(PATIENCE_S).df["ok"].all()
    table = dead.wait(PATIENCE_S).df

    assert len(table) == 3_000
    assert set(kinds(table)) <= {"http_5xx", "breaker_open"}
    assert kinds(table)["breaker_open"] > 2_900
    to_the_dead = [hit for hit in asked() if hit.host == "127.0.0.1"]
    # what opens it, what is under way at that moment (8), the second tries of these, and the probes
    assert FAILURES <= len(to_the_dead) <= 4 * (FAILURES + 8)
    paused = table[table["error_kind"] == "breaker_open"]
    assert paused["attempts"].max() <= 3
    assert (paused["attempts"] == 0).sum() > 2_900
    assert paused["error_message"].str.contains("http_5xx: the server answered 500").all()
    assert paused["error_message"].str.contains(r"retry_failed\(\)").all()
    assert history(0) == ["opened", "given_up"]


def test_a_host_that_comes_back_is_picked_up_by_itself(
    web, scrape, queue, monitor, history, eventually
):
    web.down(2)
    batch = scrape([web.url(f"/article/{n}", host=2) for n in range(60)], max_retries=20)
    name = f"127.0.0.3:{web.port}"
    eventually(lambda: name in set(queue.paused_hosts()["host"]), PATIENCE_S)
    row = queue.paused_hosts().set_index("host").loc[name]
    metrics = monitor.get_system_metrics()["paused_hosts"]
    with pytest.raises(WaitTimeout, match=f"paused: .*{name}: refused"):
        batch.wait(0.01)

    web.up(2)

    assert batch.wait(PATIENCE_S).df["ok"].all()
    assert row["error_kind"] == "refused"
    assert "refused" in row["error_message"]
    assert row["failures"] == FAILURES
    assert 0 < row["waiting"] <= 60
    assert name in [one["host"] for one in metrics]
    assert history(2) == ["opened", "closed"]
    assert name not in set(queue.paused_hosts()["host"])


def test_rows_of_a_host_that_was_given_up_can_be_fetched_when_it_is_back(web, scrape, history):
    web.down(3)
    batch = scrape([web.url(f"/article/{n}", host=3) for n in range(60)], max_retries=0)
    assert kinds(batch.wait(PATIENCE_S).df)["breaker_open"] >= 20

    web.up(3)
    batch.retry_failed()

    assert batch.wait(PATIENCE_S).df["ok"].all()
    assert history(3) == ["opened", "given_up", "closed"]


def test_what_happened_to_hosts_outlives_redis(web, scrape, cluster, history, eventually):
    web.down(4)
    batch = scrape([web.url(f"/article/{n}", host=4) for n in range(60)], max_retries=20)
    eventually(lambda: history(4), PATIENCE_S)
    with redis.Redis.from_url(cluster.redis_url) as client:
        client.flushall()

    web.up(4)

    assert batch.wait(PATIENCE_S).df["ok"].all()
    assert history(4)[0] == "opened"


def test_broken_pages_among_good_ones_never_open_it(web, scrape, history):
    """Also at the end, when only the broken ones are left to be tried again and again."""
    failing = ["/status/500", "/reset", "/status/503"]
    urls = [
        web.url(f"{failing[n % 3]}?n={n}" if n % 4 else f"/article/{n}", host=5) for n in range(240)
    ]

    table = scrape(urls, max_retries=2).wait(PATIENCE_S).df

    assert kinds(table) == {"http_5xx": 120, "reset": 60}
    assert (table["attempts"] == 3).sum() == 180
    assert history(5) == []


def test_no_page_of_a_failing_host_uses_up_its_tries(web, scrape, asked, history):
    """Before its breaker has told: a few rows are enough for that."""
    urls = [web.url(f"/status/500?n={number}", host=6) for number in range(12)]

    table = scrape(urls, max_retries=6).wait(PATIENCE_S).df

    was_tried = table["attempts"] > 0
    assert was_tried.sum() >= 5
    assert (table.loc[was_tried, "error_kind"] == "http_5xx").all()  # what each page said itself
    assert (table.loc[~was_tried, "error_kind"] == "breaker_open").all()
    assert table["attempts"].max() < 7
    assert len(asked()) <= 3 * len(urls)
    assert history(6) == ["opened", "given_up"]


def test_pages_that_are_missing_are_answers(web, scrape, history):
    table = scrape([web.url(f"/status/404?n={n}", host=6) for n in range(60)]).wait(PATIENCE_S).df

    assert kinds(table) == {"http_4xx": 60}
    assert history(6) == []


def test_who_asks_to_be_left_alone_is_left_alone_by_all(web, scrape, asked, queue, eventually):
    limited = scrape([web.url("/retry-after/2", host=7)], max_per_host=1)
    eventually(asked)
    waiting = scrape([web.url(f"/article/{n}", host=7) for n in range(20)], max_per_host=1)

    assert limited.wait(PATIENCE_S).df["ok"].all()
    assert waiting.wait(PATIENCE_S).df["ok"].all()
    hits = [hit for hit in asked() if hit.host == "127.0.0.8"]
    after = {
        sooner.at_ms: later.at_ms - sooner.at_ms
        for sooner, later in pairwise(hits)
        if sooner.status == 429
    }
    assert len(after) >= 1
    assert min(after.values()) >= 2_000
    assert (limited.df["attempts"] == 1 + len(after)).all()
    assert waiting.df["attempts"].max() == 1  # waiting for the host is no try


def test_a_host_that_is_left_alone_holds_back_no_other(web, scrape, asked, history, eventually):
    left_alone = scrape([web.url("/retry-after/30", host=7)], max_per_host=1)
    eventually(lambda: history(7), PATIENCE_S)
    waiting = scrape([web.url(f"/article/{n}", host=7) for n in range(1_200)], priority=1)
    others = scrape([web.url(f"/article/{n}", host=n % 7) for n in range(70)], priority=9)

    assert others.wait(PATIENCE_S).df["ok"].all()

    assert (waiting.progress.completed, waiting.progress.running) == (0, 0)
    assert [hit.path for hit in asked() if hit.host == "127.0.0.8"] == ["/retry-after/30"]
    waiting.cancel()
    left_alone.cancel()


def test_a_host_that_always_refuses_is_not_asked_for_each_page(web, scrape, asked):
    urls = [web.url(f"/status/429?n={n}", host=1) for n in range(300)]

    table = scrape(urls, max_per_host=1, max_retries=20).wait(PATIENCE_S).df

    assert set(kinds(table)) == {"breaker_open", "rate_limited"}  # what was tried keeps its own
    assert kinds(table)["breaker_open"] > 250
    assert len(asked()) < 20


def test_a_redirect_does_not_lead_to_a_host_that_is_paused(web, scrape, asked, history, eventually):
    there = web.url("/retry-after/2", host=2)
    paced = {"delay_between_requests": 0.05, "max_per_host": 1}
    first = scrape([there], **paced)
    eventually(lambda: history(2), PATIENCE_S)
    led = scrape([web.url(f"/redirect-to?url={quote(there)}", host=1)], **paced)

    assert led.wait(PATIENCE_S).df["ok"].all()
    assert first.wait(PATIENCE_S).df["ok"].all()
    hits = [hit for hit in asked() if hit.host == "127.0.0.3"]
    refused_ms = [hit.at_ms for hit in hits if hit.status == 429]
    assert all(
        later.at_ms - sooner >= 2_000
        for sooner in refused_ms
        for later in hits
        if later.at_ms > sooner
    )


def test_the_command_line_shows_them(web, scrape, queue, cluster, eventually, monkeypatch, capsys):
    from scrapeq import cli

    monkeypatch.setenv("SCRAPEQ_HOME", str(cluster.home))
    batch = scrape([web.url("/retry-after/30", host=1)])
    name = f"127.0.0.2:{web.port}"
    eventually(lambda: name in set(queue.paused_hosts()["host"]), PATIENCE_S)

    cli._print_status()

    said = capsys.readouterr().out
    assert f"paused: {name} (open), for " in said
    assert "rate limited: the server answered 429 Too Many Requests" in said
    batch.cancel()


def test_a_card_promises_no_end_while_all_that_is_left_waits_for_a_host(
    web, scrape, queue, eventually
):
    good = [*(web.url(f"/article/{n}") for n in range(20)), web.url("/slow/2")]
    batch = scrape([*good, web.url("/retry-after/30", 1)])
    assert batch.progress.completed < 21  # so that there is a speed when the slow one has ended
    name = f"127.0.0.2:{web.port}"

    eventually(
        lambda: (
            batch.progress.completed == 21
            and not batch.progress.running
            and name in set(queue.paused_hosts()["host"])
        ),
        PATIENCE_S,
    )

    assert batch.progress.rate_per_s
    assert f"{name}: rate limited" in batch.card()
    assert "pages/s" not in batch.card()
    batch.cancel()
