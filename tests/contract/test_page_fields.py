"""A field of a page is written once: from there it goes through the record to every table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import typing
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

import scrapeq
from scrapeq import database, frames
from scrapeq.database.page_rows import PAGE_ROW_COLUMNS, page_rows, read_pages
from scrapeq.models import Batch, Content, DocumentKind, ErrorKind, Fetched, Links, Page, PageKind
from scrapeq.models.page_fields import PAGE_FIELDS, TABLE_FIELDS, Source

Submit = Callable[..., Batch]
Make = Callable[..., Any]
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def telling_values(made_by: type[Content | Fetched]) -> dict[str, Any]:
    """For each field a value that no other field has."""
    hints = typing.get_type_hints(made_by)
    values: dict[str, Any] = {}
    for number, one in enumerate(fields(made_by), start=1):
        kinds: dict[Any, Any] = {
            str: f"the {one.name}",
            int: number,
            float: number / 8,
            bool: True,
            datetime: EPOCH + timedelta(hours=number),
            PageKind: PageKind.LOGIN,
            DocumentKind: DocumentKind.PDF,
            Links: Links([f"https://{one.name}/"], [one.name], [""]),
            dict[str, Any]: {one.name: [one.name]},
            dict[str, str]: {one.name: one.name},
            list[dict[str, Any]]: [{"url": one.name}],
        }
        kind = hints[one.name]
        plain = next((arg for arg in typing.get_args(kind) if arg in kinds), None)
        values[one.name] = kinds.get(kind if kind in kinds else plain)
    return values


#: What reading a page finds out for others than its row in `pages`.
NOT_OF_THE_PAGE = {
    "model_text",
    "charset",
    "media_type",
    "found",
    "browser_need",
    "page_kind",
    "page_kind_signal",
}


def test_every_field_has_one_that_makes_it() -> None:
    """`Content` and `Fetched` have what the table of fields says that comes from them."""
    read = {one.name for one in PAGE_FIELDS if one.column.source is Source.CONTENT}
    others = {one.name for one in PAGE_FIELDS} - read

    assert {one.name for one in fields(Content)} == read | NOT_OF_THE_PAGE
    assert {one.name for one in fields(Fetched)} == others - {"html_sha256"}
    page = typing.get_type_hints(Page)
    for made_by in (Content, Fetched):
        theirs = typing.get_type_hints(made_by)
        assert {name for name in page if theirs.get(name, page[name]) != page[name]} <= {"links"}


def test_each_value_comes_back_in_its_own_field(record: sa.Engine, submit: Submit) -> None:
    submit("b", 2)
    read, known = telling_values(Content), telling_values(Fetched) | {"error_kind": None}
    given = {"batch_id": "b", "url": "https://host1.example/b/1"}
    good = known | given | {"job_id": "b-1", "row": 1, "error_message": None}
    failure = {"ok": False, "error_kind": ErrorKind.DNS, "error_message": "the error_message"}
    bad = good | {"job_id": "b-0", "row": 0, "url": "https://host0.example/b/0"} | failure
    results = [
        database.Result(
            page=Fetched(**page),
            token=1,
            url_key=page["job_id"],
            recipe="r",
            started_ms=1,
            content=content,
            html=b"<p>",
        )
        for page, content in ((good, database.packed(Content(**read))), (bad, {}))
    ]
    assert database.results.save_results(record, results).kept == 2

    pages = read_pages(record, ["b-0", "b-1"])
    table = frames.pages_frame(
        page_rows(record, "b"), PAGE_ROW_COLUMNS, total=2, table=None, asked={}
    )

    read = {name: value for name, value in read.items() if name not in NOT_OF_THE_PAGE}
    sha256 = database.contents.content_hash(b"<p>")
    expected = good | read | {"links": list(read["links"]), "html_sha256": sha256}
    assert pages["b-1"] == Page(**expected)
    failed = bad | {"from_store": False, "html_sha256": sha256}
    assert pages["b-0"].model_dump() | {"from_store": False} == Page(**failed).model_dump()
    assert set(table.columns) == {one.name for one in TABLE_FIELDS}
    for one in TABLE_FIELDS:
        value: Any = table.loc[1, one.name]
        assert (None if pd.isna(value) else value) == expected[one.name], one.name
    assert table.loc[0, ["error_kind", "error_message"]].tolist() == ["dns", "the error_message"]


def test_rows_of_the_record_are_rows_of_tables() -> None:
    """What is handed on by its place has the same place on both sides."""
    called = {"started_s": "started_at", "finished_s": "finished_at"}

    *row, _at_ms = (called.get(name, name) for name in database.job_rows.JobRow._fields)

    assert tuple(row) == frames.JOB_COLUMNS


#: What stands in `page_fields.py`, and what comes before it.
NEW_FIELD = {
    "    author: Annotated": (
        '    editor: Annotated[str | None, Column(Source.CONTENT, Kept.TEXT, "text")] = None\n'
    ),
    "    author: str | None = None": "    editor: str | None = None\n",
}
USE = """
import sys
from scrapeq import database, frames
from scrapeq.database.page_rows import PAGE_ROW_COLUMNS, page_rows, read_pages
from scrapeq.models import Content, Fetched
from scrapeq.settings import load_settings

record = database.open_database(load_settings())
page = Fetched(job_id="b-0", batch_id="b", row=0, url="u", ok=True)
content = database.packed(Content(editor="Ed", title="T"))
result = database.Result(
    page, token=1, url_key="", recipe="", started_ms=0, content=content
)
assert database.results.save_results(record, [result]).kept == 1
table = frames.pages_frame(
    page_rows(record, "b"), PAGE_ROW_COLUMNS, total=2, table=None, asked={}
)
print(table["editor"].tolist()[0], read_pages(record, ["b-0"])["b-0"].editor)
"""


@pytest.mark.parametrize("record_settings", ["sqlite", "postgresql"], indirect=True)
def test_a_new_column_is_written_in_one_file(
    record_settings: Any, submit: Submit, tmp_path: Path
) -> None:
    """A copy of scrapeq whose table of fields has one more opens the record that this one made."""
    submit("b", 2)
    copy = tmp_path / "scrapeq"
    shutil.copytree(Path(scrapeq.__file__).parent, copy, ignore=shutil.ignore_patterns("*.pyc"))
    table = copy / "models" / "page_fields.py"
    text = table.read_text()
    for line, new in NEW_FIELD.items():
        assert text.count(line) == 1
        text = text.replace(line, new + line)
    table.write_text(text)
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "SCRAPEQ_HOME": str(record_settings.home),
    }
    if record_settings.database_url is not None:
        environment["SCRAPEQ_DATABASE_URL"] = record_settings.database_url.get_secret_value()

    ran = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,  # which comes first on its path
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.stdout.split() == ["Ed", "Ed"], ran.stderr
