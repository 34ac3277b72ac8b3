"""Accepting a submission: the stored pages that answer it are found, and the record has the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from scrapeq import database, models
from scrapeq.clock import now_ms
from scrapeq.project.services import Services
from scrapeq.project.submission import Submission

if TYPE_CHECKING:
    import sqlalchemy as sa

    from scrapeq.database.stored_pages import StoredAnswers
    from scrapeq.models import Batch


def accepted(
    services: Services,
    submission: Submission,
    *,
    owner: str | None = None,
    input_id: str | None = None,
    first: Callable[[sa.Connection], None] | None = None,
) -> tuple[Batch, StoredAnswers]:
    """The batch as the record has it now, and what the stored pages answered or did not.

    owner: None for the one of these settings. input_id, first: see `batches.add_batch`. Redis gets the
    jobs by `steering.begin`, or by housekeeping within seconds. Raises what `add_batch` raises.
    """
    engine, config = services.engine, submission.stored_config

    def begin(connection: sa.Connection) -> None:
        if first is not None:
            first(connection)
        if submission.notify is not None:
            database.notifications.add(connection, submission.batch_id, submission.notify, now_ms())

    owner = services.settings.owner if owner is None else owner
    answers = database.stored_pages.StoredAnswers()
    if config.max_age:
        newer_than_ms = now_ms() - int(config.max_age.total_seconds() * 1000)
        asking = database.stored_pages.Asking(
            models.RequestIdentity.of(config, submission.request).digest,
            owner,
            newer_than_ms,
            not config.merge_duplicates,
        )
        answers = database.stored_pages.stored_answers(
            engine, submission.keys(), config.recipe.digest, asking
        )
    batch = database.batches.add_batch(
        engine,
        batch_id=submission.batch_id,
        name=submission.name,
        run=submission.run,
        config=config,
        fingerprint=submission.fingerprint,
        total=len(submission.values),
        owner=owner,
        rows=submission.jobs(answers.jobs),
        url_column=submission.url_column,
        table=submission.table,
        input_id=input_id,
        request=submission.request,
        first=begin,
    )
    return batch, answers
