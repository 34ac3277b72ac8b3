"""Whose token it is: that of `scrapeq dashboard`, or one of the record's."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Protocol

from scrapeq.client import access
from scrapeq.database.access import MARK
from scrapeq.models.person import Person, Right
from scrapeq.pipeline.job_queue import JobQueue

#: Seconds that an answer of the record is used again: so long a revoked token lives at most.
KNOWN_S = 1.0
#: Tokens that are remembered, and characters of one: those that we make have 60.
MOST_KNOWN, LONGEST_TOKEN = 10_000, 200


#: What stands in the audit log in place of an id for the token of `scrapeq dashboard`.
_NO_ID = "dashboard"


class Tokens(Protocol):
    """Knows people by their tokens."""

    async def find(self, token: str) -> Person | None:
        """Whose token it is; None where it is of no use. Raises DatabaseUnavailable."""


class OneToken:
    """One token, of the person who started the server, who may do everything."""

    def __init__(self, token: str, name: str) -> None:
        self._token = token.encode()
        self._person = Person(name=name, right=Right.ADMINISTER, token_id=_NO_ID)

    async def find(self, token: str) -> Person | None:
        """See `Tokens`."""
        same = secrets.compare_digest(token.encode("utf-8", "surrogatepass"), self._token)
        return self._person if same else None


class StoredTokens:
    """The tokens of the record, each asked for once a second."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._known: dict[str, tuple[float, Person | None]] = {}

    async def find(self, token: str) -> Person | None:
        """See `Tokens`."""
        if not token.startswith(MARK) or len(token) > LONGEST_TOKEN:
            return None
        now = time.monotonic()
        at, person = self._known.get(token, (-KNOWN_S, None))
        if now - at < KNOWN_S:
            return person
        person = await asyncio.to_thread(access.find_person, self._queue, token)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[token] = (now, person)
        return person
