"""A column of URLs in, a table out: what a notebook sees."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest
from IPython.lib.pretty import pretty

import scrapeq as sq
from scrapeq.errors import ConfigError, InputError, NotFound
from scrapeq.work import readers

ANSWER_S = 180


def test_a_table_comes_back_row_for_row(web, scrape):
    firms = pd.DataFrame(
        {
            "firm": ["first", "gone", "nothing", "third", "broken"],
            "link": [
                web.url("/article/1", host=1),
                web.url("/status/404"),
                None,
                web.url("/product/3", host=2),
                "no url at all",
            ],
        },
        index=[10, 20, 30, 40, 50],
    )

    batch = scrape(firms, url="link", name="rows", custom_selectors={"headline": "h1"})
    table = batch.wait(ANSWER_S).df

    assert list(table.index) == [10, 20, 30, 40, 50]
    assert list(table["firm"]) == list(firms["firm"])
    assert list(table["ok"]) == [True, False, False, True, False]
    assert list(table["error_kind"].astype(object).where(table["error_kind"].notna(), None)) == [
        None,
        "http_4xx",
        "scheme",
        None,
        "scheme",
    ]
    assert table["headline"].iloc[0] == web.page("/article/1", host=1).title
    assert table["title"].iloc[3] == web.page("/product/3", host=2).title
    assert table["http_status"].iloc[1] == 404
    failed = table[~table["ok"]]
    assert failed["error_message"].str.len().min() > 10
    assert list(batch.errors["firm"]) == ["gone", "nothing", "broken"]
    assert list(table.columns[:5]) == ["firm", "link", "headline", "ok", "error_kind"]
    left_out = {"url", "final_url", "ai_tokens", "ai_cost"}
    assert not left_out & set(table.columns)
    assert {*table.columns, *left_out} == set(batch.table().columns)
    assert list(batch.table(["final_url", "firm"]).columns) == ["final_url", "firm"]


def test_columns_have_types(web, scrape):
    table = scrape([web.url("/article/11"), web.url("/status/410")]).wait(ANSWER_S).table()

    types = {name: str(kind) for name, kind in table.dtypes.items()}
    assert types["title"] == types["final_url"] == "string"
    assert types["ok"] == types["from_store"] == "boolean"
    assert types["error_kind"] == types["language"] == "category"
    assert "UTC" in types["fetched_at"]
    assert types["attempts"] == "Int16"
    assert table["fetched_at"].notna().all()
    assert (table["elapsed_s"] >= 0).all()


def test_a_url_that_stands_there_twice_is_asked_for_once(web, scrape, asked):
    link = web.url("/article/21")
    table = scrape([link, web.url("/article/22"), link, f"{link}#part"]).wait(ANSWER_S).df

    assert table["ok"].all()
    assert table["title"].nunique() == 2
    assert sorted(hit.path for hit in asked()) == ["/article/21", "/article/22"]


def test_links_and_images_are_tables_of_their_own(web, scrape):
    urls = [web.url("/listing/1", host=3), web.url("/article/31", host=3)]
    batch = scrape(urls, extract_links=True, extract_images=True).wait(ANSWER_S)

    links, images = batch.links, batch.images
    assert set(links["row"]) == {0, 1}
    assert links["url"].str.startswith("http").all()
    assert {"page_url", "text", "rel"} <= set(links.columns)
    assert len(images) > 0
    assert images["url"].str.startswith("http").all()
    assert {"page_url", "alt", "width", "height", "srcset"} <= set(images.columns)


def test_each_page_is_given_once_as_it_is_done(web, scrape):
    urls = [record["url"] for record in web.urls(60, failures=0.1, kinds=["http_4xx", "empty"])]

    batch = scrape(urls)
    seen = [(page.row, page.ok) for page in batch.as_completed(ANSWER_S)]

    assert sorted(row for row, _ in seen) == list(range(60))
    assert sum(not ok for _, ok in seen) == 6


def test_a_batch_can_be_awaited_while_the_loop_goes_on(web, scrape):
    async def notebook():
        steps = 0

        async def something_else():
            nonlocal steps
            while True:
                steps += 1
                await asyncio.sleep(0.01)

        beside = asyncio.create_task(something_else())
        pages = await scrape([web.url("/slow/0.5"), web.url("/article/41")])
        beside.cancel()
        return pages, steps

    pages, steps = asyncio.run(notebook())

    assert [page.row for page in pages] == [0, 1]
    assert all(page.ok for page in pages)
    assert steps > 5


def test_outside_a_notebook_a_batch_is_watched_as_a_line(web, scrape, capsys):
    batch = scrape([web.url("/article/46"), web.url("/status/404")]).watch()

    assert batch.is_done
    last = capsys.readouterr().out.rpartition("\r")[2]
    assert "1 completed · 1 failed of 2" in last
    assert last.endswith("\n")
    line = last.removesuffix("\x1b[K\n")
    assert pretty(batch) == f"{batch.id} {line}"  # and so an IPython terminal shows it


def test_the_handle_says_how_far_it_is(web, scrape, eventually):
    batch = scrape([web.url("/article/51"), web.url("/slow/20")])
    progress = eventually(lambda: (now := batch.progress).completed == now.running == 1 and now)

    assert progress.total == 2
    assert progress.percentage == 50
    assert not batch.is_done
    assert "1 of 2" in repr(batch)
    assert "1 of 2" in batch._repr_html_()
    half = batch.df
    assert list(half["ok"].astype(object)) == [True, pd.NA]
    with pytest.raises(TimeoutError, match="the work goes on"):
        batch.wait(timeout=0.01)
    with pytest.raises(ConfigError, match="timeout is '1m'"):
        batch.wait(timeout="1m")
    batch.cancel()


def test_running_a_cell_again_sends_no_request(web, scrape, asked):
    urls = [web.url(f"/article/{number}") for number in range(60, 70)]
    first = scrape(urls, name="again").wait(ANSWER_S)
    before = len(asked())

    second = scrape(urls, name="again")

    assert second.id == first.id
    assert second.is_done
    assert "the same batch" in second.note
    assert len(asked()) == before == 10


def test_another_column_is_the_next_run_of_the_name(web, scrape):
    first = scrape([web.url("/article/71")], name="runs").wait(ANSWER_S)
    second = scrape([web.url("/article/71"), web.url("/article/72")], name="runs")

    assert second.id != first.id
    assert second.wait(ANSWER_S).batch.run == 2
    assert list(second.df["from_store"]) == [True, False]


def test_the_store_answers_what_is_young_enough(web, scrape, asked):
    urls = [web.url(f"/article/{number}") for number in range(80, 90)]
    scrape(urls).wait(ANSWER_S)
    web.clear()

    again = scrape(urls, max_age="1h")

    assert again.is_done  # at once, without a worker
    assert again.df["from_store"].all()
    assert again.df["title"].notna().all()
    assert "stored pages" in again.note
    assert asked() == []


def test_refresh_asks_again(web, scrape, asked):
    urls = [web.url(f"/article/{number}") for number in range(90, 95)]
    scrape(urls, name="fresh").wait(ANSWER_S)
    web.clear()

    again = scrape(urls, name="fresh", refresh=True).wait(ANSWER_S)

    assert len(asked()) == 5
    assert not again.df["from_store"].any()


def test_other_options_than_what_is_read_use_the_same_stored_page(web, scrape, asked):
    link = web.url("/article/96")
    scrape([link]).wait(ANSWER_S)
    web.clear()

    assert scrape([link], max_retries=0, connect_timeout_s=5).wait(ANSWER_S).df["ok"].all()
    assert asked() == []


def test_new_selectors_give_their_column(web, scrape):
    link = web.url("/article/97")
    scrape([link], custom_selectors={"headline": "h1"}).wait(ANSWER_S)

    again = scrape([link], custom_selectors={"headline": "h1", "paragraphs": ["p"]})
    table = again.wait(ANSWER_S).df

    assert table["headline"].iloc[0] == web.page("/article/97").title
    assert len(table["paragraphs"].iloc[0]) > 1


def test_another_process_finds_the_batch_by_its_name(web, scrape, cluster):
    scrape([web.url("/article/101"), web.url("/status/404")], name="found").wait(ANSWER_S)

    program = (
        "import sys, json, scrapeq as sq; from scrapeq.settings import load_settings;"
        "batch = sq.attach('found', settings=load_settings(SCRAPEQ_HOME=sys.argv[1]));"
        "print(json.dumps([batch.is_done, batch.df['ok'].tolist(), batch.df['title'][0]]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program, str(cluster.home)],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )

    title = web.page("/article/101").title
    assert json.loads(other.stdout) == [True, [True, False], title]


def test_an_unknown_name_is_answered_with_those_there_are(scrape, web, cluster):
    scrape([web.url("/article/102")], name="known").wait(ANSWER_S)

    with pytest.raises(NotFound, match="known"):
        sq.attach("unknown", settings=cluster.settings)


def test_batches_are_listed_newest_first(scrape, web, queue):
    scrape([web.url("/article/103")], name="older")
    scrape([web.url("/article/104")], name="newer").wait(ANSWER_S)

    listed = sq.batches(queue=queue)

    names = listed["batch"].tolist()
    assert names.index("newer") < names.index("older")
    newer = listed[listed["batch"] == "newer"].iloc[0]
    assert sq.attach(newer["batch_id"], queue=queue).name == "newer"
    assert (newer["state"], newer["total"], newer["open"]) == ("finished", 1, 0)


def test_nothing_to_fetch_is_an_error_that_says_so(scrape):
    with pytest.raises(InputError, match="no rows"):
        scrape([])


def test_what_is_wrong_with_an_option_is_said_before_anything_is_sent(scrape, web, asked):
    with pytest.raises(ValueError, match="max_retries"):
        scrape([web.url()], max_retry=3)
    with pytest.raises(ValueError, match="headline"):
        scrape([web.url()], custom_selectors={"headline": "h1["})
    assert asked() == []


def test_kept_html_is_given_back_as_it_came(web, scrape):
    batch = scrape([web.url("/article/105"), web.url("/status/404")], store_html=True)
    batch.wait(ANSWER_S)

    assert batch.html(0) == web.page("/article/105").plain()
    with pytest.raises(NotFound, match="row 1"):
        batch.html(1)
    with pytest.raises(NotFound, match="its rows are 0 to 1"):
        batch.html(10**30)
    with pytest.raises(TypeError, match="integer"):
        batch.html("0")
    with pytest.raises(ConfigError, match="cannot be tried on 0 pages"):
        batch.try_selector("h1", pages=0)


def busy_reader(home: Path) -> int | None:
    """The reader child of a cluster that has used the most CPU, if it is more than a second."""
    mark = b"SCRAPEQ_HOME=" + os.fsencode(home.resolve())
    used_s = {0: 1.0}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is somebody else's
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                command, stat = (folder / "cmdline").read_bytes(), (folder / "stat").read_text()
                if readers._CHILD.encode() in command:
                    ticks = stat.rpartition(")")[2].split()[11]
                    used_s[int(folder.name)] = int(ticks) / os.sysconf("SC_CLK_TCK")
    return max(used_s, key=lambda pid: used_s[pid]) or None


def test_a_page_that_ends_its_reader_is_a_row_and_spares_its_neighbours(
    scrape, web, cluster, eventually
):
    # Cubic in the number of elements: minutes of CPU in C, where nothing but a kill helps.
    endless = {"none": "//*[count(preceding::*[count(preceding::*) < 0]) > 9999]"}
    heavy = scrape([web.url("/listing/110?kb=900")], custom_selectors=endless, name="heavy")
    light = scrape([web.url(f"/article/{111 + number}") for number in range(20)])

    assert light.wait(ANSWER_S).df["ok"].all()
    # The kernel does it after 10 s of CPU: tests/acceptance/test_hostile_web.py waits for that.
    os.kill(eventually(lambda: busy_reader(cluster.settings.home)), signal.SIGPROF)
    row = heavy.wait(ANSWER_S).df.iloc[0]
    assert row["error_kind"] == "parse"
    assert "too much" in row["error_message"]
    assert row["http_status"] == 200
    assert row["attempts"] == 1


def test_ten_thousand_rows_are_accepted_in_bulk(scrape, cluster, queue):
    urls = [f"https://host-{n % 50}.invalid/{n}" for n in range(10_000)]
    batch = scrape(urls, name="many").pause()

    try:
        assert len(batch) == 10_000
        assert len(batch.df) == 10_000
        assert batch.df["url"].tolist() == urls
    finally:
        batch.cancel()
    assert batch.is_done


def test_rows_that_share_a_page_are_counted(web, scrape, asked):
    address = web.url("/article/2095")
    rows = [address, f"{address}?utm_source=a", f"{address}?fbclid=b", web.url("/article/2096")]

    batch = scrape(rows).wait(ANSWER_S)

    assert "2 rows have the same URL as another row and share its page" in batch.note
    assert len(asked()) == 2


def test_rows_are_not_merged_if_that_is_turned_off(web, scrape, asked):
    address = web.url("/article/2097")

    batch = scrape([address, f"{address}?utm_source=a"], merge_duplicates=False).wait(ANSWER_S)

    assert "same URL" not in batch.note
    assert len(asked()) == 2
