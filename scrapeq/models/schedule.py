"""What is scraped again by the calendar."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from scrapeq.models.config import ScrapingConfig
from scrapeq.models.notification import Notify
from scrapeq.models.timetable import Timetable


class Schedule(BaseModel):
    """A column of URLs with its options, and when it is scraped; each time is a run of its name.

    input_id: where the record keeps its cells and the input's columns, once for all runs. made_at:
    from when intervals count. next_at: None if it never comes again. last_at, last_batch_id: of the run
    that began last. missed: times that had no run of their own, since it was made or changed last.
    error_message: why the last time had none; "" where it had. notify: who is told when a run is done.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    timetable: Timetable
    config: ScrapingConfig
    priority: int
    owner: str = ""
    input_id: str
    url_column: str | None = None
    rows: int
    paused: bool = False
    made_at: datetime
    next_at: datetime | None = None
    last_at: datetime | None = None
    last_batch_id: str | None = None
    missed: int = 0
    error_message: str = ""
    error_at: datetime | None = None
    notify: Notify | None = None

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment."""
        return self.timetable.next_after(moment, self.made_at)
