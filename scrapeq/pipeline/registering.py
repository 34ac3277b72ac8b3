"""The jobs that the guide's tasks are called with: registered if they are new, else the same ones.

A message may come twice, and a job may have been submitted before its task is called. An id that
something else has is refused: its page would be the answer to another question.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrapeq import database
from scrapeq.errors import AlreadyThere, InputError
from scrapeq.models import Batch, ScrapingConfig
from scrapeq.pipeline import arguments
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.submission import Submission


def register_job(queue: JobQueue, job_id: object, url: object, config: object) -> str:
    """The id of the job that fetches this URL. Raises InputError for an id that is not its own."""
    job_id, options = arguments.an_id(job_id), arguments.a_config(config)
    if not _has_job(queue, job_id) and _batch(queue, job_id) is None:
        try:
            queue.submit_batch([url], options, batch_id=job_id, single=True)
        except AlreadyThere:  # registered meanwhile, perhaps by another copy of the message
            if not _has_job(queue, job_id) and _batch(queue, job_id) is None:
                raise
    found = queue.get_jobs([job_id])
    if not found:
        raise InputError(
            f"{job_id!r} is the id of a batch, not of a job",
            hint="give the job another id; queue.find_batch(id) has the batch",
        )
    _check_same(job_id, [url], [found[0].url], options, queue.find_batch(found[0].batch_id))
    return job_id


def register_batch(queue: JobQueue, batch_id: object, urls: object, config: object) -> Batch:
    """The batch that fetches these URLs. Raises InputError for an id that is not its own."""
    batch_id, options = arguments.an_id(batch_id), arguments.a_config(config)
    cells = arguments.cells(urls)
    batch = _batch(queue, batch_id)
    if batch is None:
        try:
            return queue.submit_batch(cells, options, batch_id=batch_id)
        except AlreadyThere:
            batch = _batch(queue, batch_id)
            if batch is None:
                raise
    known = [url for _, url in database.jobs.ids_and_urls(queue.services.engine, batch_id)]
    _check_same(batch_id, cells, known, options, batch)
    return batch


def _check_same(
    taken: str,
    cells: Sequence[Any],
    known: Sequence[str],
    options: ScrapingConfig,
    batch: Batch,
) -> None:
    """Raise InputError if these are not the URLs of the id, or if an option is another one."""
    given = [job.url for job in Submission(cells).jobs({})]
    if given != list(known):
        raise InputError(
            f"the id {taken!r} is taken by another URL ({known[0][:200]})"
            if len(known) == 1
            else f"the id {taken!r} is taken by another batch ({len(known):,} URLs)",
            hint="give each job an id of its own",
        )
    other = [
        name
        for name in options.model_fields_set
        if getattr(options, name) != getattr(batch.config, name)
    ]
    if other:
        raise InputError(
            f"{taken!r} was submitted with another {', '.join(sorted(other))}",
            hint="give the job another id to fetch it with other options",
        )


def _has_job(queue: JobQueue, job_id: str) -> bool:
    return bool(database.jobs.get_jobs(queue.services.engine, [job_id]))


def _batch(queue: JobQueue, batch_id: str) -> Batch | None:
    """By its id alone: a name may be the same."""
    found = database.batches.find_batch(queue.services.engine, batch_id)
    return found if found is not None and found.id == batch_id else None
