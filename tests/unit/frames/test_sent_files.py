"""A table that is sent as a file arrives as the table that a notebook keeps."""

from __future__ import annotations

import base64
import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types
import pytest
from pyarrow import parquet

from scrapeq.errors import InputError
from scrapeq.frames import pack_table, read_urls, table_to_send, unpack_table

URLS = [f"https://a.example/{number}" for number in range(4)]
#: What a table of four rows says of itself.
ABOUT = {
    "rows": 4,
    "range": [0, 1],
    "levels": [None],
    "labels": ["u", "kind"],
    "json": [],
    "object": [],
    "text": [],
}


def arrived(table, path, url="u"):
    """What a server reads of the file."""
    path = path / "urls.parquet"
    data, name = table_to_send(read_urls(table, url))
    path.write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_urls(path, name)


@pytest.mark.parametrize(
    "values",
    [
        [{"a": 1}, {"b": [1, 2]}, {}, None],
        [[[1], [2, 3]], [[]], None, [[4]]],
        [[1], [2], [], None],
        [[1, [2]], [], None, [3]],
        [True, "a", 1.5, None],
        [2**70, 1, 2, 3],
        [1j, 2, 3, 4],
        [(1, 2), None, (), (3,)],
        [np.array([1, 2]), None, np.array([]), np.array([3])],
        pd.to_datetime(["2026-01-01"] * 4).astype("datetime64[s]"),
        pd.to_timedelta([1, 2, None, 3], unit="s"),
        pd.period_range("2026-01", periods=4, freq="M"),
        pd.Categorical([3, 1, None, 3], categories=[3, 2, 1], ordered=True),
        pd.Categorical(["b", "a", None, "b"], categories=["b", "unused", "a"]),
        pd.Series(pd.to_datetime(["2026-01-01", "2026-01-01", "2027-01-01", "2027-01-01"])).astype(
            "category"
        ),
        pd.Categorical([None] * 4),
        pd.cut([1, 2, 3, 4], 2),
    ],
    ids=lambda values: str(getattr(values, "dtype", values))[:30],
)
@pytest.mark.filterwarnings("ignore:kept as text")
def test_a_column_arrives_as_a_notebook_keeps_it(values, tmp_path):
    table = pd.DataFrame({"u": URLS, "n": values})

    sent = arrived(table, tmp_path)

    kept = unpack_table(pack_table(table))
    pd.testing.assert_frame_equal(sent.table, kept)
    pd.testing.assert_frame_equal(unpack_table(pack_table(sent.table)), kept)
    assert (sent.name, sent.values) == ("u", URLS)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(10, 50, 10, name="n"),
        pd.Index([3, 1, 2, None], name="u"),
        pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["s", None]),
        pd.CategoricalIndex([2, 1, 2, 1]),
    ],
    ids=lambda index: type(index).__name__,
)
def test_labels_arrive_as_they_are(index, tmp_path):
    table = pd.DataFrame({0: URLS, 1: range(4), pd.Timestamp("2026-01-01"): 1.5}, index=index)

    sent = arrived(table, tmp_path, url="0")

    pd.testing.assert_frame_equal(sent.table, table)
    assert (sent.name, sent.values) == ("0", URLS)


def test_what_no_table_carries_is_named_once_as_in_a_notebook(tmp_path):
    with pytest.warns(UserWarning, match="kept as text.*'n'") as caught:
        arrived(pd.DataFrame({"u": URLS, "n": [2**70, {1}, 1j, None]}), tmp_path)

    assert len(caught) == 1


def test_a_column_without_a_name_and_a_table_without_columns_arrive(tmp_path):
    sent = arrived(pd.Series(URLS, index=list("abcd")), tmp_path, url=None)

    assert (sent.name, sent.values, list(sent.table.index)) == ("url", URLS, list("abcd"))


def test_another_parquet_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "urls.parquet"
    table = pa.table({"u": URLS, "n": [[1], [2], [], None]})
    parquet.write_table(table.replace_schema_metadata({b"scrapeq": b"{}"}), path)

    pd.testing.assert_frame_equal(read_urls(path, "u").table, pd.read_parquet(path))


@pytest.mark.parametrize(
    "forged",
    [
        {b"scrapeq-schema": b"no base64"},
        {b"scrapeq-schema": base64.b64encode(b"no schema")},
        {b"scrapeq-categories": b"{}"},
        {b"scrapeq-categories": json.dumps({"1": "AAAA"}).encode()},
        {b"scrapeq": b"{}"},
        {b"scrapeq": b"[" * 100_000},
        {b"scrapeq": json.dumps({"rows": 10**12}).encode()},
        {b"scrapeq": json.dumps({**ABOUT, "labels": [{}, 1]}).encode()},
        {b"scrapeq": json.dumps({**ABOUT, "range": [0, 0]}).encode()},
    ],
)
def test_a_forged_file_is_refused_in_words(forged, tmp_path):
    path = tmp_path / "urls.parquet"
    table = pd.DataFrame({"u": URLS, "kind": pd.Categorical([1, 2, 1, 2])})
    path.write_bytes(table_to_send(read_urls(table, "u"))[0])
    sent = parquet.read_table(path)
    about = {**sent.schema.metadata, **forged}
    parquet.write_table(sent.replace_schema_metadata(about), path)

    with pytest.raises(InputError, match="cannot be read"):
        read_urls(path, "u")
