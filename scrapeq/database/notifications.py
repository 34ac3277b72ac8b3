"""The notifications in the record: made with their batch, prepared once, and sent by one process at a time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import SecretStr

from scrapeq.clock import from_ms, to_ms
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.schema import batches, notifications
from scrapeq.database.sealing import keys_of
from scrapeq.models import BatchState
from scrapeq.models.notification import Notification, NotificationState, Notify, NotifyWhen

_ENDED = (BatchState.FINISHED.value, BatchState.CANCELLED.value)


def add(connection: sa.Connection, batch_id: str, notify: Notify, at_ms: int) -> None:
    """Have a batch told of when it is done; part of the transaction that makes it."""
    values = {
        "id": f"msg_{uuid.uuid4().hex}",
        "batch_id": batch_id,
        "url": keys_of(connection).seal(notify.url.get_secret_value()),
        "secret": notify.secret,
        "notify_when": notify.when.value,
        "state": NotificationState.WAITING.value,
        "created_ms": at_ms,
    }
    connection.execute(notifications.insert().values(values))


def add_missing(engine: sa.Engine, batch_id: str, notify: Notify, at_ms: int) -> bool:
    """The same for a batch that is there, unless it has one for this URL."""
    c = notifications.c
    there, unseal = sa.select(c.url).where(c.batch_id == batch_id), keys_of(engine).unseal
    with write_transaction(engine) as connection:
        known = map(unseal, connection.execute(there).scalars())
        if notify.url.get_secret_value() in known:
            return False
        add(connection, batch_id, notify, at_ms)
        return True


def to_prepare(engine: sa.Engine, at_ms: int, limit: int) -> list[Notification]:
    """Those whose batch is done and that nobody holds, the oldest first."""
    ended = sa.select(batches.c.id).where(
        batches.c.id == notifications.c.batch_id, batches.c.state.in_(_ENDED)
    )
    with read_transaction(engine) as connection:
        wanted = sa.and_(
            notifications.c.state == NotificationState.WAITING.value,
            sa.func.coalesce(notifications.c.next_ms, 0) <= at_ms,
            ended.exists(),
        )
        return list(_read(connection, wanted, notifications.c.created_ms, limit))


def hold(engine: sa.Engine, notification: Notification, until: datetime) -> bool:
    """Prepare one that waits, until a time at most. Of all processes that see it, one gets True."""
    c = notifications.c
    same = sa.and_(
        c.id == notification.id,
        c.state == NotificationState.WAITING.value,
        c.next_ms.is_not_distinct_from(to_ms(notification.next_at)),
    )
    change = notifications.update().where(same).values(next_ms=to_ms(until))
    with write_transaction(engine) as connection:
        return connection.execute(change).rowcount > 0


def prepared(engine: sa.Engine, notification: Notification, body: str, next_at: datetime) -> None:
    """Keep what is sent, from now on."""
    values = {"state": NotificationState.DUE.value, "body": body, "next_ms": to_ms(next_at)}
    _change(engine, notification, values)


def skipped(engine: sa.Engine, notification: Notification) -> None:
    """Note that it is not sent."""
    values = {"state": NotificationState.SKIPPED.value, "url": notification.notify.shown_url}
    _change(engine, notification, values)


def due(engine: sa.Engine, at_ms: int, limit: int) -> list[Notification]:
    """Those that are to be sent now, the one that waits longest first."""
    c = notifications.c
    wanted = sa.and_(c.state == NotificationState.DUE.value, c.next_ms <= at_ms)
    with read_transaction(engine) as connection:
        return list(_read(connection, wanted, c.next_ms, limit))


def take(engine: sa.Engine, notification: Notification, again_at: datetime) -> bool:
    """Count an attempt, and set when another is made unless this one is noted to have gone well. Of all
    processes that see the notification, one gets True."""
    values = {"attempts": notification.attempts + 1, "next_ms": to_ms(again_at)}
    return _change(engine, notification, values)


def delivered(
    engine: sa.Engine, notification: Notification, http_status: int, at: datetime
) -> None:
    """Note that it was taken."""
    values = {
        "state": NotificationState.DELIVERED.value,
        "url": notification.notify.shown_url,
        "http_status": http_status,
        "error_message": "",
        "delivered_ms": to_ms(at),
    }
    _by_id(engine, notification, values)


def refused(
    engine: sa.Engine,
    notification: Notification,
    message: str,
    http_status: int | None,
    again_at: datetime | None,
) -> None:
    """Note why it was not taken, and when it is sent again; None gives it up."""
    values = {"error_message": message, "http_status": http_status, "next_ms": to_ms(again_at)}
    if again_at is None:
        values |= {
            "state": NotificationState.GIVEN_UP.value,
            "url": notification.notify.shown_url,
        }
    _by_id(engine, notification, values)


class Listed(NamedTuple):
    """A notification, and the name of its batch."""

    notification: Notification
    batch: str | None


def listed(engine: sa.Engine, batch_id: str | None, limit: int) -> list[Listed]:
    """The newest notifications, on request only those of one batch."""
    c = notifications.c
    wanted = sa.true() if batch_id is None else c.batch_id == batch_id
    with read_transaction(engine) as connection:
        found = list(_read(connection, wanted, c.created_ms.desc(), limit))
        ids = {one.batch_id for one in found}
        query = sa.select(batches.c.id, batches.c.name).where(batches.c.id.in_(ids))
        names = {row.id: row.name for row in connection.execute(query)}
    return [Listed(one, names.get(one.batch_id)) for one in found]


def _change(engine: sa.Engine, seen: Notification, values: dict[str, Any]) -> bool:
    """Change a notification that is as it was seen; whether it was."""
    c = notifications.c
    same = sa.and_(c.id == seen.id, c.state == seen.state.value, c.attempts == seen.attempts)
    with write_transaction(engine) as connection:
        return connection.execute(notifications.update().where(same).values(values)).rowcount > 0


def _by_id(engine: sa.Engine, notification: Notification, values: dict[str, Any]) -> None:
    """Change a notification that is not delivered, whoever has sent it since."""
    c = notifications.c
    open_ = sa.and_(c.id == notification.id, c.state == NotificationState.DUE.value)
    with write_transaction(engine) as connection:
        connection.execute(notifications.update().where(open_).values(values))


def _read(
    connection: sa.Connection, wanted: sa.ColumnElement[bool], order: Any, limit: int
) -> Iterator[Notification]:
    query = sa.select(notifications).where(wanted).order_by(order, notifications.c.id).limit(limit)
    for row in connection.execute(query):
        yield Notification(
            id=row.id,
            batch_id=row.batch_id,
            notify=Notify(
                url=SecretStr(keys_of(connection).unseal(row.url)),
                secret=row.secret,
                when=NotifyWhen(row.notify_when),
            ),
            state=NotificationState(row.state),
            body=row.body,
            attempts=row.attempts,
            next_at=from_ms(row.next_ms),
            http_status=row.http_status,
            error_message=row.error_message,
            delivered_at=from_ms(row.delivered_ms),
        )
