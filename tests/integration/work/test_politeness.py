"""Priority, pace, robots.txt, second tries and a soft restart over two worker processes, read from
the web's log."""

from __future__ import annotations

from itertools import pairwise

import pytest
import redis

import scrapeq as sq
from scrapeq.testing import LittleWeb

PATIENCE_S = 180


@pytest.fixture(scope="module")
def cluster(own_cluster):
    return own_cluster


def of_host(hits, host):
    return [hit for hit in hits if hit.host == f"127.0.0.{host + 1}"]


def test_priority_one_goes_before_nine(web, scrape, asked, eventually):
    one = {"max_per_host": 1}
    hold = scrape([web.url("/slow/300", host=1)], **one)
    eventually(asked)
    late = scrape([web.url(f"/article/{n}", host=1) for n in range(8)], priority=9, **one)
    soon = scrape([web.url(f"/product/{n}", host=1) for n in range(8)], priority=1, **one)
    hold.cancel()  # until now there was nothing to choose from
    late.wait(PATIENCE_S)
    soon.wait(PATIENCE_S)

    kinds = [hit.path.split("/")[1] for hit in asked()]
    assert kinds == ["slow", *["product"] * 8, *["article"] * 8]


def test_jobs_of_one_priority_keep_the_order_of_the_column(web, scrape, asked):
    urls = [web.url(f"/forum/{n}", host=2) for n in range(15)]

    scrape(urls, max_per_host=1).wait(PATIENCE_S)

    assert [hit.path for hit in asked()] == [f"/forum/{n}" for n in range(15)]


def test_a_host_is_never_asked_more_often_than_it_was_asked_for(web, scrape, asked):
    urls = [web.url(f"/article/{n}", host=n % 2) for n in range(100, 120)]

    scrape(urls, delay_between_requests=0.3).wait(PATIENCE_S)

    for host in (0, 1):
        hits = of_host(web.log(), host)  # robots.txt is a request too
        gaps_ms = [later.at_ms - sooner.at_ms for sooner, later in pairwise(hits)]
        assert len(gaps_ms) >= 9
        assert min(gaps_ms) >= 300


def test_two_batches_share_the_pace_of_a_host(web, scrape, asked):
    one = scrape([web.url(f"/article/{n}", host=3) for n in range(6)], delay_between_requests=0.3)
    two = scrape([web.url(f"/product/{n}", host=3) for n in range(6)], delay_between_requests=0.3)
    one.wait(PATIENCE_S)
    two.wait(PATIENCE_S)

    gaps_ms = [later.at_ms - sooner.at_ms for sooner, later in pairwise(asked())]
    assert len(gaps_ms) == 11
    assert min(gaps_ms) >= 300


def test_at_most_so_many_requests_are_open_at_a_host(web, scrape, asked):
    urls = [web.url(f"/slow/0.2?open={n}", host=4) for n in range(12)]

    scrape(urls, max_per_host=3).wait(PATIENCE_S)

    starts = [hit.at_ms for hit in asked()]
    # the fourth after any one begins when that one is over
    assert min(later - sooner for sooner, later in zip(starts, starts[3:], strict=False)) >= 200


def test_a_slow_host_holds_back_no_other(web, scrape):
    slow = scrape([web.url(f"/slow/15?n={n}", host=5) for n in range(50)])
    paced = scrape(
        [web.url(f"/article/{n}", host=6) for n in range(300, 350)], delay_between_requests=5
    )
    quick = scrape([web.url(f"/article/{n}", host=7) for n in range(300, 340)])

    assert quick.wait(PATIENCE_S).df["ok"].all()
    assert slow.progress.completed == 0
    assert paced.progress.completed < 10
    slow.cancel()
    paced.cancel()


def test_what_robots_txt_disallows_is_a_row_and_no_request(web, scrape, asked):
    urls = [web.url("/robots-denied/1", host=1), web.url("/article/401", host=1)]
    table = scrape(urls).wait(PATIENCE_S).df

    assert list(table["ok"]) == [False, True]
    assert table["error_kind"].iloc[0] == "robots"
    assert "robots.txt" in table["error_message"].iloc[0]
    assert [hit.path for hit in asked()] == ["/article/401"]


def test_robots_txt_is_asked_for_once_by_all_workers(scrape, cluster):
    with LittleWeb(hosts=1) as web:
        scrape([web.url(f"/article/{n}") for n in range(60)]).wait(PATIENCE_S)

        assert web.hits("/robots.txt") == 1
        assert web.log()[0].path == "/robots.txt"


def test_a_crawl_delay_is_kept_when_redis_is_emptied(cluster, scrape, eventually):
    """Told by a real FLUSHALL in the middle, by the web's log: robots.txt is a request, too."""
    with (
        LittleWeb(hosts=2, crawl_delay_s={0: 0.6}) as web,
        redis.Redis.from_url(cluster.redis_url) as client,
    ):
        batch = scrape(
            [web.url(f"/article/{n}", host=0) for n in range(8)]
            + [web.url(f"/article/{n}", host=1) for n in range(8)],
            delay_between_requests=0.3,
        )
        for done in (3, 6):
            eventually(lambda done=done: len(of_host(web.log(), 0)) > done)
            client.flushall()

        assert batch.wait(PATIENCE_S).df["ok"].all()
        hits = [of_host(web.log(), host) for host in (0, 1)]
    for of_one, least_ms in zip(hits, (600, 300), strict=True):
        gaps_ms = [later.at_ms - sooner.at_ms for sooner, later in pairwise(of_one)]
        assert len(gaps_ms) >= 8
        assert min(gaps_ms) >= least_ms


def test_a_crawl_delay_is_kept(scrape):
    with LittleWeb(hosts=1, crawl_delay_s={0: 0.4}) as web:
        table = scrape([web.url(f"/article/{n}") for n in range(6)]).wait(PATIENCE_S).df

        assert table["ok"].all()
        gaps_ms = [later.at_ms - sooner.at_ms for sooner, later in pairwise(web.log())]
        assert len(gaps_ms) == 6
        assert min(gaps_ms) >= 400


def test_rows_of_a_host_that_asks_for_a_day_end_at_once(scrape):
    with LittleWeb(hosts=1, crawl_delay_s={0: 86_400}) as web:
        table = scrape([web.url(f"/article/{n}") for n in range(20)]).wait(PATIENCE_S).df

        assert set(table["error_kind"]) == {"robots"}
        assert table["error_message"].str.contains("86,400 s").all()
        assert [hit.path for hit in web.log()] == ["/robots.txt"]


def test_a_host_with_a_long_delay_holds_back_no_other_row_of_its_batch(scrape, cluster):
    slow, quick = range(1_000), range(1_000, 1_210)  # more rows wait than the workers have slots
    assert len(slow) > 2 * cluster.settings.window
    with LittleWeb(hosts=8, crawl_delay_s={0: 5}) as web:
        urls = [web.url(f"/article/{n}", host=0) for n in slow]
        urls += [web.url(f"/article/{n}", host=1 + n % 7) for n in quick]
        batch = scrape(urls)

        done = set()
        for page in batch.as_completed(PATIENCE_S):
            done.add(page.row)
            if done >= set(quick):
                break

        assert len(done & set(slow)) <= PATIENCE_S // 5
        batch.cancel()
        gaps_ms = [later.at_ms - sooner.at_ms for sooner, later in pairwise(of_host(web.log(), 0))]
        assert all(gap >= 5_000 for gap in gaps_ms)


def test_rows_that_lead_to_a_paced_host_hold_back_no_other(scrape, cluster):
    leading, quick = range(1_000), range(1_000, 1_210)  # more rows lead there than there are slots
    assert len(leading) > 2 * cluster.settings.window
    with LittleWeb(hosts=8, crawl_delay_s={0: 5}) as web:
        paced = f"/redirect-to?url={web.url('/article/')}"
        urls = [web.url(f"{paced}{n}", host=1 + n % 3) for n in leading]
        urls += [web.url(f"/article/{n}", host=4 + n % 4) for n in quick]
        batch = scrape(urls)

        done = set()
        for page in batch.as_completed(PATIENCE_S):
            done.add(page.row)
            if done >= set(quick):
                break

        assert len(done & set(leading)) <= PATIENCE_S // 5
        batch.cancel()
        hits = web.log()
        gaps_ms = [later.at_ms - sooner.at_ms for sooner, later in pairwise(of_host(hits, 0))]
        assert all(gap >= 5_000 for gap in gaps_ms)
        redirected = [hit.query for hit in hits if hit.path == "/redirect-to"]
        assert len(redirected) == len(set(redirected))


def test_a_flaky_page_succeeds_in_the_end(scrape):
    with LittleWeb(hosts=1) as web:  # its host has no failures from other tests
        table = scrape([web.url("/flaky/2"), web.url("/flaky/9")]).wait(PATIENCE_S).df

        assert list(table["ok"]) == [True, False]
        assert list(table["attempts"]) == [3, 4]
        assert table["error_kind"].iloc[1] == "http_5xx"
        assert table["http_status"].iloc[1] == 503
        assert len([hit for hit in web.log() if hit.path != "/robots.txt"]) == 7


def test_retry_after_is_honoured(web, scrape, asked):
    table = scrape([web.url("/retry-after/2")]).wait(PATIENCE_S).df

    first, second = asked()
    assert table["ok"].all()
    assert table["attempts"].iloc[0] == 2
    assert second.at_ms - first.at_ms >= 2000


@pytest.mark.parametrize(
    ("path", "kind"), [("/loop", "redirects"), ("/status/429", "rate_limited")]
)
def test_a_failure_has_its_kind(web, scrape, path, kind):
    row = scrape([web.url(path)], max_retries=0).wait(PATIENCE_S).df.iloc[0]

    assert row["error_kind"] == kind
    assert len(row["error_message"]) > 10


def test_redirects_are_followed_and_told(web, scrape):
    away = web.url(f"/redirect-to?url={web.url('/article/402', host=3)}", host=2)
    table = scrape([web.url("/redirect/3"), away]).wait(PATIENCE_S).df

    assert table["ok"].all()
    assert table["final_url"].iloc[0] == web.url("/redirect/0")
    assert table["final_url"].iloc[1] == web.url("/article/402", host=3)
    assert table["url"].iloc[1] == away


def test_a_private_address_is_refused_where_nobody_allowed_it(web, queue, asked):
    config = sq.ScrapingConfig(allow_private_addresses=False)
    job = queue.submit_scraping_job(web.url("/article/403"), config)

    done = queue.wait(job.id, PATIENCE_S)

    assert done.error_kind is sq.ErrorKind.ADDRESS
    assert asked() == []


def test_workers_are_restarted_softly(web, scrape, cluster, eventually):
    urls = [web.url(f"/slow/0.2?row={n}", host=n % 8) for n in range(400)]
    batch = scrape(urls)
    eventually(lambda: batch.progress.done > 40, PATIENCE_S)

    cluster.restart_workers()

    table = batch.wait(PATIENCE_S).df
    assert table["ok"].all()
    assert table["attempts"].max() == 1  # what was given back does not count as a try
