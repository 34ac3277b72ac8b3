"""Telling other programs that a batch is done: what is sent, signed, and sent again until it is taken.

A notification is made in the transaction of its batch, its body is written into the record before it is sent,
and what it needs next is noted before each try. So it is sent at least once, whatever dies; `webhook-id`
tells whoever gets it twice. The headers are those of the Standard Webhooks specification.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from scrapeq import database
from scrapeq.errors import ConfigError
from scrapeq.fetch.posting import Post, Posted, post_all
from scrapeq.fetch.route import Routes
from scrapeq.models import Batch, BatchState, reveal
from scrapeq.models.notification import Notification, NotifyWhen
from scrapeq.project.changes import Changes, changes_since
from scrapeq.project.scheduling import clock
from scrapeq.project.services import Services

log = logging.getLogger(__name__)

#: Notifications that are looked at in one go.
TOGETHER = 32
#: Seconds that one process has to compare two runs before another tries; a million pages take a minute.
PREPARING_S = 600
#: Seconds until the second try; each later wait is four times as long, up to the longest. Ten tries
#: are made in about 22 hours.
FIRST_WAIT_S, LONGEST_WAIT_S, MOST_ATTEMPTS = 10.0, 6 * 3600.0, 10
#: The status of an endpoint that wants nothing more (RFC 9110, section 15.5.11).
GONE = 410


def notify(services: Services) -> None:
    """Prepare what is to be sent, and send what is due."""
    prepare(services)
    deliver(services)


def prepare(services: Services) -> None:
    """Write the bodies of notifications whose batch is done, or leave those out where nothing changed."""
    at_ms = round(clock(services).timestamp() * 1000)
    for notification in database.notifications.to_prepare(services.engine, at_ms, TOGETHER):
        until = clock(services) + timedelta(seconds=PREPARING_S)
        if not database.notifications.hold(services.engine, notification, until):
            continue  # another process is at it
        batch = database.batches.find_batch(services.engine, notification.batch_id)
        if batch is None:
            continue
        before = database.batches.run_before(services.engine, batch)
        changes = None if before is None else changes_since(services.engine, before, batch)
        is_over = batch.state is BatchState.FINISHED
        if (
            notification.notify.when is NotifyWhen.CHANGED
            and is_over
            and changes
            and not changes.any
        ):
            database.notifications.skipped(services.engine, notification)
            continue
        errors = database.jobs.error_kinds(services.engine, batch.id)
        now = clock(services)
        body = json.dumps(body_of(batch, errors, before, changes, now), ensure_ascii=False)
        database.notifications.prepared(services.engine, notification, body, now)


def body_of(
    batch: Batch,
    errors: Mapping[str, int],
    before: Batch | None,
    changes: Changes | None,
    now: datetime,
) -> dict[str, Any]:
    """What is sent: the batch, its counts, and what changed since the run before; no page and no secret."""
    compared = None
    if before is not None and changes is not None:
        compared = {
            "run": before.run,
            "batch": before.id,
            "counts": changes.counts,
            "examples": [{"url": url, "change": change} for url, change in changes.examples],
        }
    return {
        "type": f"batch.{batch.state.value}",
        "timestamp": _iso(now),
        "data": {
            "batch": batch.id,
            "name": batch.name,
            "run": batch.run,
            "state": batch.state.value,
            "counts": {
                "total": batch.total,
                "completed": batch.completed,
                "failed": batch.failed,
                "cancelled": batch.cancelled,
                "from_store": batch.from_store,
            },
            "errors": dict(errors),
            "created_at": _iso(batch.created_at),
            "finished_at": None if batch.finished_at is None else _iso(batch.finished_at),
            "compared": compared,
        },
    }


def deliver(services: Services) -> None:
    """Send what is due, all at the same time, and note what became of it."""
    now = clock(services)
    at_ms = round(now.timestamp() * 1000)
    taken = [
        notification
        for notification in database.notifications.due(services.engine, at_ms, TOGETHER)
        if database.notifications.take(
            services.engine, notification, now + _wait(notification.attempts + 1)
        )
    ]
    posts: list[Post] = []
    sent: list[Notification] = []
    for notification in taken:
        try:
            posts.append(_post(notification, now))
            sent.append(notification)
        except ConfigError as error:
            _note(services, notification, Posted(failure=str(error)), now)
    settings = services.settings
    routes = Routes(settings.allow_private_addresses, settings.connect_to)
    for notification, answer in zip(sent, post_all(posts, routes) if posts else (), strict=True):
        _note(services, notification, answer, now)


def _note(services: Services, notification: Notification, answer: Posted, now: datetime) -> None:
    status, attempts = answer.http_status, notification.attempts + 1
    if status is not None and 200 <= status < 300:
        database.notifications.delivered(services.engine, notification, status, now)
        return
    message = answer.failure or f"the answer was {status}"
    is_last = status == GONE or attempts >= MOST_ATTEMPTS
    again_at = None if is_last else now + _wait(attempts, answer.retry_after_s)
    database.notifications.refused(services.engine, notification, message[:500], status, again_at)
    log.warning(
        "the notification %s to %s was not taken (try %d): %s",
        notification.id,
        notification.notify.shown_url,
        attempts,
        message,
    )


def _post(notification: Notification, now: datetime) -> Post:
    """Raises ConfigError where a variable of this worker's environment is not set, or is no secret."""
    body = (notification.body or "").encode("utf-8", "replace")
    secret = notification.notify.secret
    headers = {"Content-Type": "application/json", "webhook-id": notification.id}
    headers["webhook-timestamp"] = f"{now.timestamp():.0f}"
    if secret is not None:
        key = signing_key(reveal(SecretStr(secret)))
        headers["webhook-signature"] = signature(
            key, notification.id, headers["webhook-timestamp"], body
        )
    return Post(reveal(notification.notify.url), body, headers)


def signing_key(secret: str) -> bytes:
    """The key of a secret: behind "whsec_" it is base64, any other is taken as it is. Raises ConfigError."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ConfigError(
            "the secret of a notification begins with whsec_ and is no base64 behind it",
            hint="set the variable to the secret as the other side shows it",
        ) from None


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over "id.timestamp.body", as `webhook-signature` has it."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def wait_s(attempts: int, jitter: float) -> float:
    """Seconds until the next try, after so many; jitter from 0 to 1 makes it up to a fifth longer."""
    usual_s: float = min(FIRST_WAIT_S * 4 ** (attempts - 1), LONGEST_WAIT_S)
    return usual_s * (1 + jitter / 5)


def _wait(attempts: int, asked_s: float | None = None) -> timedelta:
    asked_s = min(asked_s or 0.0, LONGEST_WAIT_S)
    return timedelta(seconds=max(asked_s, wait_s(attempts, random.random())))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
