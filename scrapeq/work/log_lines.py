"""What a worker writes into its log as JSON, a line for each entry, when SCRAPEQ_LOG_FORMAT says so.

An entry that belongs to a try carries its batch, job and host, whoever wrote it: the try says so in a
context variable, which each task of the loop has for itself.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from scrapeq.work.attempt import Outcome

#: Characters of a message, and of a traceback: what a stranger wrote may be in it.
LONGEST_MESSAGE, LONGEST_TRACEBACK = 2_000, 10_000
#: Names and passwords of URLs, wherever in a text they stand.
_CREDENTIALS = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/?#\s@]*@", re.IGNORECASE)
#: One entry for each try that ended: only where the log is JSON, for it is far too much to read.
_tries = logging.getLogger("scrapeq.tries")
_tries.setLevel(logging.WARNING)

_about: ContextVar[dict[str, str] | None] = ContextVar("what_is_worked_on", default=None)


@contextmanager
def about(*, batch: str, job: str, host: str) -> Iterator[None]:
    """What is logged inside the block belongs to this job."""
    token = _about.set({"batch": batch, "job": job, "host": host})
    try:
        yield
    finally:
        _about.reset(token)


class JsonLines(logging.Formatter):
    """An entry as one line of JSON: `time` (ISO 8601, UTC), `level`, `logger`, `pid`, `message`; where
    they are known `batch`, `job`, `host`, what the entry says besides (`extra={"details": {...}}`),
    and `traceback`. Names and passwords in URLs are left out."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": _CREDENTIALS.sub(r"\1", _message(record))[:LONGEST_MESSAGE],
            **(_about.get() or {}),
            **getattr(record, "details", {}),
        }
        if record.exc_info:
            text = _CREDENTIALS.sub(r"\1", self.formatException(record.exc_info))
            entry["traceback"] = text[-LONGEST_TRACEBACK:]  # its end names the error
        return json.dumps(entry, default=str)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit: somebody else's mistake
        return str(record.msg)


def write_json(logger: logging.Logger) -> None:
    """Have all that this logger's handlers write be such lines."""
    for handler in logger.handlers:
        handler.setFormatter(JsonLines())
    _tries.setLevel(logging.INFO)


def log_try(outcome: Outcome) -> None:
    """An entry for a try that ended; `outcome` is done (with `ok`), retry, leave, move or release."""
    if not _tries.isEnabledFor(logging.INFO):
        return
    ending, details = outcome.ending, {"outcome": str(outcome.ending.verb)}
    more: dict[str, Any] = {"error_kind": ending.error_kind, "error_message": ending.error_message}
    if outcome.result is not None:
        page = outcome.result.page
        more |= {"ok": page.ok, "http_status": page.http_status, "elapsed_s": page.elapsed_s}
        more["attempts"] = page.attempts
    known = {name: value for name, value in more.items() if value not in {None, ""}}
    _tries.info("a try ended", extra={"details": details | known})
