"""Many jobs submitted together: what the record keeps of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from scrapeq import display
from scrapeq.models.config import ScrapingConfig
from scrapeq.models.progress import headline


class BatchState(StrEnum):
    """What may happen to the jobs of a batch."""

    OPEN = "open"  # its jobs are claimed as they are due
    PAUSED = "paused"  # nothing new is started; running ones end
    CANCELLED = "cancelled"  # everything open was stopped
    FINISHED = "finished"  # every job has its row


class Batch(BaseModel):
    """One submission: its name, its options and its counters.

    `name` finds the newest run of that name again; `run` counts the runs of a name from 1.
    A job submitted alone is a batch of one, without a name. A `growing` one may still get jobs.
    `owner` is who submitted it, by SCRAPEQ_OWNER. `request` is the digest of its requests
    (`RequestIdentity`), which stays when its secrets are erased.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str | None = None
    run: int = 1
    state: BatchState = BatchState.OPEN
    config: ScrapingConfig
    url_column: str | None = None
    owner: str = ""
    request: str | None = None
    total: int
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    from_store: int = 0
    rendered: int = 0
    growing: bool = False
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def done(self) -> int:
        """Jobs with a final status."""
        return self.completed + self.failed + self.cancelled

    @property
    def is_complete(self) -> bool:
        """Whether every job is final, and no more can come."""
        return self.done >= self.total and not self.growing

    def __repr__(self) -> str:
        failed = f", {self.failed:,} failed" if self.failed else ""
        done = f"{self.done:,} of {self.total:,} done{failed}"
        return f"<Batch {self._title(80)!r} {self.state.value}, {done}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            "batch": f"{self.id}, {self.state.value}",
            "submitted": display.moment(self.created_at),
        }
        if self.finished_at:
            elapsed_s = (self.finished_at - self.created_at).total_seconds()
            facts["finished"] = (
                f"{display.moment(self.finished_at)}, after {display.seconds(elapsed_s)}"
            )
        if self.from_store:
            facts["stored pages"] = display.count(self.from_store)
        if self.rendered:
            facts["rendered pages"] = display.count(self.rendered)
        if differing := self.config.differing():
            facts["options"] = ", ".join(f"{name}={value}" for name, value in differing.items())
        bar = {
            "completed": self.completed,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "open": self.total - self.done,
        }
        corner = headline(self.total, self.completed, self.failed, self.cancelled)
        all_failed = self.failed > 0 and not self.completed and self.done >= self.total
        return display.card(self._title(), facts, bar, corner=corner, is_bad=all_failed)

    def _title(self, limit: int = 300) -> str:
        if self.name is None:
            return display.plain(self.id, limit)
        run = f" (run {self.run})" if self.run > 1 else ""
        return display.plain(self.name, limit) + run
