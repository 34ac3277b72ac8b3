"""How far a batch is: counts that always add up to its total."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Progress(BaseModel):
    """Counts of jobs by where they are; `pending + running + retrying + done == total`.

    `rate_per_s` is pages finished a second lately, `eta_s` seconds to the end at that rate, None
    while it cannot be known; `elapsed_s` counts from submission to now or to the end.
    """

    model_config = ConfigDict(frozen=True)

    total: int
    pending: int = 0
    running: int = 0
    retrying: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    from_store: int = 0
    rate_per_s: float | None = None
    eta_s: float | None = None
    elapsed_s: float = 0.0

    @property
    def done(self) -> int:
        """Jobs with a final status."""
        return self.completed + self.failed + self.cancelled

    @property
    def percentage(self) -> float:
        """0 to 100; an empty batch is done."""
        return 100.0 * self.done / self.total if self.total else 100.0

    @property
    def is_done(self) -> bool:
        """Whether every job has a final status."""
        return self.done >= self.total

    def __repr__(self) -> str:
        return (
            f"<Progress {self.done:,} of {self.total:,} ({self.percentage:.0f} %), "
            f"{self.failed:,} failed, {self.cancelled:,} cancelled, {self.running:,} running>"
        )
