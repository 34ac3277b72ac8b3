"""Pages that need a browser, in a batch: chosen page by page, and said in the row."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import scrapeq as sq
from scrapeq.cli import app
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.settings import load_settings

ANSWER_S = 180
SELECTORS = {"headline": "h1", "price": ".price"}


pytestmark = pytest.mark.usefixtures("browser_is_here")


@pytest.fixture(scope="module")
def cluster(own_cluster):
    return own_cluster


def test_a_page_that_needs_a_browser_gets_one_and_no_other_does(web, scrape, asked):
    links = [web.url(f"/{kind}/{n}") for n in range(6) for kind in ("drawn", "product")]

    batch = scrape(links, custom_selectors=SELECTORS).wait(ANSWER_S)
    table = batch.df

    assert table["ok"].all()
    assert list(table["rendered"]) == [True, False] * 6
    assert batch.progress.rendered == 6
    assert ">rendered pages<" in batch.card()
    assert sq.hosts(batch=batch)["rendered"].tolist() == [6]
    assert JobMonitor(batch.queue).get_system_metrics().performance.rendered >= 6
    assert list(table["headline"].iloc[::2]) == list(table["headline"].iloc[1::2])
    assert list(table["price"].iloc[::2]) == list(table["price"].iloc[1::2])
    assert set(table["render_reason"].iloc[::2]) == {"empty_mount"}
    assert table["render_reason"].iloc[1::2].isna().all()
    asked_for = [hit.path for hit in asked()]
    assert all(asked_for.count(f"/drawn/{n}") == 1 for n in range(6))  # a page is asked for once


def test_all_pages_where_a_browser_is_asked_for(web, scrape):
    batch = scrape([web.url("/product/1"), web.url("/json")], render="always")
    table = batch.wait(ANSWER_S).table(columns=["rendered", "render_reason", "ok"])

    assert list(table["rendered"]) == [True, False]  # JSON is no page
    assert table["render_reason"].iloc[0] == 'render="always"'


def test_pages_of_a_session_share_a_browser_in_each_worker(web, scrape):
    links = [web.url(f"/visits/{n}") for n in range(8)]
    asked_for = {"custom_selectors": {"visit": "b"}, "render": "always"}

    apart = scrape(links, **asked_for).wait(ANSWER_S).df
    together = scrape(links, session=True, **asked_for).wait(ANSWER_S).df

    assert list(apart["visit"]) == ["1"] * 8
    assert max(together["visit"].astype(int)) >= 4  # there are two workers


def test_no_page_where_none_is_asked_for(web, scrape):
    table = scrape([web.url("/drawn/1")], render="never").wait(ANSWER_S).df

    assert not table["rendered"].any()
    assert table["render_reason"].isna().all()


def test_more_pages_than_browsers_have_room_for(web, scrape, asked):
    links = [web.url(f"/drawn/{n}", host=n % 4) for n in range(100, 136)]

    table = scrape(links, custom_selectors=SELECTORS, render="always").wait(ANSWER_S).df

    assert table["rendered"].all()
    assert table["headline"].notna().all()
    assert len([hit for hit in asked() if hit.path.startswith("/drawn/")]) < 1.2 * len(links)


def test_a_check_against_robots_is_shown_in_a_browser_once(web, scrape, asked):
    links = [web.url("/check/1"), web.url("/check/2?pass=no"), web.url("/check/3")]
    table = scrape(links, max_retries=2).wait(ANSWER_S).df
    unseen = scrape([web.url("/check/4")], render="never").wait(ANSWER_S).df

    assert list(table["ok"]) == [True, False, True]
    assert list(table["http_status"]) == [200, 403, 200]
    assert table["rendered"].all()
    assert table["render_reason"].iloc[0] == "challenge"
    assert table["render_reason"].iloc[1] == "challenge; the browser did not get past it"
    assert table["error_kind"].iloc[1] == "http_4xx"
    assert table["page_kind"].iloc[1] == "challenge"
    assert not unseen["ok"].any()
    assert not unseen["rendered"].any()
    assert [hit.path for hit in asked()].count("/check/2") == 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_all_rows_are_good_though_browsers_are_killed(web, scrape, cluster, eventually):
    links = [web.url(f"/drawn/{n}", host=n % 8) for n in range(300, 340)]
    batch = scrape(links, custom_selectors=SELECTORS, render="always", max_retries=0)

    for done in (3, 12):
        eventually(lambda least=done: batch.progress.done >= least, ANSWER_S)
        for pid in eventually(lambda: browsers_of(cluster)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    table = batch.wait(ANSWER_S).df
    assert table["ok"].all(), table[["error_kind", "error_message"]].dropna().to_string()
    assert table["rendered"].all()
    assert table["headline"].notna().all()
    assert len(table) == len(links)


def browsers_of(cluster):
    """The first processes of the browsers of a cluster's workers: they have no type."""
    home, found = str(cluster.settings.home).encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            is_browser = b"--user-data-dir=" in command and b"--type=" not in command
            if is_browser and home in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def test_a_rendered_page_answers_those_who_want_it_rendered_alone(web, scrape, asked):
    link = [web.url("/drawn/200")]
    scrape(link, render="always").wait(ANSWER_S)

    stored = scrape(link, render="always").wait(ANSWER_S)
    again = stored.df
    other = scrape(link, render="never").wait(ANSWER_S).df

    assert again["from_store"].all()
    assert again["rendered"].all()
    assert stored.progress.rendered == 1
    assert not other["from_store"].any()
    assert len([hit for hit in asked() if hit.path == "/drawn/200"]) == 2


def test_a_stored_page_is_read_as_it_became_and_not_shown_again(web, scrape, asked):
    link = [web.url("/drawn/210")]
    scrape(link, render="always", store_html=True).wait(ANSWER_S)

    again = scrape(link, render="always", custom_selectors={"headline": "h1"}).wait(ANSWER_S).df

    assert again["headline"].iloc[0] == web.page("/product/210").title
    assert again["rendered"].all()
    assert again["from_store"].all()
    assert [hit.path for hit in asked()] == ["/drawn/210", "/product/210"]


def test_a_login_is_used_by_every_worker(web, scrape, cluster, asked, monkeypatch):
    """`/cookie-wall` sends everybody away once, and not those who bring its cookie."""
    monkeypatch.setenv("SCRAPEQ_HOME", str(cluster.home))
    monkeypatch.setenv("SCRAPEQ_ALLOW_PRIVATE_ADDRESSES", "true")
    wall = web.url("/cookie-wall")
    done = CliRunner().invoke(app, ["login", "wall", wall, "--action", '{"wait": 0.1}'])
    assert done.exit_code == 0, done.output
    web.clear()

    batch = scrape([web.url(f"/cookie-wall?n={n}") for n in range(4)], storage_state="wall")
    table = batch.wait(ANSWER_S).df

    assert table["ok"].all()
    hits = [hit for hit in asked() if hit.path.startswith("/cookie-wall")]
    assert len(hits) == 4
    assert "agreed" not in (cluster.home / "scrapeq.sqlite3").read_bytes().decode("latin-1")


def test_without_a_browser_nothing_fails_and_the_row_says_so(web, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRAPEQ_BROWSER", str(tmp_path / "no-browser"))
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True, SCRAPEQ_HOME=tmp_path / "home", SCRAPEQ_WORKERS=1
    )
    with sq.LocalCluster(workers=1, home=settings.home, settings=settings) as local:
        links = pd.DataFrame({"link": [web.url("/drawn/1"), web.url("/product/1")]})
        batch = sq.scrape(links, url="link", settings=local.settings).wait(ANSWER_S)
        table, card, problems = batch.df, batch.card(), batch.problems

    assert table["ok"].all()
    assert not table["rendered"].any()
    assert "SCRAPEQ_BROWSER names no program" in table["render_reason"].iloc[0]
    assert pd.isna(table["render_reason"].iloc[1])
    assert "1 of 2 pages needs a browser and has none: " in card
    assert card.count("scrapeq[browser]") == card.count("scrapeq doctor") == 1  # it is said once
    assert problems["problem"].tolist()[0] == "browser"
