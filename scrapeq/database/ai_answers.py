"""Answers of language models, by the digest of their question: none is paid for twice.

Before there is an answer, the row says who asks, and `beat` rises while that one lives. So whoever waits
sees that it has ended, and needs no clock of another machine for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from scrapeq.clock import now_ms
from scrapeq.database.engine import insert_into, read_transaction, write_transaction
from scrapeq.database.schema import ai_answers


@dataclass(frozen=True, slots=True)
class AIAnswer:
    """What a model answered, as text, and the tokens that it took then."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    finish_reason: str | None


class Asking(NamedTuple):
    """Somebody asks now."""

    asker: str
    beat: int


def find(engine: sa.Engine, key: str) -> AIAnswer | Asking | None:
    """The answer to a question, who asks it, or None: nobody has."""
    with read_transaction(engine) as connection:
        row = connection.execute(sa.select(ai_answers).where(ai_answers.c.key == key)).first()
    if row is None:
        return None
    if row.asker is not None:
        return Asking(row.asker, row.beat)
    return AIAnswer(row.text, row.model, row.input_tokens, row.output_tokens, row.finish_reason)


def claim(engine: sa.Engine, key: str, asker: str) -> bool:
    """Let `asker` ask; False if another one was first, or there is an answer."""
    row = {"key": key, "asker": asker, "beat": 0, "at_ms": now_ms()}
    with write_transaction(engine, durable=False) as connection:
        insert = insert_into(connection, ai_answers).values(**row).on_conflict_do_nothing()
        # psycopg tells no count of rows for it
        return connection.execute(insert.returning(ai_answers.c.key)).first() is not None


def take_over(engine: sa.Engine, key: str, asker: str, silent: Asking) -> bool:
    """Let `asker` ask in the place of one that gave no sign of life; False if it, or another, did."""
    c = ai_answers.c
    with write_transaction(engine, durable=False) as connection:
        changed = connection.execute(
            ai_answers.update()
            .where(c.key == key, c.asker == silent.asker, c.beat == silent.beat)
            .values(asker=asker, beat=0, at_ms=now_ms())
        )
        return bool(changed.rowcount)


def beat(engine: sa.Engine, keys: Sequence[str], asker: str) -> None:
    """Say that `asker` lives, and still asks these."""
    c = ai_answers.c
    with write_transaction(engine, durable=False) as connection:
        connection.execute(
            ai_answers.update()
            .where(c.key.in_(keys), c.asker == asker)
            .values(beat=c.beat + 1, at_ms=now_ms())
        )


def keep(engine: sa.Engine, key: str, answer: AIAnswer) -> None:
    """The answer, for everybody; when this returns, it is on the disk."""
    row = {
        "asker": None,
        "text": answer.text,
        "model": answer.model,
        "input_tokens": answer.input_tokens,
        "output_tokens": answer.output_tokens,
        "finish_reason": answer.finish_reason,
        "at_ms": now_ms(),
    }
    with write_transaction(engine) as connection:
        insert = insert_into(connection, ai_answers).values(key=key, beat=0, **row)
        connection.execute(insert.on_conflict_do_update(index_elements=["key"], set_=row))


def give_up(engine: sa.Engine, key: str, asker: str) -> None:
    """There is no answer: the next one may ask."""
    c = ai_answers.c
    with write_transaction(engine, durable=False) as connection:
        connection.execute(ai_answers.delete().where(c.key == key, c.asker == asker))


def clean(engine: sa.Engine, before_ms: int, most: int) -> int:
    """Delete answers that are older, and the oldest of more than `most`; how many."""
    c = ai_answers.c
    with read_transaction(engine) as connection:
        newest = sa.select(c.at_ms).order_by(c.at_ms.desc()).offset(most - 1).limit(1)
        enough_ms = connection.execute(newest).scalar_one_or_none()
    limit_ms = max(before_ms, enough_ms or 0)
    with write_transaction(engine, durable=False) as connection:
        return connection.execute(ai_answers.delete().where(c.at_ms < limit_ms)).rowcount
