"""Schedules and notifications as they are listed: one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped] # it has no types

from scrapeq.frames.columns import CATEGORY, TEXT, TIME, rows_frame

#: What `state` may be.
SCHEDULE_STATES = ("waiting", "running", "overdue", "paused", "ended")

_TYPES: dict[str, pa.DataType] = {
    "schedule": TEXT,
    "when": TEXT,
    "state": CATEGORY,
    "next_at": TIME,
    "last_at": TIME,
    "batch_id": TEXT,
    "rows": pa.int64(),
    "failed": pa.int64(),
    "missed": pa.int64(),
    "error": TEXT,
}

_NOTIFICATION_TYPES: dict[str, pa.DataType] = {
    "batch": TEXT,
    "batch_id": TEXT,
    "to": TEXT,
    "state": CATEGORY,
    "attempts": pa.int64(),
    "next_at": TIME,
    "http_status": pa.int16(),
    "error": TEXT,
    "delivered_at": TIME,
    "notification_id": TEXT,
}


def schedules_frame(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """One row per schedule, in the order given; see `client.schedules.schedules`.

    rows: tuples with the columns in their order, times in seconds since 1970. No rows give an empty
    frame with these columns.
    """
    frame = rows_frame(_TYPES, rows)
    frame["state"] = frame["state"].cat.set_categories(list(SCHEDULE_STATES))
    return frame


def notifications_frame(rows: Sequence[Sequence[Any]], states: Sequence[str]) -> pd.DataFrame:
    """One row per notification, in the order given; see `client.notifications.notifications`.

    rows: as for `schedules_frame`. states: all that there are.
    """
    frame = rows_frame(_NOTIFICATION_TYPES, rows)
    frame["state"] = frame["state"].cat.set_categories(list(states))
    return frame
