"""Schedules of a project behind a server."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from scrapeq import display
from scrapeq.client.remote.batch import RemoteBatch
from scrapeq.client.remote.transport import AT_ONCE_S, MOST_AWAY_S, Transport
from scrapeq.errors import ScrapeqError
from scrapeq.models.shown_schedule import ShownSchedule


class RemoteSchedule:
    """A schedule: look at it, steer it, start a run now, as with a `ScheduleHandle`.

    Every verb raises NotFound where the schedule was deleted.
    """

    def __init__(self, transport: Transport, name: str, note: str = "") -> None:
        self._transport = transport
        self.name = name
        #: What making or changing it did, in a sentence.
        self.note = note

    @property
    def schedule(self) -> ShownSchedule:
        """All that the server shows of it."""
        return self._shown(MOST_AWAY_S)

    @property
    def next_at(self) -> datetime | None:
        """Its next time, in UTC; None while it is paused, or if it never comes again."""
        now = self.schedule
        return None if now.paused else now.next_at

    @property
    def last(self) -> RemoteBatch | None:
        """The handle of the run that began last; None before the first."""
        batch_id = self.schedule.last_batch_id
        return None if batch_id is None else RemoteBatch(self._transport, batch_id)

    def run_now(self) -> RemoteBatch:
        """Start a run besides its times; if one is under way, that one, and its `note` says so."""
        run = self._change("POST", "/run")
        return RemoteBatch(self._transport, run["id"], run["note"])

    def pause(self) -> RemoteSchedule:
        """Let no time start a run until `resume()`; one that is under way goes on."""
        self._change("POST", "/pause")
        return self

    def resume(self) -> RemoteSchedule:
        """Go on with the next time; those that passed meanwhile are not made up for."""
        self._change("POST", "/resume")
        return self

    def delete(self) -> None:
        """End it for good; its runs stay, and one that is under way goes on."""
        self._change("DELETE", "")

    def __repr__(self) -> str:
        name = display.plain(self.name, 80)
        try:
            now = self._shown(AT_ONCE_S)
        except ScrapeqError as error:  # to look at an object must not fail
            return f"<RemoteSchedule {name!r}: {display.plain(error, 200)}>"
        return f"<RemoteSchedule {name!r} {now.when}, {_next(now)}>"

    def _repr_html_(self) -> str:
        try:
            now = self._shown(AT_ONCE_S)
        except ScrapeqError as error:
            return display.card(self.name, {}, note=error, away="cannot be shown")
        facts: dict[str, object] = {
            "when": now.when,
            "rows": display.count(now.rows),
            "last run": display.moment(now.last_at) if now.last_at else "none yet",
        }
        if now.notify is not None:
            facts["notify"] = f"{now.notify.to}, when {now.notify.when}"
        if now.missed:
            facts["missed"] = f"{display.count(now.missed)} times without a run of their own"
        reason = f"the last time had no run: {now.error}" if now.error else ""
        return display.card(
            self.name, facts, corner=_next(now), note=self.note or None, reason=reason
        )

    def _shown(self, most_away_s: float) -> ShownSchedule:
        answer = self._transport.get(schedule_path(self.name), most_away_s=most_away_s)
        return ShownSchedule.model_validate(answer.json())

    def _change(self, method: str, what: str) -> Any:
        return self._transport.change(method, f"{schedule_path(self.name)}{what}").json()


def schedule_path(name: str) -> str:
    """Where a schedule is."""
    return f"/schedules/{quote(name, safe='')}"


def _next(now: ShownSchedule) -> str:
    if now.paused:
        return "paused"
    return f"next {display.moment(now.next_at)}" if now.next_at else "has no further time"
