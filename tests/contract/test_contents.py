"""The bytes of pages: kept once, read back, and let go of when there is no room."""

from __future__ import annotations

import os
import zlib

import pytest
import sqlalchemy as sa

from scrapeq import database
from scrapeq.database import contents
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.schema import contents as table


def keep(record, bodies, *, lasting=False, first_ms=1_000):
    rows = [
        {**contents.content_row(body, "text/html", lasting=lasting), "kept_ms": first_ms + number}
        for number, body in enumerate(bodies)
    ]
    with write_transaction(record) as connection:
        contents.save(connection, rows)
    return [row["sha256"] for row in rows]


def kept(record):
    with read_transaction(record) as connection:
        return set(connection.execute(sa.select(table.c.sha256)).scalars())


def size(record):
    with read_transaction(record) as connection:
        return connection.execute(sa.select(sa.func.sum(table.c.bytes))).scalar()


@pytest.mark.parametrize("body", [b"", b"<p>", b"x" * 1_000_000, os.urandom(100_000)])
def test_bytes_come_back_as_they_were(record, body):
    (name,) = keep(record, [body])

    assert database.stored_pages.read_html(record, name) == body


def test_bytes_of_an_older_version_can_be_read():
    assert contents.unpacked(zlib.compress(b"<p>")) == b"<p>"


def test_the_oldest_go_first_and_only_as_many_as_have_to(record):
    names = keep(record, [os.urandom(10_000) for _ in range(10)])

    assert contents.let_go(record, most_bytes=55_000) == 5

    assert kept(record) == set(names[5:])
    assert contents.let_go(record, most_bytes=55_000) == 0
    assert size(record) <= 55_000


def test_what_was_asked_for_stays(record):
    asked = keep(record, [os.urandom(10_000) for _ in range(3)], lasting=True)
    keep(record, [os.urandom(10_000) for _ in range(3)])

    assert contents.let_go(record, most_bytes=0) == 3
    assert kept(record) == set(asked)


def test_a_content_lasts_from_when_it_is_asked_for(record):
    body = os.urandom(10_000)
    (name,) = keep(record, [body])
    keep(record, [body], lasting=True)
    keep(record, [body])

    assert contents.let_go(record, most_bytes=0) == 0
    assert kept(record) == {name}


def test_the_same_content_twice_in_one_transaction_is_one(record):
    assert len(set(keep(record, [b"<p>", b"<p>"]))) == 1
    assert len(kept(record)) == 1


def test_many_go_in_several_transactions(record):
    keep(record, [str(number).encode() for number in range(1_200)])

    assert contents.let_go(record, most_bytes=0) == 1_200
    assert kept(record) == set()
