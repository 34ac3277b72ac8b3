"""What a batch found, over REST: page by page, and whole in each format, the same as in a notebook."""

from __future__ import annotations

import gc
import io
import json
import uuid

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pytest
from pyarrow import csv, parquet

import scrapeq as sq


class Offer(sq.Record):
    """What a page of the little web says."""

    headline: str = sq.css("h1")
    words: list[str] = sq.css("p")
    number: int = sq.regex(r"(\d+)")


@pytest.fixture
def ali(served):
    return served.person("ali")


@pytest.fixture(scope="module")
def batch(module_web, cluster):
    """A finished batch of six rows, one of them no URL, one gone, one twice."""
    urls = [module_web.url(f"/article/{number}") for number in (1, 2, 1)]
    rows = {
        "firm": ["=1+1", "b", None, "d", "e\0", "f"],
        "page": [*urls, "no url", module_web.url("/status/404"), module_web.url("/article/7")],
        "size": [1.5, None, 2, 3, 4, 5],
        "tags": [["x", "y"], None, [], ["z"], None, None],
    }
    handle = sq.scrape(
        pd.DataFrame(rows),
        url="page",
        name=f"rows {uuid.uuid4()}",
        settings=cluster.settings,
        main_text="off",
        extract_links=True,
        custom_selectors={"first": "h1", "all": ["a"]},
        record=Offer,
        max_retries=0,
    )
    return handle.wait(180)


def whole(person, batch, what="rows", form="jsonl", **more):
    answer = person.get(f"/v1/batches/{batch.id}/{what}", params={"format": form, **more})
    assert answer.status_code == 200, answer.text
    return answer


def test_rows_come_page_by_page(ali, batch):
    path, rows = f"/v1/batches/{batch.id}/rows", []
    cursor = None
    while True:
        params = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        answer = ali.get(path, params=params)
        page = answer.json()
        rows += page["rows"]
        cursor = page["next_cursor"]
        assert ("link" in answer.headers) == (cursor is not None)
        if cursor is None:
            break
        assert f"cursor={cursor}" in answer.headers["link"]

    frame = batch.table()
    assert list(rows[0]) == list(frame.columns)
    assert [row["page"] for row in rows] == list(frame["page"])
    assert [row["ok"] for row in rows] == [True, True, True, False, False, True]
    assert [row["first"] for row in rows] == [
        None if pd.isna(one) else one for one in frame["first"]
    ]
    assert rows[0]["words"] == frame["words"].iloc[0]
    assert rows[0]["tags"] == ["x", "y"]
    assert rows[4]["firm"] == "e"
    assert pd.Timestamp(rows[0]["fetched_at"]) == frame["fetched_at"].iloc[0]
    assert ali.get(path, params={"cursor": "99"}).json() == {"rows": [], "next_cursor": None}


def test_every_format_has_the_same_rows(ali, batch):
    lines = [json.loads(line) for line in whole(ali, batch).text.splitlines()]
    listed = ali.get(f"/v1/batches/{batch.id}/rows", params={"limit": 1000}).json()["rows"]
    arrow = pa.ipc.open_stream(whole(ali, batch, form="arrow").content).read_all()
    packed = parquet.read_table(io.BytesIO(whole(ali, batch, form="parquet").content))
    text = csv.read_csv(io.BytesIO(whole(ali, batch, form="csv").content))

    assert [row["headline"] for row in lines] == [row["headline"] for row in listed]
    assert [row["tags"] for row in lines] == [row["tags"] for row in listed]
    assert packed.equals(arrow)
    assert packed.column_names == list(batch.table().columns) == text.column_names
    assert packed.schema.field("number").type == pa.int64()
    assert packed.schema.field("all").type == pa.list_(pa.large_string())
    assert packed["title"].to_pylist() == [row["title"] for row in lines]
    assert packed["size"].to_pylist() == [1.5, None, 2, 3, 4, 5]
    assert text["firm"].to_pylist()[0] == "'=1+1"  # no formula for a spreadsheet
    assert packed["firm"].to_pylist()[0] == "=1+1"


def test_some_columns_are_enough(ali, batch):
    path = f"/v1/batches/{batch.id}/rows?column=title&column=firm"

    assert list(ali.get(path).json()["rows"][0]) == ["title", "firm"]
    table = pa.ipc.open_stream(ali.get(f"{path}&format=arrow").content).read_all()
    assert table.column_names == ["title", "firm"]
    refused = ali.get(f"/v1/batches/{batch.id}/rows?column=none")
    assert refused.status_code == 422
    assert "the columns are" in refused.json()["hint"]


def test_links_and_errors(ali, batch):
    frame, errors = batch.links, batch.errors
    links = [json.loads(line) for line in whole(ali, batch, "links").text.splitlines()]
    failed = whole(ali, batch, "errors", form="csv").text.splitlines()

    assert links == json.loads(frame.to_json(orient="records"))
    assert (
        ali.get(f"/v1/batches/{batch.id}/links", params={"limit": 1}).json()["next_cursor"] == "0"
    )
    assert len(failed) == 1 + len(errors)
    path = f"/v1/batches/{batch.id}/errors"
    listed = ali.get(path).json()["rows"]
    assert [row["row"] for row in listed] == list(errors["row"]) == [3, 4]
    assert [row["error_kind"] for row in listed] == ["scheme", "http_4xx"]
    assert listed[1]["http_status"] == 404
    only = ali.get(path, params={"kind": ["http_4xx", "dns"]}).json()["rows"]
    assert [row["row"] for row in only] == [4]


def test_a_batch_of_many_pieces_is_whole(ali, batch, monkeypatch):
    expected = {form: whole(ali, batch, form=form).content for form in ("jsonl", "csv")}
    table = pa.ipc.open_stream(whole(ali, batch, form="arrow").content).read_all()
    monkeypatch.setattr("scrapeq.client.row_streams.FIRST_ROWS", 1)
    monkeypatch.setattr("scrapeq.client.row_streams.PIECE_BYTES", 1)
    monkeypatch.setattr("scrapeq.client.row_streams.LEAST_ROWS", 1)

    assert {form: whole(ali, batch, form=form).content for form in expected} == expected
    again = pa.ipc.open_stream(whole(ali, batch, form="arrow").content).read_all()
    assert again.equals(table)
    packed = parquet.ParquetFile(io.BytesIO(whole(ali, batch, form="parquet").content))
    assert packed.num_row_groups == 6
    assert packed.read().equals(table)


def test_a_reader_that_leaves_holds_nothing(ali, batch):
    with ali.stream("GET", f"/v1/batches/{batch.id}/rows", params={"format": "csv"}) as answer:
        next(answer.iter_bytes())
    gc.collect()

    assert whole(ali, batch).status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("format=exe", "format"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=-1", "cursor"),
        ("format=csv&cursor=1", "takes no cursor"),
        ("colum=title", "'colum'"),
    ],
)
def test_what_cannot_be_meant_is_refused(ali, batch, query, words):
    answer = ali.get(f"/v1/batches/{batch.id}/rows?{query}")

    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_what_is_polled_is_sent_once(ali, batch):
    for path in (
        *(f"/v1/batches/{batch.id}{what}" for what in ("", "/progress", "/rows", "/errors")),
        *("/v1/batches", "/v1/jobs", "/v1/hosts", "/v1/openapi.json", "/v1/me"),
    ):
        first = ali.get(path)
        assert first.status_code == 200, first.text
        tag = first.headers["etag"]
        again = ali.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), path
        assert ali.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
