"""Files of pages in the record: kept once per content, with the pages that they are of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from scrapeq import database
from scrapeq.clock import now_ms
from scrapeq.database import schema
from scrapeq.database.engine import write_transaction
from scrapeq.models import Batch, FileKind, PageFile

Submit = Callable[..., Batch]
Make = Callable[..., Any]
SHOT = PageFile(
    FileKind.SCREENSHOT,
    b"\x89PNG" + bytes(range(256)) * 50,
    "image/png",
    "https://x/",
    width=1280,
    height=720,
    preview=b"small",
)
ANSWER = PageFile(
    FileKind.RESPONSE, b'{"a": "' + b"x" * 5000 + b'"}', "application/json", "https://x/api", 200
)


def rows(record: sa.Engine, batch_id: str, *kinds: FileKind) -> list[dict[str, Any]]:
    """The files of a batch by the names of their columns."""
    names = database.files.FILE_ROW_COLUMNS
    chunks = database.files.file_rows(record, batch_id, kinds or tuple(FileKind))
    return [dict(zip(names, row, strict=True)) for chunk in chunks for row in chunk]


def count(record: sa.Engine, table: sa.Table) -> int:
    """How many rows it has."""
    with record.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_files_come_back_as_they_were_saved(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 3, twins={2: 0})
    save(replace(result("b-0"), files=[ANSWER, SHOT]), replace(result("b-1"), files=[SHOT]))

    found = rows(record, "b")

    assert [(one["row"], one["kind"]) for one in found] == [
        (0, "response"),
        (0, "screenshot"),
        (1, "screenshot"),
        (2, "response"),
        (2, "screenshot"),
    ]
    assert {one["sha256"] for one in found if one["kind"] == "screenshot"} == {
        database.contents.content_hash(SHOT.body)
    }
    shot = found[1]
    assert (shot["width"], shot["height"], shot["bytes"]) == (1280, 720, len(SHOT.body))
    assert shot["page_url"] == "https://final.example/0"
    assert database.stored_pages.read_html(record, shot["sha256"]) == SHOT.body
    assert database.files.read_previews(record, [shot["sha256"]]) == {shot["sha256"]: b"small"}
    (answers,) = database.files.file_rows_with_bodies(record, "b", [FileKind.RESPONSE])
    assert [(row[0], row[3], row[4], row[-1]) for row in answers] == [
        (0, "https://x/api", 200, ANSWER.body),
        (2, "https://x/api", 200, ANSWER.body),
    ]
    assert count(record, schema.contents) == 2
    assert database.files.any_files(record, "b")
    assert not database.stored_pages.any_stored(record)  # no page's own bytes were kept


def test_a_failed_page_has_files_too_and_another_try_takes_their_place(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("b", 1)
    failed = replace(SHOT, kind=FileKind.FAILED_ACTION)
    save(replace(result("b-0", error_kind="page_timeout"), files=[failed, ANSWER]))
    assert [one["kind"] for one in rows(record, "b")] == ["failed_action", "response"]

    database.jobs.reopen_jobs(record, "b")
    assert not rows(record, "b")
    save(replace(result("b-0"), files=[ANSWER]))

    assert [one["kind"] for one in rows(record, "b")] == ["response"]
    assert count(record, schema.files) == 1


def test_files_go_with_the_last_page_that_names_them(
    record: sa.Engine, submit: Submit, save: Make, result: Make
) -> None:
    submit("old", 2)
    submit("new", 1)
    save(replace(result("old-0"), files=[SHOT, ANSWER]), replace(result("new-0"), files=[SHOT]))
    save(result("old-1"))
    with write_transaction(record) as connection:
        old = schema.batches.c.id == "old"
        connection.execute(schema.batches.update().where(old).values(finished_ms=1))

    assert database.jobs.delete_before(record, now_ms() - 60_000).jobs == 2

    assert [one["sha256"] for one in rows(record, "new")] == [
        database.contents.content_hash(SHOT.body)
    ]
    assert (count(record, schema.files), count(record, schema.contents)) == (1, 1)
