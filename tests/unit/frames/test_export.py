"""A table as a file that others may open."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import resource
import secrets

import openpyxl  # type: ignore[import-untyped] # it ships no types
import pandas as pd
import pytest

from scrapeq.errors import ConfigError
from scrapeq.frames import check_export_path, export

FORMULAS = [
    "=1+1",
    "+A1",
    "-A1",
    "@SUM(A1)",
    "\t=1",
    "\rx",
    "\nx",
    "＝1+1",
    "＋A1",
    "－A1",
    "＠SUM(1)",
    " =1+1",
    "\u200b=1+1",
    "\u00a0=1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x.example","y")',
]
HARMLESS = ["-5", "+12.5", "-1,234.50", "1e5", "a=b", "text", "'quoted", "item - x"]


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def pages():
    return pd.DataFrame(
        {
            "url": pd.array(["https://a.example/?a=1&b=2", "https://b.example"], dtype="string"),
            "ok": pd.array([True, None], dtype="boolean"),
            "http_status": pd.array([200, None], dtype="Int16"),
            "elapsed_s": [0.25, float("nan")],
            "error_kind": pd.Categorical([None, "dns"]),
            "fetched_at": pd.to_datetime(pd.Series(["2026-11-01T12:30:15+00:00", None]), utc=True),
            "tags": pd.Series([["a", "ü"], None], dtype=object),
            "extra": pd.Series([{"k": 1}, None], dtype=object),
        }
    )


def test_parquet_keeps_the_types(tmp_path):
    table = pages()

    back = pd.read_parquet(export(table, tmp_path / "a.parquet"))

    pd.testing.assert_frame_equal(back.drop(columns=["tags", "extra"]), table.iloc[:, :6])
    assert back["tags"].map(list, na_action="ignore").tolist() == [["a", "ü"], None]
    assert back["extra"].tolist() == [{"k": 1}, None]


def test_csv_can_be_read_back(tmp_path):
    path = export(pages(), tmp_path / "a.csv")

    names, first, second = read_csv(path)
    assert dict(zip(names, first, strict=True)) == {
        "url": "https://a.example/?a=1&b=2",
        "ok": "true",
        "http_status": "200",
        "elapsed_s": "0.25",
        "error_kind": "",
        "fetched_at": "2026-11-01T12:30:15Z",
        "tags": '["a", "ü"]',
        "extra": '{"k": 1}',
    }
    assert set(second) == {"https://b.example", "dns", ""}


def test_jsonl_has_an_object_a_line_with_real_lists(tmp_path):
    for path in (export(pages(), tmp_path / "a.jsonl"), export(pages(), tmp_path / "a.jsonl.gz")):
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as lines:
            first, second = map(json.loads, lines)
        assert first["tags"] == ["a", "ü"]
        assert first["extra"] == {"k": 1}
        assert first["fetched_at"] == "2026-11-01T12:30:15+00:00"
        assert second["elapsed_s"] is None
        assert second["ok"] is None


def test_xlsx_has_values_and_no_links(tmp_path):
    path = export(pages(), tmp_path / "a.xlsx")

    sheet = openpyxl.load_workbook(path).active
    cells = {name.value: cell for name, cell in zip(sheet[1], sheet[2], strict=True)}
    assert cells["fetched_at"].value == dt.datetime(2026, 11, 1, 12, 30, 15)
    assert cells["ok"].value is True
    assert cells["http_status"].value == 200
    assert cells["url"].hyperlink is None
    assert cells["tags"].value == '["a", "ü"]'
    assert [cell.value for cell in sheet[3]][1:4] == [None, None, None]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_and_no_header_is_a_formula(tmp_path, text):
    table = pd.DataFrame({text: [text], "kind": pd.Categorical([text]), "n": [-5]})

    rows = read_csv(export(table, tmp_path / "a.csv"))
    sheet = openpyxl.load_workbook(export(table, tmp_path / "a.xlsx")).active

    assert rows == [[f"'{text}", "kind", "n"], [f"'{text}", f"'{text}", "-5"]]
    assert {cell.data_type for row in sheet for cell in row} == {"s", "n"}
    texts = [sheet["A1"], sheet["A2"], sheet["B2"]]
    assert all(cell.quotePrefix and str(cell.value)[0] != "'" for cell in texts)
    assert sheet["C2"].value == -5


def test_a_phone_number_in_xlsx_is_what_it_is(tmp_path):
    table = pd.DataFrame({"phone": ["+49 30 1234", "030 1234"]})

    sheet = openpyxl.load_workbook(export(table, tmp_path / "a.xlsx")).active

    assert [cell.value for cell in sheet["A"]] == ["phone", "+49 30 1234", "030 1234"]
    assert [bool(cell.quotePrefix) for cell in sheet["A"]] == [False, True, False]


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_plain_text_stay_as_they_are(tmp_path, text):
    path = export(pd.DataFrame({"a": [text]}), tmp_path / "a.csv")

    assert path.read_text(encoding="utf-8") == f'"a"\n"{text}"\n'


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "xlsx"])
def test_no_text_breaks_an_export(tmp_path, ending):
    hostile = "a\0b\ud800c\x1b\x0b\ufffe\U0001f600\ud83d\ude00"
    table = pd.DataFrame(
        {
            "text": pd.Series([hostile, None, 5], dtype=object),
            "only": pd.Series([hostile, None, "x"], dtype=object),
            "lists": pd.Series([[hostile], None, []], dtype=object),
            "dicts": pd.Series([{hostile: hostile}, {1: float("nan")}, None], dtype=object),
            "kinds": pd.Categorical.from_codes([0, 0, -1], pd.Index([hostile], dtype=object)),
            "odd": [1 + 2j, 3j, 4j],
            "big": pd.Series([10**30, 1, None], dtype=object),
            "took": pd.to_timedelta([1, 2, None], unit="s"),
            "old": [dt.date(1, 1, 1), None, dt.date(2024, 1, 1)],
            "far": pd.Series([float("inf"), float("-inf"), float("nan")]),
        }
    )

    path = export(table, tmp_path / f"a.{ending}")

    content = gzip.decompress(path.read_bytes()) if ending.endswith("gz") else path.read_bytes()
    assert content
    if ending.startswith(("csv", "jsonl")):
        text = content.decode()
        assert "\0" not in text
        assert "\\u0000" not in text
        assert "ab\ufffdc" in text
        assert text.count("\U0001f600") >= 10  # the pair of surrogates was joined
    if ending == "xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet["B2"].value == "ab\ufffdc\U0001f600\U0001f600"
    if ending == "parquet":
        assert pd.read_parquet(path)["only"].tolist()[0].startswith("ab\ufffdc")


def test_an_index_with_something_to_say_becomes_columns(tmp_path):
    named = pd.DataFrame({"id": [1]}, index=pd.Index(["x"], name="id"))
    filtered = pd.DataFrame({"a": [1, 2]}).iloc[1:]

    assert export(named, tmp_path / "a.csv").read_text(encoding="utf-8") == '"id_2","id"\n"x",1\n'
    assert export(filtered, tmp_path / "b.csv").read_text(encoding="utf-8") == '"a"\n2\n'


def test_a_column_called_twice_is_kept_twice(tmp_path):
    table = pd.DataFrame([[1, 2]], columns=["a", "a"])

    assert export(table, tmp_path / "a.csv").read_text(encoding="utf-8") == '"a","a_2"\n1,2\n'


def test_an_empty_table_has_its_header(tmp_path):
    table = pd.DataFrame({"a": pd.array([], dtype="string")})

    assert export(table, tmp_path / "a.csv").read_text(encoding="utf-8") == '"a"\n'
    assert export(table, tmp_path / "a.jsonl").read_bytes() == b""
    assert openpyxl.load_workbook(export(table, tmp_path / "a.xlsx")).active["A1"].value == "a"
    assert pd.read_parquet(export(table, tmp_path / "a.parquet")).empty


def test_a_text_too_long_for_excel_is_cut_with_a_warning(tmp_path):
    fits = "x" * 32_767
    table = pd.DataFrame({"a": [fits, fits + "y", "\U0001f600" * 20_000]})

    with pytest.warns(UserWarning, match="2 cells were longer"):
        path = export(table, tmp_path / "a.xlsx")

    whole, cut, faces = (cell.value for (cell,) in openpyxl.load_workbook(path).active["A2:A4"])
    assert whole == fits
    assert cut == fits[:-1] + "…"
    assert faces == "\U0001f600" * 16_383 + "…"


def test_more_rows_than_excel_has_names_the_other_formats(tmp_path):
    table = pd.DataFrame({"a": range(1_048_576)})

    with pytest.raises(ConfigError, match=r"1,048,575 rows.*\.parquet or \.csv"):
        export(table, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_text("older", encoding="utf-8")

    with pytest.raises(ConfigError):
        export(pd.DataFrame(columns=[str(n) for n in range(16_385)]), path)

    assert path.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_export_replaces_the_older_file(tmp_path):
    path = export(pd.DataFrame({"a": [1]}), tmp_path / "a.csv")

    assert export(pd.DataFrame({"a": [2]}), str(path)) == path
    assert path.read_text(encoding="utf-8") == '"a"\n2\n'


@pytest.mark.parametrize("name", ["a.xls", "a", "csv", "a.parquet.gz", "a.xlsx.gz", ".csv.zip"])
def test_an_unknown_ending_names_the_four(tmp_path, name):
    with pytest.raises(ConfigError, match=r"\.csv, \.csv\.gz, .*\.parquet or \.xlsx"):
        check_export_path(tmp_path / name)


def test_a_missing_folder_is_said_before_the_work(tmp_path):
    with pytest.raises(ConfigError, match="no folder"):
        check_export_path(tmp_path / "nowhere" / "a.csv")


@pytest.mark.parametrize("path", [None, 5, b"x.csv"])
def test_a_path_that_is_no_text_is_refused_in_our_words(path):
    with pytest.raises(ConfigError, match="the path of an export is"):
        check_export_path(path)


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".jsonl", ".parquet", ".xlsx"])
def test_a_disk_without_room_is_told_and_the_older_file_stays(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_text("older", encoding="utf-8")
    table = pd.DataFrame({"a": [secrets.token_hex(50) for _ in range(2000)]})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # a write behind that fails
    try:
        with pytest.raises(ConfigError, match=r"cannot be written.*export them to another folder"):
            export(table, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert path.read_text(encoding="utf-8") == "older"
    assert list(tmp_path.iterdir()) == [path]
