"""The tables, the structured data and the products of a batch's pages, from a server to DataFrames."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

ANSWER_S = 120
PAGE = b"""<!doctype html><html lang=de><title>Preise</title><h1>Preise</h1>
<table><caption>Tee</caption><tr><th>Sorte<th>Preis<th>Anteil
<tr><td>Gr\xc3\xbcn<td>1.250<td>12,5 %<tr><td>Schwarz<td>3,50<td>\xe2\x80\x93</table>
<script type="application/ld+json">{"@type": "product", "name": "Tee"}</script>
<meta property=og:title content=Tee><p class=preis>3,50 \xe2\x82\xac</p><table role=presentation><tr><td>Menu<td>Start<tr><td>a<td>b</table>
<table><tr><td>a<td>1<tr><td>b<td>2</table>
<ol><li class=comment><cite class=fn>Ann</cite> <time datetime=2021-03-12>12.3.</time><div class=text>Der beste Tee von allen</div></ol>"""


class _Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"" if self.path == "/robots.txt" else PAGE
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def shop() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Shop) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_tables_of_pages_are_frames(shop, scrape):
    batch = scrape([f"{shop}/a", f"{shop}/b"], page_fields="title,language,tables").wait(ANSWER_S)

    tables = batch.tables
    listed = tables.df.fillna({"caption": ""})
    assert listed[["row", "number", "caption", "rows"]].to_numpy().tolist() == [
        [0, 0, "Tee", 2],
        [0, 1, "", 2],
        [1, 0, "Tee", 2],
        [1, 1, "", 2],
    ]
    tea = tables.frame(1)
    assert tea.columns.tolist() == ["Sorte", "Preis", "Anteil"]
    assert tea["Preis"].tolist() == [1250.0, 3.5]
    assert tea["Anteil"].isna().tolist() == [False, True]
    assert batch.pages()[0].tables[0]["rows"][0] == ["Grün", 1250.0, 12.5]


def test_structured_data_are_rows(shop, scrape):
    batch = scrape([f"{shop}/d", f"{shop}/e"], page_fields="structured").wait(ANSWER_S)

    found = batch.structured
    assert found[["row", "format", "type"]].fillna("").to_numpy().tolist() == [
        [0, "json-ld", "Product"],
        [0, "opengraph", ""],
        [1, "json-ld", "Product"],
        [1, "opengraph", ""],
    ]
    assert found["data"][0] == {"@type": "Product", "name": "Tee"}
    assert batch.pages()[1].structured[1]["data"] == {"og:title": "Tee"}


def test_a_product_is_a_row(shop, scrape):
    batch = scrape([f"{shop}/f"], page_fields="product").wait(ANSWER_S)

    assert batch.products[["name", "price", "currency"]].to_numpy().tolist() == [
        ["Tee", 3.5, "EUR"]
    ]
    (page,) = batch.pages()
    assert page.sources["product.price"] == "visible"
    assert page.structured == []


def test_nothing_is_read_that_was_not_asked_for(shop, scrape):
    batch = scrape([f"{shop}/c"]).wait(ANSWER_S)

    assert len(batch.tables) == len(batch.structured) == len(batch.products) == 0
    assert batch.pages()[0].tables == []


def test_pages_that_repeat_each_other(shop, scrape):
    urls = [f"{shop}/r{number}" for number in range(3)]
    batch = scrape(urls, page_fields="minhash", main_text="fast").wait(ANSWER_S)

    assert batch.df["near_duplicate_of"].fillna(-1).tolist() == [-1, 0, 0]
    assert batch.near_duplicates[
        ["row", "near_duplicate_of", "similarity"]
    ].to_numpy().tolist() == [
        [1, 0, 1.0],
        [2, 0, 1.0],
    ]

    # of one that did not ask, and keeps the same texts
    other = scrape(urls, page_fields="title", main_text="fast").wait(ANSWER_S)
    assert "near_duplicate_of" not in other.table()
    assert other.near_duplicates["row"].tolist() == [1, 2]


def test_comments_are_rows(shop, scrape):
    batch = scrape([f"{shop}/n", f"{shop}/o"], page_fields="comments").wait(ANSWER_S)

    rows = batch.comments.fillna({"reply_to": -1})
    columns = ["row", "position", "author", "text", "reply_to"]
    assert rows[columns].to_numpy().tolist() == [
        [0, 0, "Ann", "Der beste Tee von allen", -1],
        [1, 0, "Ann", "Der beste Tee von allen", -1],
    ]
    assert rows["published_at"].dt.strftime("%Y-%m-%d").tolist() == ["2021-03-12"] * 2
    assert batch.pages()[0].sources["comments"] == "blocks"
