"""Trying out what a newer scrapeq does to the tables of a record, without keeping any of it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa

from scrapeq.database import schema
from scrapeq.database.engine import (
    bring_up_to_date,
    engine_of,
    has_tables,
    reason,
    wait_for_migration,
)
from scrapeq.errors import DatabaseUnavailable
from scrapeq.settings import Settings


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """found: the version of the tables; 0: there are none. wanted: that of this scrapeq. took_s: seconds
    of all steps between, 0 where there are none."""

    found: int
    wanted: int
    took_s: float

    @property
    def is_needed(self) -> bool:
        """Whether opening the record would change its tables."""
        return 0 < self.found < self.wanted


def rehearse(settings: Settings) -> Rehearsal:
    """Take every step to this version in one transaction, and take it back.

    While it lasts nobody else writes, and in PostgreSQL nobody reads a table that is changed: so it is
    best tried on a copy. Raises DatabaseUnavailable where a step fails, DatabaseTooNew for the record of a
    newer scrapeq, ConfigError and MissingExtra as `open_database` does.
    """
    if settings.database_url is None and not settings.database_path.exists():
        return Rehearsal(0, schema.VERSION, 0.0)
    engine = engine_of(settings)
    try:
        with engine.connect().execution_options(scrapeq_writes=True) as connection:
            return _rehearsed(connection)
    except sa.exc.SQLAlchemyError as error:
        raise DatabaseUnavailable(
            f"the steps to version {schema.VERSION} of the tables fail: {reason(error)}",
            hint="nothing was changed; stay with the scrapeq that you have, and see what the message names",
        ) from error
    finally:
        engine.dispose()


def _rehearsed(connection: sa.Connection) -> Rehearsal:
    with connection.begin() as transaction:
        wait_for_migration(connection)
        began_s = time.monotonic()
        found = bring_up_to_date(connection) if has_tables(connection) else 0
        took_s = time.monotonic() - began_s
        transaction.rollback()
    needed = 0 < found < schema.VERSION
    return Rehearsal(found, schema.VERSION, took_s if needed else 0.0)
