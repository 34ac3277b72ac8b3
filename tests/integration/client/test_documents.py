"""A column of URLs that lead to every kind of document, from the batch to its tables and files."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from pydantic import HttpUrl

import scrapeq as sq
from scrapeq.testing.documents import DOCUMENTS

ANSWER_S = 180
KINDS = {
    "report.pdf": "pdf",
    "offers.csv": "csv",
    "offers.xlsx": "excel",
    "offers.json": "json",
    "news.rss": "feed",
    "news.atom": "feed",
    "sitemap.xml": "sitemap",
    "sitemap.xml.gz": "sitemap",
    "sitemap-index.xml": "sitemap",
    "note.xml": "xml",
    "readme.txt": "text",
    "picture.png": "image",
    "archive.zip": "other",
}


@pytest.fixture
def links(web):
    assert set(KINDS) == set(DOCUMENTS)
    return [web.url("/product/7"), *(web.url(f"/document/{name}") for name in KINDS)]


def test_every_kind_of_document_is_a_row(web, scrape, links, tmp_path):
    batch = scrape(links, main_text="fast", store_files=True).wait(ANSWER_S)

    df = batch.df
    assert df["ok"].all(), df["error_message"].dropna().tolist()
    assert df["document"].tolist() == ["html", *KINDS.values()]
    assert set(df["page_kind"]) == {"page"}
    assert not df["rendered"].any()
    by_name = dict(zip(KINDS, df.to_dict("records")[1:], strict=True))
    assert by_name["report.pdf"]["title"] == "Annual report 2026"
    assert "second page" in by_name["report.pdf"]["text"]
    assert by_name["report.pdf"]["published_at"] == pd.Timestamp("2026-03-14 08:15", tz="UTC")
    pages = batch.pages()
    assert pages[1].metadata["pages"] == 2
    assert pages[-2].metadata["width"] == 40

    entries = batch.entries
    assert entries["kind"].value_counts().to_dict() == {"entry": 6, "url": 6, "sitemap": 1}
    assert str(entries["published_at"].dtype) == "datetime64[us, UTC]"
    assert entries["url"].iloc[0] == web.url("/product/1")
    assert entries["tags"].iloc[0] == "offers"

    assert batch.tables.df["row"].tolist() == [2, 3, 3]
    offers, workbook = batch.tables.frame(2), batch.tables.frame(3, 0)
    assert offers["price"].tolist() == workbook["price"].tolist() == [19.9, 1249.0, 480.5]

    files = batch.documents
    assert len(files) == len(KINDS) - 1  # but for the plain text
    assert files.body(0).startswith(b"%PDF")
    assert files["width"].dropna().tolist() == [40]
    assert dict(zip(files["row"], files["content_type"], strict=True))[8] == "application/gzip"

    for ending in ("csv", "parquet", "xlsx"):
        path = batch.export(tmp_path / f"pages.{ending}")
        written = {
            "csv": pd.read_csv,
            "parquet": pd.read_parquet,
            "xlsx": lambda path: pd.read_excel(path, engine="openpyxl"),
        }[ending](path)
        assert written["document"].tolist() == ["html", *KINDS.values()]
        kept = tmp_path / written["document_file"].iloc[1]
        assert kept.suffix == ".pdf"
        assert kept.read_bytes() == files.body(0)
    assert {one.suffix for one in (tmp_path / "pages-files").iterdir()} == {
        *(".pdf", ".csv", ".xlsx", ".json", ".rss", ".atom", ".xml", ".gz", ".png", ".zip")
    }


def test_no_selector_is_blamed_for_documents(web, scrape, links):
    batch = scrape([*links, web.url("/product/8")], custom_selectors={"headline": "h1"})

    assert batch.wait(ANSWER_S).problems.empty
    assert batch.df["headline"].notna().sum() == 2


def test_who_wants_pages_alone_gets_what_was_before(scrape, links):
    df = scrape(links, accept="html").wait(ANSWER_S).df

    good = df[df["ok"]]
    assert good["document"].tolist() == ["html", "text"]
    assert set(df.loc[~df["ok"], "error_kind"]) == {"not_html"}
    message = df["error_message"].iloc[1]
    assert message == "this is not a page but a PDF"


def test_a_page_may_be_what_is_not_wanted(scrape, links):
    df = scrape(links, accept=["pdf", "image"]).wait(ANSWER_S).df

    assert df["document"].dropna().tolist() == ["pdf", "image"]
    assert set(df.loc[~df["ok"], "error_kind"]) == {"not_accepted"}


def test_a_file_is_kept_once_and_comes_with_a_stored_row(web, scrape, asked):
    links = [web.url(f"/document/report.pdf?stored={number}") for number in range(2)]

    without = scrape(links).wait(ANSWER_S)
    first = scrape(links, store_files=True).wait(ANSWER_S)
    again = scrape(links, store_files=True).wait(ANSWER_S)

    assert without.documents.empty
    assert first.documents["sha256"].nunique() == 1
    assert again.df["from_store"].all()
    assert again.documents["sha256"].tolist() == first.documents["sha256"].tolist()
    assert len(asked()) == 4


@pytest.mark.usefixtures("browser_is_here")
def test_a_browser_shows_no_document(web, scrape):
    links = [web.url("/document/report.pdf?always"), web.url("/article/9")]

    df = scrape(links, render="always", main_text="fast").wait(ANSWER_S).df

    assert df["ok"].all()
    assert df["rendered"].tolist() == [False, True]
    assert "second page" in df["text"].iloc[0]


def test_a_record_is_made_of_documents_too(web, scrape):
    record = {
        "first": sq.first(sq.jmespath("offers[0].name"), sq.jmespath("tables[0][0].name")),
        "offers": sq.each(
            sq.first(sq.jmespath("offers"), sq.jmespath("tables[0]")),
            {"name": sq.jmespath("name"), "price": (Decimal | None, sq.jmespath("price"))},
        ),
        "news": sq.each(sq.jmespath("entries"), {"link": (HttpUrl, sq.jmespath("url"))}),
        "word": sq.regex(r"\b(offers?|Lantern)\b"),
    }
    links = [web.url(f"/document/{name}") for name in ("offers.json", "offers.csv", "news.rss")]

    batch = scrape(links, record=record, main_text="fast").wait(ANSWER_S)

    df = batch.df
    assert df["ok"].all()
    assert df["first"].notna().tolist() == [True, True, False]
    items = batch.items
    assert items.loc[items["row"] == 0, "price"].tolist() == (
        items.loc[items["row"] == 1, "price"].tolist()
    )
    assert items.loc[items["field"] == "news", "link"].str.startswith("http").all()
