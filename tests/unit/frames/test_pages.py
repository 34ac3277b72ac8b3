"""The tables of results."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pandas as pd
import pytest

from scrapeq.errors import ConfigError
from scrapeq.frames import (
    JOB_COLUMNS,
    PAGE_COLUMNS,
    errors_frame,
    images_frame,
    jobs_frame,
    links_frame,
    pages_frame,
    paused_frame,
    products_frame,
    structured_frame,
)
from scrapeq.models import ErrorKind, Links

COLUMNS = ("status", *reversed(PAGE_COLUMNS), "fields")
WHEN = dt.datetime(2026, 11, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)


def page(row, **values):
    known = {
        "url": f"https://a.example/{row}",
        "ok": True,
        "http_status": 200,
        "attempts": 1,
        "fetched_at": WHEN,
        "from_store": False,
        "fields": None,
        **values,
    }
    return (row, *(known.get(name) for name in COLUMNS))


def failed(row, kind=ErrorKind.DNS):
    return page(row, ok=False, http_status=None, error_kind=kind, error_message="no such name")


def frame(*chunks, total, table=None, selectors=None, **options):
    return pages_frame(chunks, COLUMNS, total=total, table=table, asked=selectors or {}, **options)


def test_one_row_per_input_row_in_input_order():
    pages = frame([page(2), failed(0)], [], [page(1, title="one")], total=4)

    assert tuple(pages.columns) == PAGE_COLUMNS
    assert pages["url"].tolist()[:3] == [f"https://a.example/{row}" for row in range(3)]
    assert pages["ok"].tolist()[:3] == [False, True, True]
    assert pages.loc[3].isna().all()
    assert pages.loc[1, "title"] == "one"


TYPES = {
    **dict.fromkeys(["url", "final_url", "title", "text", "author", "error_message"], "string"),
    "render_reason": "string",
    **dict.fromkeys(["ok", "from_store", "rendered"], "boolean"),
    **dict.fromkeys(["http_status", "attempts"], "Int16"),
    "body_bytes": "Int64",
    "elapsed_s": "Float64",
    "ai_tokens": "Int64",
    "ai_cost": "Float64",
    **dict.fromkeys(
        ["language", "error_kind", "page_kind", "page_kind_signal", "document"], "category"
    ),
    **dict.fromkeys(["published_at", "fetched_at"], "datetime64[us, UTC]"),
}


@pytest.mark.parametrize("chunks", [[], [[page(0), failed(1)]], [[failed(1)]]])
def test_types_do_not_depend_on_what_was_found(chunks):
    pages = frame(*chunks, total=2)

    assert pages.dtypes.astype(str).to_dict() == TYPES


def test_an_empty_batch_is_an_empty_table():
    assert frame(total=0).dtypes.astype(str).to_dict() == TYPES


@pytest.mark.parametrize(
    "when",
    [
        WHEN,
        WHEN.replace(tzinfo=None),
        WHEN.astimezone(dt.timezone(dt.timedelta(hours=5))),
        "2026-11-01T12:30:15.123456+00:00",
        "2026-11-01 14:30:15.123456+02:00",
        "2026-11-01 12:30:15.123456Z",
        WHEN.timestamp(),
        Decimal("1793536215.123456"),
    ],
    ids=str,
)
def test_times_are_understood_as_databases_give_them(when):
    pages = frame([page(0, fetched_at=None), page(1, fetched_at=when)], total=2)

    assert pages["fetched_at"].tolist() == [pd.NaT, pd.Timestamp(WHEN)]


def test_booleans_may_be_numbers():
    pages = frame([page(0, ok=1, from_store=0), page(1, ok=0, from_store=1)], total=2)

    assert pages["ok"].tolist() == [True, False]
    assert pages["from_store"].tolist() == [False, True]


@pytest.mark.parametrize("texts", [["Grüße", None, "", "日本"], ["one", "two"], [None, None]])
def test_a_text_may_be_utf8(texts):
    rows = [
        page(row, text=None if text is None else text.encode()) for row, text in enumerate(texts)
    ]
    found = frame(rows[:1], rows[1:], total=len(rows))["text"]

    assert found.dtype == "string"
    assert [None if one is pd.NA else one for one in found] == texts


def test_jobs_are_listed_newest_first_and_those_of_one_time_as_given():
    def chunk(*jobs):
        columns = [(None,) * len(jobs) for _ in JOB_COLUMNS]
        columns[0] = tuple(name for name, _ in jobs)
        return [*columns, tuple(at_ms for _, at_ms in jobs)]

    found = [chunk(("a", 9), ("b", 5)), chunk(("c", 7), ("d", 5)), []]

    assert jobs_frame(found)["job_id"].tolist() == ["a", "c", "b", "d"]
    assert jobs_frame(found, 3)["job_id"].tolist() == ["a", "c", "b"]
    assert jobs_frame(found[:1], 1)["job_id"].tolist() == ["a"]
    assert tuple(jobs_frame([]).columns) == JOB_COLUMNS


def test_the_inputs_columns_and_index_come_first():
    table = pd.DataFrame({"firm": ["A", "B"], 7: [1, 2]}, index=["x", "y"])

    pages = frame([page(1), page(0)], total=2, table=table)

    assert list(pages.columns) == ["firm", 7, *PAGE_COLUMNS]
    assert pages.index.tolist() == ["x", "y"]
    assert pages.loc["y", ["firm", "url"]].tolist() == ["B", "https://a.example/1"]
    assert pages[7].dtype == "int64"


def test_an_input_column_called_like_ours_is_kept_beside_it():
    table = pd.DataFrame({"title": ["mine"], "url": ["A"], "title_input": ["older"]})

    pages = frame([page(0, title="theirs")], total=1, table=table)

    assert pages["title"].tolist() == ["theirs"]
    assert pages["title_input"].tolist() == ["older"]
    assert pages["url_input"].tolist() == ["A"]
    assert pages["title_input_input"].tolist() == ["mine"]


def test_the_inputs_column_of_urls_is_not_repeated():
    table = pd.DataFrame({"url": ["A.example", None], "n": [1, 2]})

    pages = frame([page(0)], total=2, table=table, url_column="url")

    assert list(pages.columns) == ["url", "n", *PAGE_COLUMNS[1:]]
    assert pages["url"].tolist() == ["A.example", pd.NA]


def test_a_column_for_each_selector():
    fields = {"price": "12 €", "tags": ["a", "b"], "n": 5}
    pages = frame(
        [page(1, fields=json.dumps(fields)), page(2, fields={"price": None, "tags": []})],
        total=3,
        selectors={"price": ".price", "tags": [".tag"], "n": "//b"},
    )

    assert pages["price"].tolist() == [pd.NA, "12 €", pd.NA]
    assert pages["price"].dtype == "string"
    assert pages["tags"].tolist() == [pd.NA, ["a", "b"], []]
    assert pages["n"].tolist() == [pd.NA, "5", pd.NA]


def test_a_selector_may_be_called_like_what_every_page_has():
    pages = frame(
        [page(0, title="found", fields='{"title": "selected", "url": "next"}')],
        total=1,
        selectors={"title": "h1", "url": "a::attr(href)"},
        table=pd.DataFrame({"title": ["mine"]}),
    )

    row = pages.loc[0]
    assert row["title"] == "selected"
    assert row["title_page"] == "found"
    assert row["title_input"] == "mine"
    assert row["url"] == "https://a.example/0"
    assert row["url_selected"] == "next"
    assert pages.columns.is_unique


ASKED = [
    "ok",
    "error_kind",
    "error_message",
    "page_kind",
    "page_kind_signal",
    "document",
    "title",
    "text",
]


def test_what_was_given_and_asked_for_comes_first():
    table = pd.DataFrame({"firm": ["A"], "link": ["https://a.example/0"]})

    pages = frame(
        [page(0)], total=1, table=table, selectors={"price": "b"}, url_column="link", show="short"
    )

    assert list(pages.columns[:11]) == ["firm", "link", "price", *ASKED]
    assert set(PAGE_COLUMNS) - set(pages.columns) == {"url", "final_url", "ai_tokens", "ai_cost"}


def test_what_a_model_cost_is_shown_where_one_was_asked():
    pages = frame([page(0, ai_tokens=120, ai_cost=0.001), page(1)], total=2, show="short")

    assert pages["ai_tokens"].tolist() == [120, pd.NA]
    assert pages["ai_cost"].sum() == 0.001


def test_a_list_keeps_its_column_of_urls():
    pages = frame([page(0)], total=1, selectors={"price": "b"}, show="short")

    assert list(pages.columns[:10]) == ["url", "price", *ASKED]


@pytest.mark.parametrize(
    ("final", "is_shown"),
    [
        ("https://a.example/", False),
        (None, False),
        ("https://a.example/elsewhere", True),
        ("https://www.a.example/", True),
    ],
)
def test_the_final_url_is_shown_where_it_is_another(final, is_shown):
    first = page(0, url="https://a.example/same", final_url="https://a.example/same")

    pages = frame([first, page(1, url="A.example", final_url=final)], total=3, show="short")

    assert ("final_url" in pages) is is_shown


def test_many_final_urls_are_not_compared_one_by_one(monkeypatch):
    monkeypatch.setattr("scrapeq.frames.pages.MOST_COMPARED", 1)
    same = [page(row, url="a.example", final_url="https://a.example/") for row in range(2)]

    assert "final_url" not in frame(same[:1], total=1, show="short")
    assert "final_url" in frame(same, total=2, show="short")


def test_columns_that_are_named_are_all_there_is():
    table = pd.DataFrame({"link": ["https://a.example/0"], 7: [1]})

    pages = frame([page(0)], total=1, table=table, url_column="link", show=["final_url", 7, "url"])

    assert list(pages.columns) == ["final_url", 7, "url"]
    with pytest.raises(ConfigError, match="did you mean 'title'"):
        frame([page(0)], total=1, show=["titel"])
    with pytest.raises(ConfigError, match="its columns are 'url', "):
        frame([page(0)], total=1, show=["zzz"])


def test_no_two_columns_have_one_label():
    """Whatever a table brings: a batch is there for years, and its table must be, too."""
    labels = ["title", "title", "title_input", "ok", "price", "price_selected", 1, 1]
    table = pd.DataFrame([range(8)], columns=labels)
    selectors = dict.fromkeys(["title", "title_page", "url", "url_selected", "price", "ok"], "b")

    pages = frame([page(0)], total=1, table=table, selectors=selectors)

    assert pages.columns.is_unique
    assert len(pages.columns) == 8 + 6 + len(PAGE_COLUMNS)


def test_a_lone_surrogate_from_json_breaks_nothing():
    pages = frame([page(0, fields='{"a": "x\\ud800"}')], total=1, selectors={"a": "b"})

    assert pages["a"].tolist() == ["x?"]


def test_errors_are_the_failed_rows_with_the_inputs_columns():
    table = pd.DataFrame({"firm": list("ABCD"), "row": [9, 8, 7, 6]}, index=list("wxyz"))
    pages = frame([page(0), failed(1), failed(3, ErrorKind.TLS)], total=4, table=table)

    errors = errors_frame(pages, 2)

    assert errors.index.tolist() == ["x", "z"]
    assert errors["row"].tolist() == [1, 3]
    assert errors["row_input"].tolist() == [8, 6]
    assert errors["firm"].tolist() == ["B", "D"]
    assert errors["error_kind"].tolist() == ["dns", "tls"]
    assert list(errors.columns[:4]) == ["row", "url", "error_kind", "error_message"]
    assert errors_frame(frame(total=2)).empty


def test_links_are_one_row_each():
    links = links_frame(
        [
            [
                (0, "https://a.example", Links(["https://b.example"], ["B"], [""])),
                (1, "https://c.example", Links()),
            ],
            [(4, "https://d.example", Links(["u"] * 2, [""] * 2, ["nofollow ugc"] * 2))],
        ]
    )

    assert links["row"].tolist() == [0, 4, 4]
    assert links["page_url"].tolist() == ["https://a.example", *["https://d.example"] * 2]
    assert links["rel"].tolist() == ["", "nofollow ugc", "nofollow ugc"]
    assert links.dtypes.astype(str).to_dict() == {"row": "int64"} | dict.fromkeys(
        ["page_url", "url", "text", "rel"], "string"
    )


def test_images_have_sizes_in_pixels():
    image = {"url": "u", "alt": "", "srcset": "a 1x, b 2x"}
    images = images_frame(
        [
            [
                (
                    3,
                    "p",
                    [
                        {**image, "width": width, "height": 7}
                        for width in (640, "640px", "50%", None)
                    ],
                )
            ]
        ]
    )

    assert images["width"].tolist() == [640, 640, pd.NA, pd.NA]
    assert images["srcset"].tolist() == ["a 1x, b 2x"] * 4
    assert images.dtypes[["width", "height"]].astype(str).tolist() == ["Int32", "Int32"]


def test_no_links_are_a_table_with_columns():
    assert list(links_frame([]).columns) == ["row", "page_url", "url", "text", "rel"]
    assert links_frame([[]])["row"].dtype == "int64"


PAUSED = {
    "host": "<script>a.example",
    "state": "open",
    "error_kind": "refused",
    "error_message": "<b>nobody listens</b>",
    "failures": 20,
    "probes": 0,
    "since": 1_793_000_000.25,
    "until": 1_793_000_030.25,
    "waiting": 9_980,
}


def test_paused_hosts_are_a_table():
    hosts = paused_frame([PAUSED, {**PAUSED, "host": "b.example", "state": "given_up"}])

    assert hosts.dtypes.astype(str).to_dict() == {
        "host": "string",
        "state": "category",
        "error_kind": "category",
        "error_message": "string",
        "failures": "Int32",
        "probes": "Int32",
        "since": "datetime64[us, UTC]",
        "until": "datetime64[us, UTC]",
        "waiting": "Int64",
    }
    assert hosts.loc[0, "until"] - hosts.loc[0, "since"] == pd.Timedelta(seconds=30)
    assert hosts["state"].tolist() == ["open", "given_up"]
    assert "<script>" not in hosts._repr_html_()  # pandas escapes what is text
    pd.testing.assert_series_equal(paused_frame([]).dtypes.astype(str), hosts.dtypes.astype(str))


def test_structured_data_keep_their_dicts():
    item = {"format": "json-ld", "type": "Product", "data": {"@type": "Product", "tags": ["a"]}}
    found = structured_frame([[(0, "u", [item, {**item, "type": None}])], [(2, "v", [item])]])

    assert found["row"].tolist() == [0, 0, 2]
    assert found["data"].tolist() == [item["data"]] * 3
    assert found["type"].tolist() == ["Product", pd.NA, "Product"]
    assert found.dtypes.astype(str).tolist() == ["int64", "string", "category", "string", "object"]
    assert len(structured_frame([])) == 0


def test_products_are_rows_with_numbers():
    tea = {"name": "Tea", "price": 3.5, "currency": "EUR", "availability": "InStock", "sku": "7"}
    found = products_frame([[(0, "u", tea)], [(4, "v", {"name": "Cup", "price": 2})]])

    assert found["row"].tolist() == [0, 4]
    assert found["price"].tolist() == [3.5, 2.0]
    assert found["sku"].tolist() == ["7", pd.NA]
    assert found.dtypes.astype(str).tolist() == [
        *("int64", "string", "string", "Float64", "category", "category"),
        *("string", "string", "string", "string"),
    ]
    assert products_frame([]).columns.tolist() == found.columns.tolist()
