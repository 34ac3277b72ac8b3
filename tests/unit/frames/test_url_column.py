"""A column of URLs from whatever people have."""

from __future__ import annotations

import gzip
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pytest

from scrapeq.errors import InputError
from scrapeq.frames import read_urls

URLS = ["https://a.example/", "https://b.example/x"]


@pytest.mark.parametrize(
    "source",
    [
        URLS,
        tuple(URLS),
        (url for url in URLS),
        np.array(URLS),
        pd.Series(URLS),
        pd.Index(URLS),
        pa.chunked_array([URLS]),
        pd.DataFrame({"u": URLS}),
        pa.table({"u": URLS}),
        pa.table({"u": pa.array(URLS, pa.string_view())}),
        {"u": URLS},
        [{"u": url} for url in URLS],
    ],
    ids=lambda source: type(source).__name__,
)
def test_urls_come_in_any_shape(source):
    column = read_urls(source)

    assert column.values == URLS
    assert len(column.table) == 2


def test_what_was_read_already_is_taken_as_it_is():
    column = read_urls(URLS)

    assert read_urls(column) is column
    assert not column.has_table
    assert read_urls(pd.Series(URLS)).has_table


def test_one_url_as_text_is_a_column_of_one():
    assert read_urls("HTTPS://a.example/?q=.csv").values == ["HTTPS://a.example/?q=.csv"]


def test_a_plain_list_loads_no_pandas():
    code = (
        "import sys; from scrapeq.frames import read_urls; read_urls(['https://a.example']); "
        "sys.exit('pandas' in sys.modules or 'pyarrow' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_missing_cells_stay_rows_and_become_none():
    table = pd.DataFrame({"url": ["https://a.example", None, np.nan, pd.NA], "n": range(4)})

    assert read_urls(table).values == ["https://a.example", None, None, None]
    assert read_urls(["x", None, float("nan"), pd.NA, pd.NaT]).values == ["x", *[None] * 4]
    assert read_urls(np.array([1.5, np.nan])).values == [1.5, None]


def test_the_table_keeps_its_columns_index_and_order():
    table = pd.DataFrame({"firm": ["A", "B"], "link": URLS}, index=[7, 3])

    column = read_urls(table)

    assert column.name == "link"
    pd.testing.assert_frame_equal(column.table, table)


def test_a_named_series_keeps_its_name_and_index():
    series = pd.Series(URLS, index=["x", "y"], name="site")

    column = read_urls(series)

    assert column.name == "site"
    assert column.table["site"].tolist() == URLS
    assert column.table.index.tolist() == ["x", "y"]
    assert read_urls(series.rename(None)).table.index.tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["name", "Website URL"], "Website URL"),
        (["link", "URL"], "URL"),
        (["id", "home_page", "title"], "home_page"),
    ],
)
def test_the_column_is_found_by_its_name(names, chosen):
    table = pd.DataFrame([["-"] * len(names)], columns=names)

    assert read_urls(table).name == chosen


def test_the_column_is_found_by_what_is_in_it():
    table = pd.DataFrame(
        {
            "firm": ["Acme Inc.", "Foo"],
            "mail": ["a@b.example", "c@d.example"],
            "where": ["www.acme.example", "foo.example/a?b=1"],
            "n": [1, 2],
        }
    )

    assert read_urls(table).name == "where"


def test_two_columns_of_urls_are_asked_about():
    table = pd.DataFrame({"old": URLS, "new": URLS})

    with pytest.raises(
        InputError, match=r"several columns look like URLs: 'old', 'new'.*url='old'"
    ):
        read_urls(table)
    assert read_urls(table, url="new").name == "new"


def test_no_column_of_urls_lists_what_there_is():
    with pytest.raises(InputError, match="the columns are 'a', 'b'"):
        read_urls(pd.DataFrame({"a": [1], "b": ["x y"]}))


def test_a_misspelt_column_gets_the_nearest_name():
    with pytest.raises(InputError, match="no column 'lnik'") as caught:
        read_urls(pd.DataFrame({"link": URLS, "n": 1}), url="lnik")

    assert caught.value.hint == "did you mean 'link'?"


def test_a_column_named_by_a_number_is_found():
    assert read_urls(pd.DataFrame([[1, "x"]]), url="1").values == ["x"]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (pd.DataFrame({"url": []}), "has no rows"),
        ([], "has no rows"),
        (pd.DataFrame(), "no columns"),
        (pd.DataFrame([[1, 2]], columns=["url", "url"]), "two columns called 'url'"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (np.zeros((2, 2)), "2 dimensions"),
        ({"a": [1], "b": [1, 2]}, "do not make a table"),
        (None, "NoneType"),
        (b"https://a.example", "bytes"),
        (object(), "object"),
        ("urls.docx", "ending"),
        ("example.com", "https:// before a URL"),
        ("missing.csv", "no file"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(source, says):
    with pytest.raises(InputError, match=says) as caught:
        read_urls(source)

    assert caught.value.hint


def test_every_kind_of_file(tmp_path):
    table = pd.DataFrame({"link": URLS, "firm": ["Ä", "NA"], "n": [1, 2]})
    table.to_csv(tmp_path / "a.csv", index=False, encoding="utf-8-sig")
    table.to_csv(tmp_path / "a.csv.gz", index=False)
    table.to_csv(tmp_path / "semicolons.csv", index=False, sep=";")
    table.to_csv(tmp_path / "A.TSV", index=False, sep="\t")
    table.to_json(tmp_path / "a.jsonl", lines=True, orient="records")
    table.to_json(tmp_path / "a.ndjson.gz", lines=True, orient="records")
    table.to_parquet(tmp_path / "a.parquet")
    table.to_excel(tmp_path / "a.xlsx", index=False)

    for path in tmp_path.iterdir():
        column = read_urls(str(path))
        assert column.values == URLS, path.name
        assert column.table["firm"].tolist() == ["Ä", "NA"], path.name
        assert column.table["n"].tolist() == [1, 2], path.name


def test_a_text_file_has_one_url_a_line(tmp_path):
    lines = "\ufeffhttps://a.example/\r\n\n# not this\n  b.example  \n"
    (tmp_path / "a.txt").write_text(lines, encoding="utf-8", newline="")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(lines.encode()))

    for path in tmp_path.iterdir():
        column = read_urls(path)
        assert column.values == ["https://a.example/", "b.example"]
        assert column.table.shape == (2, 0)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx", "txt", "tsv"])
def test_a_file_of_rubbish_or_nothing_is_a_clear_error(tmp_path, ending):
    for name, content in {"rubbish": b"\xff\xfe\x00{,\x80", "empty": b""}.items():
        path = tmp_path / f"{name}.{ending}"
        path.write_bytes(content)
        with pytest.raises(InputError):
            read_urls(path)


def test_a_csv_keeps_rows_without_a_url(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,url\n1,https://a.example\n2,\n3,null\n", encoding="utf-8")

    assert read_urls(path).values == ["https://a.example", None, "null"]


def test_numbers_that_are_names_stay_as_they_are_written(tmp_path):
    path = tmp_path / "firms.csv"
    path.write_text(
        "plz,id,price,count,rate,url\n"
        "01067,007,1.50,12,0.5,https://a.example\n"
        "10115,8,2.25,-3,17.25,https://b.example\n"
    )

    table = read_urls(path, "url").table

    assert table["plz"].tolist() == ["01067", "10115"]
    assert table["id"].tolist() == ["007", "8"]
    assert table["price"].tolist() == ["1.50", "2.25"]
    assert table["count"].tolist() == [12, -3]
    assert table["rate"].tolist() == [0.5, 17.25]


@pytest.mark.parametrize(
    ("encoding", "name", "separator"),
    [
        ("cp1252", "Windows-1252", ";"),
        ("utf-16", "UTF-16", "\t"),
        ("utf-16", "UTF-16", ","),
    ],
)
@pytest.mark.filterwarnings("always")
def test_what_excel_saves_is_read_with_a_warning(tmp_path, encoding, name, separator):
    path = tmp_path / "firmen.csv"
    rows = [("Firma", "url"), ("Müller", "https://a.example"), ("Öz", "https://b.example")]
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))

    with pytest.warns(UserWarning, match=f"was read as {name}"):
        column = read_urls(path)

    assert column.values == ["https://a.example", "https://b.example"]
    assert list(column.table["Firma"]) == ["Müller", "Öz"]


@pytest.mark.parametrize(
    "text", ["https://a.example\nhttps://b.example\n", "https://a.example,1\nb,2\n"]
)
def test_a_csv_without_names_loses_no_url(tmp_path, text):
    path = tmp_path / "a.csv"
    path.write_text(text)

    with pytest.raises(InputError, match="no line of names"):
        read_urls(path)


def test_many_and_long_names_of_columns_make_a_short_error():
    frame = pd.DataFrame(
        [range(3_000)], columns=[f"{number} {'x' * 500}" for number in range(3_000)]
    )

    for url in (None, "y" * 5_000):
        with pytest.raises(InputError) as caught:
            read_urls(frame, url)
        assert len(str(caught.value)) < 1_000
        assert " and 2,992 more" in caught.value.hint


def test_a_missing_row_among_dicts_is_a_row_without_a_url(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"url": "https://a.example"}\nnull\n')

    assert read_urls([None, {"url": "https://a.example"}]).values == [None, "https://a.example"]
    assert read_urls(tmp_path / "rows.jsonl").values == ["https://a.example", None]


@pytest.mark.parametrize("rows", [["https://a.example", {"url": "x"}], [{"url": "x"}, 5]])
def test_dicts_and_other_rows_in_one_list_are_refused_by_their_place(rows):
    with pytest.raises(InputError, match=r"some rows of the list are dicts, and row [01] is"):
        read_urls(rows)
