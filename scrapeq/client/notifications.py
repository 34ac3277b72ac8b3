"""Who was told that batches are done, and who was not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from scrapeq import database, frames
from scrapeq.client.handle import BatchHandle
from scrapeq.errors import ConfigError
from scrapeq.models.notification import NotificationState
from scrapeq.pipeline.job_queue import JobQueue, get_looking_queue

if TYPE_CHECKING:
    import pandas as pd


def notifications(
    batch: str | BatchHandle | None = None, *, limit: int = 100, queue: JobQueue | None = None
) -> pd.DataFrame:
    """One row per notification, the newest first, at most `limit`; on request only those of one batch.

    Columns: batch string, its name, NA without one · batch_id string · to string, the scheme and host of
    the URL, or the name of its variable · state category: waiting, the batch is not done; due, it is
    sent until it is taken; delivered; skipped, nothing had changed; given_up · attempts Int64 ·
    next_at datetime64[us, UTC], when it is sent again · http_status Int16, of the last answer · error
    string, why it was not taken · delivered_at datetime64[us, UTC] · notification_id string, which the other
    side sees as `webhook-id`. Raises NotFound for a batch that there is not, ConfigError for a bad limit,
    DatabaseUnavailable.
    """
    return frames.notifications_frame(
        [
            one._replace(next_at=_seconds(one.next_at), delivered_at=_seconds(one.delivered_at))
            for one in notification_rows(batch, limit=limit, queue=queue)
        ],
        list(NotificationState),
    )


class NotificationRow(NamedTuple):
    """A notification as a table shows it: see `notifications`."""

    batch: str | None
    batch_id: str
    to: str
    state: str
    attempts: int
    next_at: Any
    http_status: int | None
    error: str | None
    delivered_at: Any
    notification_id: str


def notification_rows(
    batch: str | BatchHandle | None = None, *, limit: int = 100, queue: JobQueue | None = None
) -> list[NotificationRow]:
    """The rows of `notifications`; times are aware datetimes."""
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise ConfigError(f"limit is {limit!r}", hint="write how many rows there may be, 1 or more")
    if queue is None:
        queue = batch.queue if isinstance(batch, BatchHandle) else get_looking_queue()
    queue.services.check_record()
    batch_id = None
    if batch is not None:
        named = batch.id if isinstance(batch, BatchHandle) else batch
        batch_id = queue.find_batch(named).id
    return [
        NotificationRow(
            name,
            one.batch_id,
            one.notify.shown_url,
            one.state.value,
            one.attempts,
            one.next_at if one.state is NotificationState.DUE else None,
            one.http_status,
            one.error_message or None,
            one.delivered_at,
            one.id,
        )
        for one, name in database.notifications.listed(queue.services.engine, batch_id, limit)
    ]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
