"""Tables of files: what they show in a notebook, and where they write."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pandas as pd
import pytest

from scrapeq import frames
from scrapeq.errors import ConfigError

JPEG = b"\xff\xd8small"
PAGE = "https://x.example/<script>alert(1)</script>"
COLUMNS = ["row", "page_url", "kind", "url", "http_status", "content_type"]


def file(row: int, kind: str, sha256: str, content_type: str = "image/png") -> tuple[object, ...]:
    size = (1280, 720) if content_type.startswith("image/") else (None, None)
    return (row, PAGE, kind, PAGE, None, content_type, *size, 10, sha256 * 64)


@pytest.fixture
def reading() -> frames.FileReading:
    return frames.FileReading(
        lambda sha256: f"bytes of {sha256[0]}".encode(),
        lambda hashes: {sha256: JPEG for sha256 in hashes if sha256[0] != "d"},
    )


@pytest.fixture
def shots(reading: frames.FileReading) -> frames.FilesFrame:
    return frames.files_frame(
        [[file(0, "screenshot", "a"), file(2, "screenshot", "b")], [file(3, "screenshot", "a")]],
        reading,
    )


def test_pictures_are_shown_and_what_strangers_wrote_is_escaped(shots: frames.FilesFrame) -> None:
    shown = shots._repr_html_()

    assert shown.count("data:image/jpeg;base64,/9hzbWFsbA==") == 3
    assert "1,280 × 720" in shown
    assert "<script" not in shown
    assert shots.head(1)._repr_html_().count("data:image/jpeg") == 1
    assert "data:image" not in shots[["row"]]._repr_html_()


def test_a_notebook_shows_few_of_many(reading: frames.FileReading) -> None:
    many = frames.files_frame([[file(row, "screenshot", "a") for row in range(1000)]], reading)

    shown = many._repr_html_()

    assert shown.count("data:image/jpeg") == 12
    assert "and 988 more" in shown


def test_bytes_are_read_when_they_are_asked_for(shots: frames.FilesFrame) -> None:
    assert shots.body() == b"bytes of a"
    assert shots.iloc[1:].body(0) == b"bytes of b"
    assert shots[shots["row"] > 2].body() == b"bytes of a"


def test_a_content_is_written_once(shots: frames.FilesFrame, tmp_path: Path) -> None:
    paths = shots.save(tmp_path / "new" / "folder")

    assert [path.name for path in paths] == [f"{letter * 32}.png" for letter in "aba"]
    assert sorted(path.name for path in paths[0].parent.iterdir()) == [
        f"{letter * 32}.png" for letter in "ab"
    ]
    assert paths[1].read_bytes() == b"bytes of b"
    assert shots.save(tmp_path / "new" / "folder") == paths


def test_a_folder_that_cannot_be_written_is_named(shots: frames.FilesFrame, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(ConfigError, match="taken cannot be written"):
        shots.save(tmp_path / "taken")


def test_a_pickle_is_a_plain_table(shots: frames.FilesFrame) -> None:
    again = pickle.loads(pickle.dumps(shots))

    assert type(again) is pd.DataFrame
    assert list(again["row"]) == [0, 2, 3]


def test_a_table_that_was_made_by_hand_reads_nothing() -> None:
    with pytest.raises(ConfigError, match="no record"):
        frames.FilesFrame({"sha256": ["a"]}).body()


def test_no_files_are_an_empty_table(reading: frames.FileReading) -> None:
    empty = frames.files_frame([], reading)

    assert list(empty.columns)[:6] == COLUMNS
    assert empty.empty
    assert "data:image" not in empty._repr_html_()
    assert frames.responses_frame([]).empty
    assert frames.console_frame([]).empty


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"price": 9}', {"price": 9}),
        (b"[1, 2]", [1, 2]),
        (b"no json", pd.NA),
        (b"null", pd.NA),
        (b"[" * 100_000, pd.NA),
        (b"1" * 10_000, pd.NA),
        (b"\xff\xfe\x00", pd.NA),
    ],
)
def test_an_answer_is_what_its_json_says(body: bytes, value: object) -> None:
    row = (4, PAGE, "response", "https://x/api", 200, "application/json", None, None, 9, "a" * 64)

    found = frames.responses_frame([[(*row, body)]])

    assert found["value"].iloc[0] is value or found["value"].iloc[0] == value
    assert found["http_status"].iloc[0] == 200
    assert found["row"].iloc[0] == 4


def test_console_lines_are_rows() -> None:
    lines = [
        {"kind": "error", "message": "no price", "url": "https://x/a.js"},
        {"kind": "request", "message": "net::ERR_FAILED", "url": "https://y/"},
    ]
    found = frames.console_frame([[(*file(1, "console", "a"), json.dumps(lines).encode())]])

    assert list(found["kind"]) == ["error", "request"]
    assert list(found["row"]) == [1, 1]
    assert list(found["url"]) == ["https://x/a.js", "https://y/"]


def test_a_table_says_where_its_files_are(reading: frames.FileReading, tmp_path: Path) -> None:
    found = frames.files_frame(
        [
            [
                file(0, "screenshot", "a"),
                file(0, "response", "b", "application/json"),
                file(0, "response", "c", "text/html"),
                file(2, "screenshot", "a"),
            ]
        ],
        reading,
    )
    table = pd.DataFrame({"url": list("xyz"), "screenshot_file": list("abc")}, index=[7, 7, 9])
    folder = frames.files_folder(tmp_path / "my.pages.csv.gz")

    written = frames.with_files(table, found, found.save(folder))

    assert folder.name == "my.pages-files"
    assert list(written.columns) == [
        "url",
        "screenshot_file",
        "response_files",
        "screenshot_file_2",
    ]
    assert list(written["screenshot_file_2"].fillna("")) == [
        f"my.pages-files/{'a' * 32}.png",
        "",
        f"my.pages-files/{'a' * 32}.png",
    ]
    assert written["response_files"].iloc[0] == [
        f"my.pages-files/{letter * 32}.json" for letter in "bc"
    ]
    assert list(table.columns) == ["url", "screenshot_file"]
    csv = frames.export(written, tmp_path / "my.pages.csv.gz")
    again = pd.read_csv(csv)
    assert json.loads(again["response_files"].iloc[0]) == written["response_files"].iloc[0]
    assert (tmp_path / again["screenshot_file_2"].iloc[0]).read_bytes() == b"bytes of a"
