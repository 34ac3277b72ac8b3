"""Telling another program that a batch is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from scrapeq.errors import ConfigError
from scrapeq.models.secret_values import SEALED

#: Characters of a URL that is notified; browsers and servers take about so many.
LONGEST_URL = 2_000
_URL_HINT = 'write one like "https://example.com/hook", or "env:NAME" to take it from the worker'


class NotifyWhen(StrEnum):
    """Which ends of a batch are told."""

    DONE = "done"  # each one
    CHANGED = "changed"  # those that differ from the run before, in rows or in what failed


class NotificationState(StrEnum):
    """What became of telling one."""

    WAITING = "waiting"  # the batch is not done
    DUE = "due"  # it is sent, and sent again until it is taken
    DELIVERED = "delivered"  # the other side took it
    SKIPPED = "skipped"  # nothing had changed
    GIVEN_UP = "given_up"  # the other side took it at no time, or wants no more


class Notify(BaseModel):
    """Whom to tell when a batch is done. Make one with `Notify.of(...)`, which checks it.

    url: http or https, or "env:NAME" of the worker's environment, as it may be a secret itself.
    secret: "env:NAME" of what a notification is signed with; None: it is not signed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: SecretStr
    secret: str | None = None
    when: NotifyWhen = NotifyWhen.DONE

    @classmethod
    def of(cls, url: str, secret: str | None = None, when: str = NotifyWhen.DONE) -> Self:
        """Raises ConfigError for what cannot be met."""
        if not isinstance(url, str) or not (_is_name(url) or _is_url(url)):
            raise ConfigError("notify is no URL that can be told", hint=_URL_HINT)
        if secret is not None and not (isinstance(secret, str) and _is_name(secret)):
            raise ConfigError(
                "notify_secret is not the name of a variable",
                hint='write "env:NAME", and set NAME where the workers start',
            )
        if when not in list(NotifyWhen):  # a list: what is given may have no hash
            raise ConfigError(
                f"notify_when is {repr(when)[:40]}", hint=f"write one of: {', '.join(NotifyWhen)}"
            )
        return cls(url=SecretStr(url), secret=secret, when=NotifyWhen(when))

    @property
    def shown_url(self) -> str:
        """Its host, as it may be shown: the rest of the URL may be a secret."""
        return shown_url(self.url.get_secret_value())

    def to_storage(self, seal: Callable[[str], str]) -> dict[str, Any]:
        """As the database keeps it, with the URL encrypted."""
        url = seal(self.url.get_secret_value())
        return {"url": url, "secret": self.secret, "when": self.when.value}

    @classmethod
    def from_storage(cls, stored: dict[str, Any], unseal: Callable[[str], str]) -> Self:
        """What `to_storage` gave."""
        return cls(**{**stored, "url": unseal(stored["url"])})


class Notification(BaseModel):
    """One notification of one batch: it is sent until it is taken, and may be taken twice.

    id: the same each time it is sent, so that whoever gets it twice knows. body: what is sent, None
    until it is known. attempts, next_at: how often it was sent, and when it is sent again.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    batch_id: str
    notify: Notify
    state: NotificationState
    body: str | None = None
    attempts: int = 0
    next_at: datetime | None = None
    http_status: int | None = None
    error_message: str = ""
    delivered_at: datetime | None = None


def shown_url(url: str) -> str:
    """The scheme and host of a URL, or the name of a variable."""
    if _is_name(url):
        return url
    if url.startswith(SEALED):
        return "encrypted"
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


def _is_name(text: str) -> bool:
    return text.startswith("env:") and text.removeprefix("env:").isidentifier()


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    is_plain = text.isprintable() and " " not in text and len(text) <= LONGEST_URL
    return (
        is_plain
        and parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and parts.username is None
    )
