"""One fault in the middle of one batch, while more is submitted beside it."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from random import Random

from scrapeq import database
from scrapeq.errors import ScrapeqError
from scrapeq.models import FINAL, ScrapingConfig
from tests.faults.strikes import Strike
from tests.faults.system import HOSTS, System, eventually
from tests.faults.table import Fault

#: Rows of the batches that are submitted while the fault lasts, and seconds between two of them.
BESIDE_ROWS, BESIDE_EVERY_S, MOST_BESIDE = 5, 0.3, 20
#: Rows that are shown in browsers, at most: these take a second for a few of them.
MOST_RENDERED = 40
#: Seconds after which what is not done is lost.
PATIENCE_S = 120
CONFIG = ScrapingConfig(max_per_host=8, retry_backoff_s=0.2)

_pages = itertools.count(1)


@dataclass
class Submission:
    """A batch that somebody tried to submit; `said`: why it was not accepted, "" if it was."""

    batch_id: str
    urls: list[str]
    said: str = ""


@dataclass
class Attempt:
    """What was done and how long it took. recovered_s None: not within the patience."""

    fault: Fault
    submissions: list[Submission] = field(default_factory=list)
    strike: Strike = field(default_factory=Strike)
    recovered_s: float | None = None

    @property
    def in_time(self) -> bool:
        """Whether both promised times were kept."""
        ended = self.strike.ended_s is None or self.fault.ends_within_s is None
        ended = ended or self.strike.ended_s <= self.fault.ends_within_s
        return ended and self.recovered_s is not None and self.recovered_s <= self.fault.within_s


def attempt(
    system: System, fault: Fault, rows: int, random: Random, longest_s: float = 60
) -> Attempt:
    """Submit `rows` rows, strike when some are done, and wait until all that was accepted is.

    longest_s: the fault is undone by then, unless it is to outlast the leases. Where the system does not work
    even before the strike, none is made: it did not recover from what was before.
    """
    this = Attempt(fault)
    if _seconds(time.monotonic(), system.workers_ready) is None:
        return this
    rows = min(rows, MOST_RENDERED) if fault.renders else rows
    first = _submit(system, this, rows, renders=fault.renders)
    share = random.uniform(0.05, 0.4)
    begun = _seconds(time.monotonic(), lambda: system.finished([first.batch_id]) >= share * rows)
    if begun is None:
        return this
    over = threading.Event()
    beside = threading.Thread(target=_submit_beside, args=(system, this, over))
    beside.start()
    try:
        lasts_s = min(random.uniform(*fault.lasts_s), longest_s)
        if fault.past_lease:
            lasts_s = system.lease_s + 2
        with fault.strike(system) as this.strike:
            until = time.monotonic() + lasts_s
            if fault.recovered == "work":
                this.recovered_s = _until_work_runs(system, this.strike)
            time.sleep(max(0.0, until - time.monotonic()))
        if fault.recovered == "progress":
            batch_ids = [first.batch_id] if fault.renders else _accepted(this)
            this.recovered_s = _until_progress(system, this, batch_ids)
    finally:
        over.set()
        beside.join()
    _until_done(system, this)
    return this


def _submit(system: System, this: Attempt, rows: int, *, renders: bool = False) -> Submission:
    config = CONFIG.replace(main_text=this.fault.main_text, render="always" if renders else "never")
    path = "drawn" if renders else "article"
    pages = [next(_pages) for _ in range(rows)]
    urls = [system.web.url(f"/{path}/{page}", host=page % HOSTS) for page in pages]
    submission = Submission(f"b{pages[0]}", urls)
    try:
        system.queue.submit_batch(urls, config, batch_id=submission.batch_id)
    except ScrapeqError as error:
        submission.said = f"{type(error).__name__}: {error}"
    this.submissions.append(submission)
    return submission


def _submit_beside(system: System, this: Attempt, over: threading.Event) -> None:
    for _ in range(MOST_BESIDE):
        _submit(system, this, BESIDE_ROWS)
        if over.wait(BESIDE_EVERY_S):
            return


def _accepted(this: Attempt) -> list[str]:
    return [one.batch_id for one in list(this.submissions) if not one.said]


def _until_work_runs(system: System, strike: Strike) -> float | None:
    """Seconds until every job that was held is held by another lease, or is done."""
    missing = dict.fromkeys(strike.held_up, "") | strike.held

    def none_missing() -> bool:
        runs = system.tokens(set(missing))
        again = {job_id for job_id, token in runs.items() if token != missing[job_id]}
        for job_id in again | _final(system, set(missing)):
            del missing[job_id]
        return not missing

    return _seconds(strike.since, none_missing)


def _until_progress(system: System, this: Attempt, batch_ids: list[str]) -> float | None:
    """Seconds until another row of the batches is done than were when the fault was undone."""
    total = sum(len(one.urls) for one in this.submissions if one.batch_id in batch_ids)
    before = system.finished(batch_ids)
    return _seconds(
        this.strike.since, lambda: (now := system.finished(batch_ids)) > before or now == total
    )


def _until_done(system: System, this: Attempt) -> None:
    accepted = _accepted(this)
    total = sum(len(one.urls) for one in this.submissions if not one.said)
    _seconds(time.monotonic(), lambda: system.finished(accepted) >= total)


def _seconds(since: float, condition: object) -> float | None:
    try:
        eventually(condition, PATIENCE_S)  # type: ignore[arg-type]
    except TimeoutError:
        return None
    return time.monotonic() - since


def _final(system: System, job_ids: set[str]) -> set[str]:
    jobs = database.jobs.get_jobs(system.queue.services.engine, sorted(job_ids))
    return {job.id for job in jobs.values() if job.status in FINAL}
