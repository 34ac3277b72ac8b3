"""What is missing looks the same in every table, file and picture (docs/reference/columns.md)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import openpyxl  # type: ignore[import-untyped] # it has no types
import pandas as pd
import pytest
from pyarrow import parquet  # type: ignore[import-untyped] # it has no types

from scrapeq import display, frames, stats
from scrapeq.models.tallies import HostTally

HOUR_MS = 3_600_000
STEPS = frames.Steps(0, HOUR_MS, 2, 0, 2 * HOUR_MS)
#: Each table with a row of which nothing is known that may be unknown.
TABLES: dict[str, pd.DataFrame] = {
    "batch.table": frames.pages_frame(
        [],
        [*frames.PAGE_COLUMNS, "fields"],
        total=1,
        table=None,
        asked={"price": ".price", "tags": [".tag"]},
    ),
    "batch.images": frames.images_frame([[(0, "http://a.example/", [{}])]]),
    "jobs": frames.jobs_frame([[(None,)] * len(frames.JOB_COLUMNS) + [(0,)]]),
    "batches": frames.batches_frame(
        [
            (
                None,
                "b",
                None,
                "open",
                1,
                0,
                0,
                0,
                0,
                0,
                datetime(2026, 3, 1, tzinfo=UTC).timestamp(),
                None,
            )
        ],
        2e9,
    ),
    "hosts": frames.hosts_frame(
        [HostTally("a.example", "pending", None, 1, 0, 0.0, None)],
        [],
        None,
        edges_s=stats.BUCKET_EDGES_S,
    ),
    "history": frames.history_frame(STEPS, [], edges_s=stats.BUCKET_EDGES_S),
    "host_history": frames.host_history_frame(
        STEPS, {"a.example": []}, edges_s=stats.BUCKET_EDGES_S
    ),
    "paused_hosts": frames.paused_frame(
        [
            dict.fromkeys(
                ["state", "error_kind", "error_message", "failures", "probes", "since", "until"]
            )
            | {"host": "a.example", "waiting": None}
        ]
    ),
}
#: How a missing value of a type is shown; there is no other type in which one may be missing.
MISSING = {
    **dict.fromkeys(["string", "boolean", "Int8", "Int16", "Int32", "Int64", "Float64"], "<NA>"),
    "object": "<NA>",  # lists
    "category": "nan",
    "datetime64[us, UTC]": "NaT",
}
every_table = pytest.mark.parametrize("name", TABLES)


@every_table
def test_what_is_missing_has_one_look_for_each_type(name: str) -> None:
    table = TABLES[name]
    missing = [label for label in table if table[label].isna().any()]

    assert missing
    for label in missing:
        looks = {str(one) for one in table.loc[table[label].isna(), label]}
        assert looks == {MISSING[str(table[label].dtype)]}, label


@every_table
def test_what_is_missing_is_nothing_in_a_file(name: str, tmp_path) -> None:
    table = TABLES[name].reset_index(drop=True)
    paths = {
        ending: frames.export(table, tmp_path / f"t.{ending}")
        for ending in ("csv", "jsonl", "parquet", "xlsx")
    }

    gone = table.iloc[0].isna()
    csv = pd.read_csv(paths["csv"], keep_default_na=False, dtype=str).iloc[0]
    line = json.loads(paths["jsonl"].read_text().splitlines()[0])
    row = parquet.read_table(paths["parquet"]).slice(0, 1).to_pylist()[0]
    sheet = openpyxl.load_workbook(paths["xlsx"]).active
    cells = [cell.value for cell in sheet[2]]
    for place, label in enumerate(table.columns):
        if gone[label]:
            assert (csv[label], line[label], row[label], cells[place]) == ("", None, None, None)
        else:
            assert csv[label] != ""
            assert None not in (line[label], row[label], cells[place])


def test_what_is_missing_is_a_dash_in_a_picture() -> None:
    assert display.seconds(None) == display.seconds(float("nan")) == display.moment(None) == "–"
