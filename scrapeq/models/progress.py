"""How far a batch is: counts that always add up to its total."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict

from scrapeq import display
from scrapeq.models.job import BAR_ORDER


def headline(total: int, completed: int, failed: int, cancelled: int) -> str:
    """How far a batch is, like "812 of 1,000 · 81 %", rounded down. At the end, where not all rows
    are good, how it ended: "0 succeeded, 500 failed"; 100 % would read as a success."""
    done = completed + failed + cancelled
    if done < total or completed == total:
        share = math.floor(100 * done / total) if total else 100
        return f"{done:,} of {total:,} · {share} %"
    ends = [f"{completed:,} succeeded"]
    ends += [f"{failed:,} failed"] if failed else []
    ends += [f"{cancelled:,} cancelled"] if cancelled else []
    return ", ".join(ends)


class Progress(BaseModel):
    """Counts of jobs by where they are; `pending + running + retrying + done == total`.

    `from_store`: of the done ones those that stored pages answer, `rendered`: those whose page a browser
    showed. `tried_apart`: those open ones whose worker ended twice while it had them. `rate_per_s` is pages
    finished a second lately, `eta_s` seconds to the end at that rate, None while it cannot be known;
    `elapsed_s` counts from submission to now or to the end. `away` says in a few words which service
    does not answer; "" while all do.
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
    rendered: int = 0
    tried_apart: int = 0
    rate_per_s: float | None = None
    eta_s: float | None = None
    elapsed_s: float = 0.0
    away: str = ""

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

    @property
    def counts(self) -> dict[str, int]:
        """Jobs by status, in the order in which a bar shows them."""
        return {status.value: getattr(self, status.value) for status in BAR_ORDER}

    @property
    def headline(self) -> str:
        """See `headline`."""
        return headline(self.total, self.completed, self.failed, self.cancelled)

    @property
    def apart_in_words(self) -> str:
        """What is said while jobs are tried apart, "" while none are."""
        if not self.tried_apart:
            return ""
        pages = "1 page is" if self.tried_apart == 1 else f"{self.tried_apart:,} pages are"
        return f"{pages} tried apart: a worker ended while it read {'it' if self.tried_apart == 1 else 'them'}"

    @property
    def all_failed(self) -> bool:
        """Whether it ended without one good page."""
        return self.is_done and bool(self.failed) and not self.completed

    def __repr__(self) -> str:
        return (
            f"<Progress {self.done:,} of {self.total:,} ({math.floor(self.percentage)} %), "
            f"{self.failed:,} failed, {self.cancelled:,} cancelled, {self.running:,} running"
            f"{f'; {self.away}' if self.away else ''}>"
        )

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {}
        if not self.is_done:
            rate = self.rate_per_s
            facts["speed"] = "–" if rate is None else f"{rate:,.1f} pages/s"
            facts["left"] = display.seconds(self.eta_s)
        facts["elapsed"] = display.seconds(self.elapsed_s)
        if self.from_store:
            facts["stored pages"] = display.count(self.from_store)
        if self.rendered:
            facts["rendered pages"] = display.count(self.rendered)
        return display.card(
            "progress",
            facts,
            self.counts,
            corner=self.headline,
            is_bad=self.all_failed,
            away=self.away or None,
        )
