"""What the record keeps of a batch besides its rows, for whoever waits for nothing: a server."""

from __future__ import annotations

from scrapeq import database
from scrapeq.client.estimate import estimate_of
from scrapeq.client.page_files import no_row
from scrapeq.client.stored_pages import no_page
from scrapeq.errors import NotFound
from scrapeq.models import AICost, Batch
from scrapeq.models.ai_estimate import AIEstimate
from scrapeq.pipeline.job_queue import JobQueue


def page_bytes(queue: JobQueue, batch: Batch, row: int) -> bytes:
    """`BatchHandle.html`. Raises NotFound."""
    if row >= batch.total:
        raise no_row(row, batch.total)
    kept = database.stored_pages.kept_page(queue.services.engine, batch.id, row)
    if kept is None:
        raise no_page(row)
    return kept.body


def file_bytes(queue: JobQueue, batch: Batch, sha256: str, *, small: bool) -> bytes:
    """The bytes of a file, or of the small picture of it. Raises NotFound."""
    found = database.files.file_of_batch(queue.services.engine, batch.id, sha256, small=small)
    if found is None:
        raise NotFound(
            "the batch keeps no such file",
            hint="take sha256 from its files, or fetch its page again with refresh=True",
        )
    return found


def cost(queue: JobQueue, batch: Batch) -> AICost:
    """`BatchHandle.cost`."""
    return database.ai_spending.cost(queue.services.engine, batch.id, batch.config.ai_budget)


def estimate(queue: JobQueue, batch: Batch) -> AIEstimate:
    """`BatchHandle.estimate`. Raises ConfigError."""
    rows = database.jobs.ids_and_urls(queue.services.engine, batch.id)
    return estimate_of(queue, [url for _, url in rows], batch.config)


def selector_runs(queue: JobQueue, batch: Batch) -> list[tuple[Batch, int, dict[str, int]]]:
    """What `BatchHandle.selector_health` counts, by run: the pages that were read, and matches by name."""
    return database.batches.runs_with_selectors(queue.services.engine, batch)
