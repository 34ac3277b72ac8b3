"""Many jobs submitted together: what the record keeps of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from scrapeq.models.config import ScrapingConfig


class BatchState(StrEnum):
    """What may happen to the jobs of a batch."""

    OPEN = "open"  # its jobs are taken in turn
    PAUSED = "paused"  # nothing new is started; running ones end
    CANCELLED = "cancelled"  # everything open was stopped
    FINISHED = "finished"  # every job has its row


class Batch(BaseModel):
    """One submission: its name, its options and its counters.

    `name` finds the newest run of that name again; `run` counts the runs of a name from 1.
    A job submitted alone is a batch of one, without a name.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str | None = None
    run: int = 1
    state: BatchState = BatchState.OPEN
    config: ScrapingConfig
    url_column: str | None = None
    total: int
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    from_store: int = 0
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def done(self) -> int:
        """Jobs with a final status."""
        return self.completed + self.failed + self.cancelled

    def __repr__(self) -> str:
        title = f"{self.name} (run {self.run})" if self.name else self.id
        return f"<Batch {title} {self.state.value}, {self.done:,} of {self.total:,}>"
