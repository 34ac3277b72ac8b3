"""Jobs and batches as they are listed: one row each, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import CATEGORY, TEXT, TIME, array, float64, make_frame, rows_frame
from scrapeq.frames.history import success_rate

_JOB_TYPES: dict[str, pa.DataType] = {
    "job_id": TEXT,
    "batch": TEXT,
    "batch_id": TEXT,
    "row": pa.int64(),
    "url": TEXT,
    "host": TEXT,
    "status": CATEGORY,
    "priority": pa.int8(),
    "attempts": pa.int16(),
    "error_kind": CATEGORY,
    "error_message": TEXT,
    "started_at": TIME,
    "finished_at": TIME,
    "elapsed_s": pa.float64(),
    "http_status": pa.int16(),
    "from_store": pa.bool_(),
    "rendered": pa.bool_(),
}
#: The columns of `jobs_frame`, in this order.
JOB_COLUMNS: tuple[str, ...] = tuple(_JOB_TYPES)

_BATCH_TYPES: dict[str, pa.DataType] = {
    "batch": TEXT,
    "batch_id": TEXT,
    "run": pa.int64(),
    "state": CATEGORY,
    "total": pa.int64(),
    "completed": pa.int64(),
    "failed": pa.int64(),
    "cancelled": pa.int64(),
    "from_store": pa.int64(),
    "rendered": pa.int64(),
    "created_at": TIME,
    "finished_at": TIME,
}


def jobs_frame(chunks: Iterable[Sequence[Sequence[Any]]], limit: int | None = None) -> pd.DataFrame:
    """One row per job, the newest first, at most `limit`; see `client.tables.jobs`.

    chunks: columns with as many values each: `JOB_COLUMNS` in their order, times in seconds since 1970,
    and the times in milliseconds that jobs are listed by; jobs of one time stay in the order given. No
    chunks give an empty frame with these columns.
    """
    arrays: dict[str, list[pa.Array]] = {name: [] for name in _JOB_TYPES}
    listed = [np.empty(0, dtype=np.int64)]
    for chunk in chunks:
        for (name, kind), values in zip(_JOB_TYPES.items(), chunk, strict=False):
            arrays[name].append(array(values, kind))
        listed += [np.array(at_ms, dtype=np.int64) for at_ms in chunk[len(_JOB_TYPES) :]]
    at_ms = np.concatenate(listed)
    order = None
    if (at_ms[1:] > at_ms[:-1]).any() or (limit is not None and len(at_ms) > limit):
        order = np.argsort(-at_ms, kind="stable")[:limit]
    return make_frame(_JOB_TYPES, arrays, order)


def batches_frame(rows: Sequence[Sequence[Any]], now_s: float) -> pd.DataFrame:
    """One row per batch, in the order given; see `pipeline.tables.batches`.

    rows: tuples of batch (its name), batch_id, run, state, total, completed, failed, cancelled,
    from_store, rendered, created and finished in seconds since 1970. An unfinished one has lasted until
    now_s. No rows give an empty frame with these columns.
    """
    frame = rows_frame(_BATCH_TYPES, rows)
    completed = frame["completed"].to_numpy(dtype=np.int64)
    failed = frame["failed"].to_numpy(dtype=np.int64)
    open_ = frame["total"] - frame["completed"] - frame["failed"] - frame["cancelled"]
    elapsed = [max(0.0, (now_s if row[-1] is None else row[-1]) - row[-2]) for row in rows]
    frame.insert(8, "open", open_)
    frame.insert(11, "success_rate", success_rate(completed, failed))
    frame["elapsed_s"] = float64(elapsed, np.ones(len(rows), dtype=bool))
    return frame
