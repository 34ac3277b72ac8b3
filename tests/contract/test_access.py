"""Tokens and the audit log, in each of the databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from scrapeq import clock
from scrapeq.database import access
from scrapeq.database.engine import write_transaction
from scrapeq.database.schema import audit, tokens
from scrapeq.models.person import Person, Right
from tests.contract.test_database_engine import to_version_14

ALI = Person(name="ali", right=Right.SUBMIT, token_id="t1")
ZOE = Person(name="zoë", right=Right.SUBMIT, token_id="t2")


def test_a_token_is_found_by_its_hash_alone(record: sa.Engine) -> None:
    known, token = access.add_token(record, "ali", Right.SUBMIT)

    assert access.find_person(record, token) == Person(
        name="ali", right=Right.SUBMIT, token_id=known.id
    )
    assert token.startswith(f"{access.MARK}{known.id}_")
    with record.connect() as connection:
        stored = str(connection.execute(sa.select(tokens)).all())
    assert token not in stored
    assert token.removeprefix(access.MARK).partition("_")[2] not in stored


@pytest.mark.parametrize("wrong", ["", "x", "scrapeq_", "\ud800", "\0"])
def test_other_tokens_are_nobodys(record: sa.Engine, wrong: str) -> None:
    _, token = access.add_token(record, "ali", Right.READ)

    assert access.find_person(record, wrong) is None
    assert access.find_person(record, token + wrong) is None or not wrong


def test_a_token_ends_when_it_is_revoked_or_over(record: sa.Engine) -> None:
    first, one = access.add_token(record, "ali", Right.READ)
    _, two = access.add_token(record, "ali", Right.ADMINISTER)
    _, over = access.add_token(record, "zoë", Right.READ, expires_ms=clock.now_ms())

    assert access.revoke_tokens(record, first.id) == 1
    assert [access.find_person(record, token) is None for token in (one, two, over)] == [
        True,
        False,
        True,
    ]
    assert access.any_valid_token(record)
    assert access.revoke_tokens(record, "ali") == 1
    assert access.revoke_tokens(record, "ali") == 0
    assert not access.any_valid_token(record)
    assert sorted(one.state for one in access.list_tokens(record)) == [
        "expired",
        "revoked",
        "revoked",
    ]


def test_rights_include_those_before() -> None:
    assert [[one.includes(other) for other in Right] for one in Right] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_of_many_with_the_same_key_one_begins(record: sa.Engine) -> None:
    def begin(number: int) -> access.Begun:
        return access.begin_write(record, ALI, "submit_job", "", key="k", digest=f"d{number % 2}")

    with ThreadPoolExecutor(4) as pool:
        begun = list(pool.map(begin, range(8)))

    (entry,) = [one.entry for one in begun if one.entry is not None]
    assert {one.answer for one in begun if one.entry is None} == {None}
    assert access.begin_write(record, ZOE, "submit_job", "", key="k", digest="").entry is not None

    answer = {"status": 201, "body": "{}", "headers": {}}
    access.end_write(record, entry, target="j1", status=201, result="", answer=answer)
    assert begin(0).answer == answer
    log = access.audit_entries(record, limit=10)
    assert [(one.person, one.target, one.status) for one in log] == [
        ("zoë", "", None),
        ("ali", "j1", 201),
    ]
    assert access.audit_entries(record, limit=10, before=log[0].id) == log[1:]
    assert access.audit_entries(record, limit=10, person="ali") == log[1:]


def test_a_write_without_an_answer_to_keep_may_be_done_again(record: sa.Engine) -> None:
    begun = access.begin_write(record, ALI, "submit_job", "", key="k", digest="d")
    assert begun.entry is not None
    access.end_write(record, begun.entry, target="", status=503, result="away", answer=None)

    assert access.begin_write(record, ALI, "submit_job", "", key="k", digest="d").entry is not None


def test_keys_and_entries_are_kept_for_a_while(record: sa.Engine) -> None:
    for age_ms in (0, access.ANSWER_KEPT_MS + 1, access.AUDIT_KEPT_MS + 1):
        begun = access.begin_write(record, ALI, "x", "", key=f"k{age_ms}", digest="d")
        with record.begin() as connection:
            older = audit.update().where(audit.c.id == begun.entry)
            connection.execute(older.values(at_ms=audit.c.at_ms - age_ms))

    access.forget_old_writes(record)

    with record.connect() as connection:
        keys = connection.execute(sa.select(audit.c.key).order_by(audit.c.id)).scalars().all()
    assert keys == ["k0", None]
    assert access.begin_write(record, ALI, "x", "", key="k0", digest="d").entry is None


def test_entries_of_an_older_record_have_no_address(
    record: sa.Engine, open_record: Callable[[], sa.Engine]
) -> None:
    access.begin_write(record, ALI, "submit_job", "", key=None, digest="", address="203.0.113.5")
    with write_transaction(record) as connection:
        to_version_14(connection)

    migrated = open_record()

    access.begin_write(migrated, ALI, "submit_job", "", key=None, digest="", address="2001:db8::5")
    found = [one.address for one in access.audit_entries(migrated, limit=10)]
    assert found == ["2001:db8::5", ""]
