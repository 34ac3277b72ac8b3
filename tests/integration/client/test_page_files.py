"""What pages give in a browser besides their HTML, from a batch to a notebook and to files."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import scrapeq as sq
from scrapeq import cli
from scrapeq.settings import load_settings

ANSWER_S = 180
ALL = {"screenshot": True, "pdf": True, "capture": ["*/json?*"], "console": True}

pytestmark = pytest.mark.usefixtures("browser_is_here")


def test_a_batch_has_the_files_of_its_pages(web, scrape, tmp_path):
    links = [
        web.url("/from-json/1"),
        web.url("/product/1"),
        web.url("/json"),
        web.url("/from-json/1?utm_id=2"),
    ]

    batch = scrape(links, **ALL).wait(ANSWER_S)

    table = batch.table()
    assert list(table["rendered"]) == [True, True, False, True]
    assert table["render_reason"].iloc[0] == "for screenshot, pdf, capture, console"
    assert table["render_reason"].isna().iloc[2]
    shots = batch.screenshots
    assert list(shots["row"]) == [0, 1, 3]  # a duplicate has those of its page
    assert shots["sha256"].iloc[0] == shots["sha256"].iloc[2]
    assert [*shots.columns] == [
        *("row", "kind", "url", "content_type", "width", "height", "bytes", "sha256")
    ]
    assert shots.body(1).startswith(b"\x89PNG")
    assert shots._repr_html_().count("data:image/jpeg;base64,") == 3
    assert list(batch.pdfs["row"]) == [0, 1, 3]
    assert batch.pdfs.body().startswith(b"%PDF")
    answers = batch.responses
    assert list(answers["row"]) == [0, 3]
    assert answers["url"].iloc[0] == web.url("/json?n=1")
    assert answers["value"].iloc[0]["path"] == "/json"
    assert ("error", "drawn") in set(
        batch.console[["kind", "message"]].itertuples(index=False, name=None)
    )

    path = batch.export(tmp_path / "pages.parquet")

    written = pd.read_parquet(path)
    assert (tmp_path / written["screenshot_file"].iloc[0]).read_bytes() == shots.body(0)
    assert (tmp_path / written["pdf_file"].iloc[1]).read_bytes().startswith(b"%PDF")
    assert list(written["response_files"].iloc[0]) == list(written["response_files"].iloc[3])
    assert pd.isna(written["screenshot_file"].iloc[2])
    bare = batch.export(tmp_path / "bare.csv", files=False)
    assert "screenshot_file" not in pd.read_csv(bare).columns
    assert not (tmp_path / "bare-files").exists()


def test_a_stored_page_answers_with_its_files_who_asks_for_the_same(web, scrape, asked):
    ask = partial(scrape, [web.url("/from-json/20")])
    ask(render="always", store_html=True).wait(ANSWER_S)

    first = ask(capture="*/json?*").wait(ANSWER_S)
    again = ask(capture="*/json?*").wait(ANSWER_S)
    other = ask(capture="*/json?*", custom_selectors={"headline": "h1"}).wait(ANSWER_S)

    assert [batch.df["from_store"].iloc[0] for batch in (first, again, other)] == [
        False,
        True,
        False,
    ]
    assert [len(batch.responses) for batch in (first, again, other)] == [1, 1, 1]
    assert len([hit for hit in asked() if hit.path == "/from-json/20"]) == 3


def test_files_that_were_got_with_a_secret_answer_nobody_else(web, scrape, cluster):
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=cluster.settings.home,
        SCRAPEQ_OWNER="somebody else",
    )
    link = [web.url("/account?of=files")]
    options: dict[str, Any] = {"screenshot": True, "main_text": "off"}
    bob: dict[str, Any] = {"cookies": {"user": "bob"}}
    mine = scrape(link, **options, **bob).wait(ANSWER_S)

    same_cookie = sq.scrape(link, settings=settings, **options, **bob).wait(ANSWER_S)
    no_cookie = sq.scrape(link, settings=settings, **options).wait(ANSWER_S)
    once_more = scrape(link, **options, **bob).wait(ANSWER_S)

    assert [
        batch.df["from_store"].iloc[0] for batch in (mine, same_cookie, no_cookie, once_more)
    ] == [False, False, False, True]
    assert mine.screenshots["sha256"].iloc[0] == once_more.screenshots["sha256"].iloc[0]
    assert no_cookie.screenshots["sha256"].iloc[0] != mine.screenshots["sha256"].iloc[0]


def test_what_cannot_be_had_is_said_and_the_row_stays(web, scrape):
    batch = scrape([web.url("/from-json/30")], screenshot=".no-such", custom_selectors={"h": "h1"})

    row = batch.wait(ANSWER_S).df.iloc[0]

    assert row["ok"]
    assert row["h"].startswith("Seed")
    assert row["render_reason"] == "for screenshot; screenshot: nothing to see of '.no-such'"
    assert batch.screenshots.empty


def test_the_command_line_saves_files_beside_the_table(web, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("SCRAPEQ_HOME", str(cluster.settings.home))
    monkeypatch.setenv("SCRAPEQ_ALLOW_PRIVATE_ADDRESSES", "1")
    (tmp_path / "urls.txt").write_text(web.url("/from-json/40"))
    words = ["scrape", str(tmp_path / "urls.txt"), "--quiet", "--screenshot", "full", "--pdf"]
    words += ["--capture", "*/json?*", "--console", "-o", str(tmp_path / "pages.csv")]

    result = CliRunner().invoke(cli.app, words)

    assert result.exit_code == 0, result.output
    assert "pages-files" in result.output
    table = pd.read_csv(tmp_path / "pages.csv")
    for column in ("screenshot_file", "pdf_file", "console_file"):
        assert (tmp_path / table[column].iloc[0]).is_file()
    assert len(list((tmp_path / "pages-files").iterdir())) == 4
