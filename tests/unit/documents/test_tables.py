"""CSV and workbooks: which of their rows is the header, what separates cells, how much is kept."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from scrapeq.documents.rows import MOST_CELLS, table_of
from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.models.found_table import Cell, FoundTable
from scrapeq.testing.documents import DOCUMENTS, xlsx_file, zip_file
from scrapeq.work.child_stages import Source, read

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def content(body: bytes, content_type: str = "text/csv") -> Content:
    found = read(Source(body, "https://a.test/x", content_type, Recipe()), None)
    assert isinstance(found, Content)
    return found


def tables(body: bytes, content_type: str = "text/csv") -> list[FoundTable]:
    return [FoundTable.from_json(one) for one in content(body, content_type).tables]


def table(text: str) -> FoundTable:
    (found,) = tables(text.encode())
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_what_separates_cells_is_found_out(delimiter: str) -> None:
    lines = [["name", "price"], ["a, b; c", "1"], ["d", "2"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)

    found = table(text)

    assert found.columns == ["name", "price"]
    assert found.rows == [["a, b; c", "1"], ["d", "2"]]


def test_decimal_commas_separate_nothing() -> None:
    found = table("name;price\nLamp;19,90\nChair;1.249,00\n")

    assert found.rows == [["Lamp", "19,90"], ["Chair", "1.249,00"]]


def test_a_first_line_may_say_what_separates() -> None:
    assert table("sep=|\na|b,c\n1|2\n").columns == ["a", "b,c"]


def test_a_cell_may_have_lines_and_quotes() -> None:
    assert table('a,b\n"one\ntwo","say ""x"""\n1,2\n').rows[0] == ["one\ntwo", 'say "x"']


def test_an_encoding_is_guessed_and_a_mark_is_no_part_of_a_name() -> None:
    (found,) = tables("größe;name\n1;Müller\n".encode("utf-8-sig"))
    (other,) = tables("größe;name\n1;Müller\n".encode("cp1252"))

    assert found == other
    assert found.columns == ["größe", "name"]


def test_a_caption_may_stand_above_and_rows_may_be_of_different_lengths() -> None:
    found = table("Sales of the year\n\nname,price,note\nLamp,5\n,,\nDesk,7,old,more\n")

    assert found.caption == "Sales of the year"
    assert found.columns[:3] == ["name", "price", "note"]
    assert found.rows[0][:3] == ["Lamp", "5", None]
    assert found.rows[-1][:3] == ["Desk", "7", "old"]


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([["a", "b"], ["1", "2"]], ["a", "b"]),
        ([["1", "2"], ["3", "4"]], ["col_1", "col_2"]),
        ([["country", "2019", "2020"], ["CH", "1", "2"]], ["country", "2019", "2020"]),
        ([["Ann", "Bern"], ["Bob", "Bern"]], ["col_1", "col_2"]),
        ([["name", "city"], ["Ann", "Bern"]], ["name", "city"]),
        ([["only"]], ["col_1"]),
        ([["a", None, "c"], [None, None, 3]], ["a", "c"]),
        ([["x", "x", "y"], ["1", "2", "3"]], ["x", "x_2", "y"]),
    ],
)
def test_the_first_row_names_columns_if_it_can(rows: list[list[Cell]], names: list[str]) -> None:
    found = table_of(rows)

    assert found is not None
    assert found.columns == names


def test_nothing_is_no_table() -> None:
    assert table_of([]) is None
    assert table_of([[None, " "], []]) is None


def test_cells_have_a_bound_and_rows_are_counted() -> None:
    rows = MOST_CELLS // 3  # a row has a cell more than is in it
    found = content(b"a,b,c\n" + b"1,2,3\n" * rows)

    (kept,) = (FoundTable.from_json(one) for one in found.tables)
    assert len(kept.rows) == MOST_CELLS // 4 - 1
    assert found.metadata["rows"] == rows + 1
    assert found.metadata["rows_kept"] == MOST_CELLS // 4


@pytest.mark.parametrize("body", [b"ab," * 1_000_000, b"a" * 2_000_000, b'"' * 2_000_000])
def test_an_endless_line_stays_text(body: bytes) -> None:
    found = content(body)

    assert found.tables == []
    assert found.text is not None
    assert len(found.text) == 1_000_000
    assert found.metadata["problem"] == "a line is too long for a table"


def test_a_quote_that_is_never_closed_swallows_not_all() -> None:
    longer_than_a_line_may_be = b"x" * 100 + b",y\n"
    found = content(b'a,b\n1,"2\n' + longer_than_a_line_may_be * 20_000)

    assert found.metadata["rows"] == 20_002


def test_a_workbook_gives_a_table_for_each_sheet() -> None:
    found = content(DOCUMENTS["offers.xlsx"][1](), XLSX)

    assert found.document == "excel"
    offers, notes = (FoundTable.from_json(one) for one in found.tables)
    assert (offers.caption, offers.columns) == ("Offers", ["name", "price", "day"])
    assert offers.rows[1] == ["Chair", 1249, "2026-03-09"]
    assert (notes.caption, notes.rows) == ("Notes", [["none"]])
    assert [sheet["name"] for sheet in found.metadata["sheets"]] == ["Offers", "Empty", "Notes"]
    assert found.text is not None
    assert "Chair\t1249\t2026-03-09" in found.text


def test_what_excel_keeps_as_a_date_is_one() -> None:
    import xlsxwriter  # type: ignore[import-untyped]

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"title": "Prices", "author": "Ann"})
    sheet = book.add_worksheet("P")
    sheet.write_row(0, 0, ["day", "at", "ok", "sum"])
    sheet.write_number(1, 0, 46083, book.add_format({"num_format": "yyyy-mm-dd"}))
    sheet.write_number(1, 1, 46083.5, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    sheet.write_boolean(1, 2, True)
    sheet.write_formula(1, 3, "=1+1", None, 2)
    book.close()

    found = content(buffer.getvalue(), XLSX)

    assert (found.title, found.author) == ("Prices", "Ann")
    (prices,) = (FoundTable.from_json(one) for one in found.tables)
    assert prices.rows == [["2026-03-02", "2026-03-02 12:00:00", True, 2]]


def with_sheet(drawn: bytes) -> bytes:
    """A workbook whose only sheet is written so."""
    with zipfile.ZipFile(io.BytesIO(xlsx_file({"a": [("x",)]}))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return zip_file(
        parts
        | {
            "xl/worksheets/sheet1.xml": b"<?xml version='1.0'?><worksheet xmlns="
            b"'http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>"
            + drawn
            + b"</sheetData></worksheet>"
        }
    )


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (lambda: b"PK\x03\x04 xl/workbook.xml", "not a zip file"),
        (lambda: xlsx_file({"a": [("x",)]})[:-30], "not a zip file"),
        (lambda: zip_file({"xl/workbook.xml": b"<no>"}), ""),
        (
            lambda: zip_file({"xl/workbook.xml": b"", "bomb": bytes(210 * 1024 * 1024)}),
            "more than 200 MB",
        ),
    ],
    ids=["a beginning", "a cut end", "broken XML", "a bomb"],
)
def test_a_workbook_that_cannot_be_read_says_why(made: Callable[[], bytes], why: str) -> None:
    found = read(Source(made(), "https://a.test/x", XLSX, Recipe()), None)

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.PARSE
    assert found.message.startswith("the workbook cannot be read: ")
    assert why in found.message


def test_a_cell_far_away_hides_no_other() -> None:
    far = (
        b"<row r='1'><c r='A1' t='inlineStr'><is><t>name</t></is></c><c r='B1'><v>5</v></c></row>"
        b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"
    )

    found = content(with_sheet(far), XLSX)

    (table_,) = (FoundTable.from_json(one) for one in found.tables)
    assert table_.rows[0] == ["name", 5]
    (sheet,) = found.metadata["sheets"]
    assert "rows" not in sheet
    assert 1 < sheet["rows_kept"] <= MOST_CELLS


def ods(rows: str) -> bytes:
    """A workbook of OpenDocument (ISO/IEC 26300) with these rows."""
    names = "urn:oasis:names:tc:opendocument:xmlns"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    body = (
        f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
        f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table table:name="S">'
        f"{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    return zip_file(
        {
            "mimetype": kind.encode(),
            "content.xml": body.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def test_open_documents_are_workbooks_too() -> None:
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(cells)}</table:table-row>"

    def words(text: str) -> str:
        return f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'

    number = '<table:table-cell office:value-type="float" office:value="5"/>'
    empty = '<table:table-row table:number-rows-repeated="1048570"><table:table-cell/></table:table-row>'

    found = content(
        ods(row(words("name"), words("price")) + row(words("Lamp"), number) + empty), ""
    )

    assert found.document == "excel"
    (lamps,) = (FoundTable.from_json(one) for one in found.tables)
    assert (lamps.caption, lamps.columns, lamps.rows) == ("S", ["name", "price"], [["Lamp", 5]])
