"""The front door's verbs: scrape a column of URLs, find a batch again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scrapeq import clock, database, display, frames
from scrapeq.client.checking import check_options
from scrapeq.client.findings import Findings
from scrapeq.client.handle import BatchHandle
from scrapeq.client.name_lock import one_at_a_time
from scrapeq.database.stored_pages import StoredAnswers
from scrapeq.errors import AlreadyThere, ConfigError
from scrapeq.models import Batch, BatchState, ScrapingConfig
from scrapeq.models.notification import Notify, NotifyWhen
from scrapeq.models.priority import USUAL_PRIORITY
from scrapeq.models.request_identity import differences
from scrapeq.pipeline.job_queue import JobQueue, get_job_queue, submitted
from scrapeq.project.submission import Submission, fingerprint
from scrapeq.project.waiting import patiently

if TYPE_CHECKING:
    from scrapeq.settings import Settings

#: How old a stored page may be to answer a row of `scrape()`: a cell that is run again the same
#: day sends no request.
USUAL_MAX_AGE = timedelta(days=1)
#: Characters of a name.
LONGEST_NAME = 200


def scrape(
    source: Any,
    url: str | None = None,
    *,
    name: str | None = None,
    config: ScrapingConfig | None = None,
    priority: int = USUAL_PRIORITY,
    refresh: bool = False,
    notify: str | None = None,
    notify_secret: str | None = None,
    notify_when: str = NotifyWhen.DONE,
    queue: JobQueue | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> BatchHandle:
    """Fetch a column of URLs; returns at once with the handle of the batch.

    source: a DataFrame (with `url`, the name of its column), a Series, a list, or the path of a
    csv, jsonl, parquet, xlsx or txt file. `options` are ScrapingConfig's, or give a `config`.

    Running it again is safe. With a `name`, the same column and options are the same batch, and
    nothing is submitted; another column or other options make the next run of that name. Pages
    stored within `max_age` (by default a day) answer without a request; `refresh` fetches anew.
    The handle's `note` tells what was done.

    notify: a URL that workers POST JSON to when the batch is done, again and again until it is taken
    (see docs/how-to/notifications.md), or "env:NAME" of the workers' environment. notify_secret:
    "env:NAME" of what it is signed with. notify_when: "done", or "changed" to be notified only if something
    differs from the finished run of this name before it.

    Raises InputError for a table without URLs, ConfigError for an option that cannot be met, and
    what `get_job_queue` raises.
    """
    if config is not None and options:
        config = config.replace(**options)
    config = config or ScrapingConfig.build(**options)
    if config.max_age is None:
        config = config.replace(max_age=USUAL_MAX_AGE)
    check_options(config)
    to_notify = Notify.of(notify, notify_secret, notify_when) if notify is not None else None
    column = frames.read_urls(source, url)
    queue = queue or get_job_queue(settings)
    if name is not None:
        check_name(name)
    patiently(queue.services, lambda: None)
    with one_at_a_time(queue.services.frontier, name):
        while True:
            newest = _newest_run(queue, name) if name is not None else None
            if newest and (same := _same_batch(queue, newest, column.values, config, refresh)):
                _tell_also(queue, newest, to_notify)
                return same
            submission = Submission(
                column.values,
                config,
                priority=priority,
                name=name,
                run=newest.run + 1 if newest else 1,
                url_column=column.name,
                table=frames.pack_table(column.table) if column.has_table else (),
                refresh=refresh,
                notify=to_notify,
            )
            try:
                batch, answers = submitted(queue, submission)
                break
            except AlreadyThere:  # another kernel made this run meanwhile: perhaps it is the same
                if name is None:
                    raise
    return BatchHandle(queue, batch.id, _note(queue, batch, answers), config, name=batch.name)


def attach(
    name_or_id: str, *, queue: JobQueue | None = None, settings: Settings | None = None
) -> BatchHandle:
    """The handle of a batch by its id or name (the newest run), from any kernel, at any time.

    Raises NotFound naming what there is.
    """
    queue = queue or get_job_queue(settings)
    found = patiently(queue.services, lambda: queue.find_batch(name_or_id))
    return BatchHandle(queue, found.id, name=found.name)


def _newest_run(queue: JobQueue, name: str) -> Batch | None:
    batch = database.batches.find_batch(queue.services.engine, name)
    return batch if batch is not None and batch.name == name else None


def _same_batch(
    queue: JobQueue, batch: Batch, values: list[object], config: ScrapingConfig, refresh: bool
) -> BatchHandle | None:
    """The newest run of a name, if it asks for just this; with `refresh` only one still open."""
    engine = queue.services.engine
    if batch.state is BatchState.CANCELLED:
        return None
    if database.batches.fingerprint_of(engine, batch.id) != fingerprint(values, config):
        return None
    if refresh and batch.state is BatchState.FINISHED:
        return None
    age = clock.now() - batch.finished_at if batch.finished_at else None
    if age is not None and config.max_age is not None and age > config.max_age:
        return None  # its pages are too old: the next run fetches them again
    note = (
        f"the same batch as before: {batch.done:,} of {display.counted(batch.total, 'row', 'rows')} "
        f"{'is' if batch.done == 1 else 'are'} done; "
        "nothing was submitted"
    )
    if batch.failed and batch.done >= batch.total:
        note += f"; {batch.failed:,} failed, retry_failed() tries them again"
    note = Findings.of(engine, batch).behind(note)
    return BatchHandle(queue, batch.id, note, config, name=batch.name)


def _tell_also(queue: JobQueue, batch: Batch, notify: Notify | None) -> None:
    """Let a batch that is under way have the notification that a cell asks for when it is run again."""
    if notify is not None and not batch.is_complete:
        database.notifications.add_missing(queue.services.engine, batch.id, notify, clock.now_ms())


def _note(queue: JobQueue, batch: Batch, answers: StoredAnswers) -> str:
    """What a submission did, as far as it is not plain from the numbers of rows."""
    parts = []
    if batch.run > 1:
        parts.append(f"run {batch.run} of {batch.name!r}")
    if batch.from_store:
        total = display.counted(batch.total, "row", "rows")
        by = (
            "is answered by a stored page"
            if batch.from_store == 1
            else "are answered by stored pages"
        )
        parts.append(f"{batch.from_store:,} of {total} {by}")
    parts += _why_again(queue, batch, answers)
    if merged := database.batches.merged_rows(queue.services.engine, batch.id):
        one = "row has the same URL as another row and shares its page"
        many = "rows have the same URL as another row and share its page"
        parts.append(display.counted(merged, one, many))
    if batch.failed:
        parts.append(display.counted(batch.failed, "row holds no URL", "rows hold no URL"))
    if batch.is_complete and (found := Findings.of(queue.services.engine, batch).in_words()):
        parts.append(found)
    return "; ".join(parts)


def _why_again(queue: JobQueue, batch: Batch, answers: StoredAnswers) -> list[str]:
    """Why stored pages did not answer, where they were young enough."""
    reasons = []
    if answers.private:
        reasons.append((answers.private, "are private to another owner (SCRAPEQ_OWNER)"))
    if answers.example is not None:
        ways = "other cookies, headers, user agent, proxy or use_stealth"
        before = database.jobs.get_jobs(queue.services.engine, [answers.example])
        if answers.example in before:
            asked_before = queue.find_batch(before[answers.example].batch_id).config
            ways = " and ".join(differences(asked_before, batch.config)) or ways
        reasons.append((answers.refused - answers.private, f"were asked for with {ways}"))
    return [
        f"{count:,} {'page is' if count == 1 else 'pages are'} fetched again: those that are stored "
        f"{why}"
        for count, why in reasons
        if count
    ]


def check_name(name: str) -> None:
    if not isinstance(name, str):
        raise ConfigError(
            f"the name is {name!r}, which is no text",
            hint=f"write it in quotes: name={str(name)!r}",
        )
    if not name.strip():
        raise ConfigError("the name is empty", hint='write a short one, like name="firms"')
    if len(name) > LONGEST_NAME:
        raise ConfigError(
            f"the name has {len(name):,} characters", hint=f"write one of at most {LONGEST_NAME}"
        )
    if "\0" in name or any("\ud800" <= one <= "\udfff" for one in name):
        raise ConfigError(
            f"the name {name!r} has a character that no database keeps",
            hint="leave out NUL and halves of surrogate pairs",
        )
