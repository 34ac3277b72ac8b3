"""A schedule as people see it: without its secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from scrapeq.models.notification import NotifyWhen


class ShownNotify(BaseModel):
    """Who is notified of each run; of the URL only its host is shown."""

    model_config = ConfigDict(frozen=True)

    to: str
    when: NotifyWhen


class ShownSchedule(BaseModel):
    """A schedule: see `sq.schedules`. `when` says its times in words, `options` are masked."""

    model_config = ConfigDict(frozen=True)

    name: str
    when: str
    every: str | None
    at: str | None
    cron: str | None
    timezone: str
    state: str
    paused: bool
    next_at: datetime | None
    last_at: datetime | None
    last_batch_id: str | None
    made_at: datetime
    owner: str
    url_column: str | None
    rows: int
    failed: int | None
    missed: int
    error: str | None
    priority: int
    options: dict[str, Any]
    notify: ShownNotify | None
