"""Who may speak with the server, and what they changed: tokens and the audit log.

A token is 256 random bits, so that one round of SHA-256 is enough to keep it by: nobody can try them out.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from scrapeq.clock import DAY_MS, from_ms, now_ms
from scrapeq.database.engine import insert_into, read_transaction, write_transaction
from scrapeq.database.schema import audit, tokens
from scrapeq.models.person import AccessToken, AuditEntry, Person, Right

#: What every token begins with, so that people and programs that look for leaked secrets know one.
MARK = "scrapeq_"
#: Milliseconds that the answer to a request with an idempotency key is kept.
ANSWER_KEPT_MS = DAY_MS
#: Milliseconds that the audit log goes back.
AUDIT_KEPT_MS = 400 * DAY_MS


def add_token(
    engine: sa.Engine, person: str, right: Right, *, expires_ms: int | None = None
) -> tuple[AccessToken, str]:
    """Make a token; it is in the second value, and nowhere else."""
    token_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    token = f"{MARK}{token_id}_{secret}"
    row = {
        "id": token_id,
        "hash": _hash(token),
        "person": person,
        "rights": right.value,
        "created_ms": now_ms(),
        "expires_ms": expires_ms,
    }
    with write_transaction(engine) as connection:
        connection.execute(tokens.insert(), row)
    return _token(row | {"revoked_ms": None}), token


def list_tokens(engine: sa.Engine) -> list[AccessToken]:
    """Every token that was made, the newest first."""
    query = sa.select(tokens).order_by(tokens.c.created_ms.desc(), tokens.c.id)
    with read_transaction(engine) as connection:
        return [_token(row) for row in connection.execute(query).mappings()]


def revoke_tokens(engine: sa.Engine, id_or_person: str) -> int:
    """Let a token, or every token of a person, be of no use any more; how many those are."""
    c = tokens.c
    chosen = sa.or_(c.id == id_or_person, c.person == id_or_person)
    change = tokens.update().where(chosen, c.revoked_ms.is_(None)).values(revoked_ms=now_ms())
    with write_transaction(engine) as connection:
        return int(connection.execute(change).rowcount)


def find_person(engine: sa.Engine, token: str) -> Person | None:
    """Whose token this is; None where it is nobody's, was revoked, or is over."""
    query = sa.select(tokens.c.person, tokens.c.rights, tokens.c.id).where(
        tokens.c.hash == _hash(token), _valid()
    )
    with read_transaction(engine) as connection:
        row = connection.execute(query).first()
    return None if row is None else Person(name=row[0], right=Right(row[1]), token_id=row[2])


def any_valid_token(engine: sa.Engine) -> bool:
    """Whether anybody could speak with the server."""
    with read_transaction(engine) as connection:
        return (
            connection.execute(sa.select(tokens.c.id).where(_valid()).limit(1)).first() is not None
        )


def _valid() -> sa.ColumnElement[bool]:
    c = tokens.c
    return sa.and_(c.revoked_ms.is_(None), sa.or_(c.expires_ms.is_(None), c.expires_ms > now_ms()))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: Any) -> AccessToken:
    return AccessToken(
        id=row["id"],
        person=row["person"],
        right=Right(row["rights"]),
        created_at=from_ms(row["created_ms"]),
        expires_at=from_ms(row["expires_ms"]),
        revoked_at=from_ms(row["revoked_ms"]),
    )


# -- the audit log ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begun:
    """A write that is noted. entry: its number; None: an earlier request had the same idempotency key.

    digest: of that earlier request. answer: of that, {"status", "body", "headers"}; None while it is under
    way, or where its server died in it.
    """

    entry: int | None
    digest: str = ""
    answer: dict[str, Any] | None = None


def begin_write(
    engine: sa.Engine,
    person: Person,
    action: str,
    target: str,
    *,
    key: str | None,
    digest: str,
    address: str = "",
) -> Begun:
    """Note a write before it is done. address: of whoever asks. Of two with the same key of one person, one begins."""
    values = {
        "at_ms": now_ms(),
        "person": person.name,
        "token_id": person.token_id,
        "address": address,
        "action": action,
        "target": target,
        "result": "",
        "key": key,
        "digest": digest if key is not None else None,
    }
    c = audit.c
    mine = sa.and_(c.person == person.name, c.key == key)
    with write_transaction(engine, durable=key is not None) as connection:
        if key is not None:
            old = c.at_ms < now_ms() - ANSWER_KEPT_MS
            connection.execute(
                audit.update().where(mine, old).values(key=None, digest=None, answer=None)
            )
        query = insert_into(connection, audit).values(values).on_conflict_do_nothing()
        entry = connection.execute(query.returning(c.id)).scalar_one_or_none()
        if entry is not None:
            return Begun(entry)
        earlier = connection.execute(sa.select(c.digest, c.answer).where(mine)).one()
    return Begun(None, earlier.digest, earlier.answer)


def end_write(
    engine: sa.Engine,
    entry: int,
    *,
    target: str,
    status: int,
    result: str,
    answer: dict[str, Any] | None,
) -> None:
    """Note how it ended. answer: to be given again to a request with the same key; None: such a request
    is done anew."""
    values: dict[str, Any] = {
        "status": status,
        "result": result,
        "target": target,
        "answer": answer,
    }
    if answer is None:
        values |= {"key": None, "digest": None}
    with write_transaction(engine, durable=answer is not None) as connection:
        connection.execute(audit.update().where(audit.c.id == entry).values(values))


def audit_entries(
    engine: sa.Engine, *, limit: int, before: int | None = None, person: str | None = None
) -> list[AuditEntry]:
    """What was changed, the newest first; before: only entries with a smaller number."""
    c = audit.c
    query = (
        sa.select(
            c.id, c.at_ms, c.person, c.token_id, c.address, c.action, c.target, c.status, c.result
        )
        .order_by(c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(c.id < before)
    if person is not None:
        query = query.where(c.person == person)
    with read_transaction(engine) as connection:
        return [
            AuditEntry(
                id=row.id,
                at=from_ms(row.at_ms),
                person=row.person,
                token_id=row.token_id,
                address=row.address,
                action=row.action,
                target=row.target,
                status=row.status,
                result=row.result,
            )
            for row in connection.execute(query)
        ]


def forget_old_writes(engine: sa.Engine) -> None:
    """Drop answers that nobody may ask for again, and entries that are older than the log goes back."""
    now = now_ms()
    c = audit.c
    with write_transaction(engine, durable=False) as connection:
        connection.execute(audit.delete().where(c.at_ms < now - AUDIT_KEPT_MS))
        old = sa.and_(c.key.is_not(None), c.at_ms < now - ANSWER_KEPT_MS)
        connection.execute(audit.update().where(old).values(key=None, digest=None, answer=None))
