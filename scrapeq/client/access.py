"""Who may speak with a project's server: its tokens, and what was changed with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from scrapeq import clock, database, display
from scrapeq.database.access import Begun
from scrapeq.errors import ConfigError, NotFound
from scrapeq.models.person import AccessToken, AuditEntry, Person, Right
from scrapeq.pipeline.job_queue import JobQueue

#: Characters of a person's name, and days that a token may last.
LONGEST_NAME, MOST_DAYS = 100, 3_650


def create_token(
    queue: JobQueue, person: str, right: Right, days: float | None = None
) -> tuple[AccessToken, str]:
    """A new token of a person, and the token itself, which is kept nowhere: only its hash is.

    days: until it is of no use; None: until it is revoked. Raises ConfigError for a name that cannot be
    shown, or for other days than 1 to 3,650.
    """
    if not person.strip() or not person.isprintable() or len(person) > LONGEST_NAME:
        raise ConfigError(
            f"{person[:LONGEST_NAME]!r} cannot be the name of a person",
            hint=f"write a name of at most {LONGEST_NAME} characters, without line breaks",
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise ConfigError(
            f"a token cannot last for {days:g} days", hint=f"write 1 to {MOST_DAYS:,}"
        )
    expires = None if days is None else clock.to_ms(clock.now() + timedelta(days=days))
    return database.access.add_token(queue.services.engine, person, right, expires_ms=expires)


def list_tokens(queue: JobQueue) -> list[AccessToken]:
    """Every token that was made, also those of no use any more, the newest first."""
    return database.access.list_tokens(queue.services.engine)


def revoke_tokens(queue: JobQueue, id_or_person: str) -> int:
    """Let a token (by its id), or all of a person, be of no use; how many. Raises NotFound for none."""
    revoked = database.access.revoke_tokens(queue.services.engine, id_or_person)
    if not revoked:
        raise NotFound(
            f"there is no valid token {display.quoted(id_or_person)}, and nobody of this name has one",
            hint="scrapeq token list shows all",
        )
    return revoked


def find_person(queue: JobQueue, token: str) -> Person | None:
    """Whose token it is; None where it is of no use."""
    return database.access.find_person(queue.services.engine, token)


def any_valid_token(queue: JobQueue) -> bool:
    """Whether there is a token that could be used now."""
    return database.access.any_valid_token(queue.services.engine)


def begin_write(
    queue: JobQueue,
    person: Person,
    action: str,
    target: str,
    *,
    key: str | None,
    digest: str,
    address: str,
) -> Begun:
    """See `database.access.begin_write`."""
    return database.access.begin_write(
        queue.services.engine, person, action, target, key=key, digest=digest, address=address
    )


def end_write(
    queue: JobQueue,
    entry: int,
    *,
    target: str,
    status: int,
    result: str,
    answer: dict[str, Any] | None,
) -> None:
    """See `database.access.end_write`."""
    database.access.end_write(
        queue.services.engine, entry, target=target, status=status, result=result, answer=answer
    )


def audit_entries(
    queue: JobQueue, limit: int = 100, before: int | None = None, person: str | None = None
) -> list[AuditEntry]:
    """What was changed over the server, the newest first; before: only entries with a smaller id."""
    return database.access.audit_entries(
        queue.services.engine, limit=limit, before=before, person=person
    )


def forget_old_writes(queue: JobQueue) -> None:
    """Drop what the audit log keeps no longer."""
    database.access.forget_old_writes(queue.services.engine)
