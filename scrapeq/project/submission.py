"""What is submitted: a column of URLs with all that belongs to it, and the jobs made from it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scrapeq import urls
from scrapeq.database.new_job import NewJob, StoredAnswer
from scrapeq.errors import ConfigError, InputError
from scrapeq.models import Failure, ScrapingConfig
from scrapeq.models.notification import Notify
from scrapeq.models.priority import HIGHEST_PRIORITY, LOWEST_PRIORITY, USUAL_PRIORITY

#: Characters of a cell that its row shows: any URL that can be fetched is shorter.
SHOWN_URL = 8_000


def new_id() -> str:
    """A short id that nobody else has: 60 random bits."""
    return uuid.uuid4().hex[:15]


@dataclass(frozen=True)
class Submission:
    """A column of cells to fetch.

    priority: 1 (first) to 9 (last). name: finds the batch again. refresh: stored pages do not
    answer. run: which run of its name it is to be; None for the next. url_column, table: the name of the column and the packed table it came from, to give
    back with the results. notify: who is told when it is done. request: the digest of its requests, where secrets of the
    options were erased. single: one URL submitted alone; its job has the id of the batch.

    Raises ConfigError for a bad priority, InputError for a column without cells.
    """

    values: Sequence[object]
    config: ScrapingConfig = field(default_factory=ScrapingConfig)
    priority: int = USUAL_PRIORITY
    name: str | None = None
    run: int | None = None
    batch_id: str = field(default_factory=new_id)
    refresh: bool = False
    single: bool = False
    url_column: str | None = None
    table: Iterable[bytes] = ()
    notify: Notify | None = None
    request: str | None = None

    def __post_init__(self) -> None:
        check_priority(self.priority)
        if not len(self.values):
            raise InputError("there are no URLs", hint="give at least one")

    @property
    def stored_config(self) -> ScrapingConfig:
        """The options as the batch keeps them: with `refresh`, no stored page may answer."""
        return self.config.replace(max_age=None) if self.refresh else self.config

    @property
    def fingerprint(self) -> str:
        """See `fingerprint`, of the options as they were given."""
        return fingerprint(self.values, self.config)

    def keys(self) -> list[str]:
        """The canonical keys of those cells that are URLs."""
        return [url.key for url in urls.parse_many(self.values) if not isinstance(url, Failure)]

    def jobs(self, answers: Mapping[str, StoredAnswer]) -> Iterator[NewJob]:
        """A job for each cell, in order: refused, answered by another job's page, or to be fetched.

        answers: for the key of a URL (its href where rows are not merged) the stored page that answers
        it.
        """
        first_with: dict[str, int] = {}
        merges, priority = self.config.merge_duplicates, self.priority
        for row, (value, parsed) in enumerate(
            zip(self.values, urls.parse_many(self.values), strict=True)
        ):
            identity = self._job_id(row)
            if isinstance(parsed, Failure):
                shown = _storable(value)
                yield NewJob(identity, row, shown, shown, "", priority, parsed.kind, parsed.message)
                continue
            text, href, host, key = parsed
            shown = text if text is href else _storable(text)
            answer = answers.get(key if merges else href)
            if answer is not None:
                yield NewJob(
                    identity, row, shown, href, host, priority, None, None, answer.job_id, answer
                )
                continue
            first = first_with.setdefault(key, row) if merges else row
            page_of = None if first == row else self._job_id(first)
            yield NewJob(identity, row, shown, href, host, priority, None, None, page_of)

    def _job_id(self, row: int) -> str:
        return self.batch_id if self.single else job_id(self.batch_id, row)


def job_id(batch_id: str, row: int) -> str:
    """The id of the job of a batch's row."""
    return f"{batch_id}-{row}"


def fingerprint(values: Sequence[object], config: ScrapingConfig) -> str:
    """The same for the same column with the same options, to tell whether a cell asks anew.

    `max_age` does not count: it says when to ask again, not what for.
    """
    options = config.to_storage()
    options.pop("max_age", None)
    digest = hashlib.sha256(repr(sorted(options.items())).encode())
    for value in values:
        digest.update(urls.cell_text(value).encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()


def check_priority(priority: int) -> None:
    if (
        not isinstance(priority, int)
        or isinstance(priority, bool)
        or not HIGHEST_PRIORITY <= priority <= LOWEST_PRIORITY
    ):
        raise ConfigError(
            f"priority is {priority!r}", hint="write a whole number from 1 (first) to 9 (last)"
        )


def _storable(value: object) -> str:
    """A cell as the record can keep it, whatever it holds."""
    text = "" if value is None else urls.cell_text(value)[:SHOWN_URL]
    return text.replace("\0", "").encode("utf-8", "replace").decode()
