"""The secrets of batches in the record: encrypted while a batch is open, erased when it has ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.schema import SEALED_BATCHES, batches
from scrapeq.database.sealing import keys_of
from scrapeq.errors import ConfigError
from scrapeq.models import BatchState, ScrapingConfig
from scrapeq.models.secret_values import ERASED, SEALED, erased, options_with, with_secrets

_ENDED = (BatchState.FINISHED.value, BatchState.CANCELLED.value)
#: Batches that are erased in one transaction.
TOGETHER = 500


def stored_config(bind: sa.Engine | sa.Connection, config: ScrapingConfig) -> tuple[str, bool]:
    """The options as the record keeps them, and whether there are secrets among them. Raises ConfigError
    where they cannot be encrypted."""
    options = with_secrets(config.to_storage(), keys_of(bind).seal)
    return json.dumps(options), bool(options_with(options, lambda one: one.startswith(SEALED)))


def read_config(bind: sa.Engine | sa.Connection, text: str) -> ScrapingConfig:
    """The options with their secrets; those that cannot be decrypted here stay as they are."""
    return ScrapingConfig(**with_secrets(json.loads(text), keys_of(bind).unseal))


def erase_ended(engine: sa.Engine) -> int:
    """Erase the secrets of batches that have ended; of how many. Those that are given by name stay."""
    c = batches.c
    wanted = sa.and_(SEALED_BATCHES, c.state.in_(_ENDED))
    with read_transaction(engine) as connection:
        query = sa.select(c.id, c.config).where(wanted).limit(TOGETHER)
        found = connection.execute(query).all()
    if not found:
        return 0
    count = 0
    with write_transaction(engine) as connection:
        for batch_id, text in found:
            options = with_secrets(json.loads(text), erased)
            change = batches.update().where(c.id == batch_id, wanted, c.config == text)
            values = {"config": json.dumps(options), "sealed": 0}
            count += connection.execute(change.values(values)).rowcount
    return count


def give_again(
    connection: sa.Connection, batch_id: str, secrets: Mapping[str, Any] | None = None
) -> None:
    """Let a batch that is tried again have its secrets; part of the transaction that opens it.

    secrets: options by name, in place of those it has. Raises ConfigError where one is still missing, or
    an option holds no secrets.
    """
    c = batches.c
    row = connection.execute(sa.select(c.config, c.name).where(c.id == batch_id)).first()
    if row is None:
        return
    config = read_config(connection, row.config)
    if secrets:
        config = config.replace(**secrets)
    missing = options_with(config.to_storage(), lambda one: one == ERASED)
    if missing:
        raise ConfigError(
            f"the {' and '.join(missing)} of batch {row.name or batch_id!r} were erased when it had ended",
            hint="give them again to retry_failed, or run again the cell or command that submitted it; those "
            "that are given as env:NAME stay",
        )
    if secrets:
        text, has_secrets = stored_config(connection, config)
        values = {"config": text, "sealed": int(has_secrets)}
        connection.execute(batches.update().where(c.id == batch_id).values(values))
