"""`scrapeq schedule ...`: look at the schedules of this project, and steer them.

They are made in Python, by `sq.schedule(...)`: what is scraped is a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from scrapeq.client.schedules import ScheduleHandle

schedule_commands = typer.Typer(
    name="schedule", help="List, pause, resume, remove and run schedules.", no_args_is_help=True
)

_Name = Annotated[str, typer.Argument(help="The name of a schedule.")]


@schedule_commands.command("list")
def list_() -> None:
    """List the schedules of this project, the next one first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from scrapeq.client.schedules import schedule_rows
    from scrapeq.display import moment, plain

    table = Table("schedule", "when", "state", "next", "missed", "error", box=None, pad_edge=False)
    for row in schedule_rows():
        words = (
            row.schedule,
            row.when,
            row.state,
            moment(row.next_at),
            f"{row.missed:,}",
            row.error,
        )
        table.add_row(*(escape(plain(one or "", 120)) for one in words))
    Console().print(table)


@schedule_commands.command()
def pause(name: _Name) -> None:
    """Let no time start a run until it is resumed."""
    _schedule(name).pause()
    _say(f"{name} is paused")


@schedule_commands.command()
def resume(name: _Name) -> None:
    """Go on with the next time."""
    from scrapeq.display import moment

    _say(f"next: {moment(_schedule(name).resume().next_at)}")


@schedule_commands.command()
def remove(name: _Name) -> None:
    """End a schedule for good; its runs stay."""
    _schedule(name).delete()
    _say(f"{name} is removed; its runs stay")


@schedule_commands.command()
def run(name: _Name) -> None:
    """Start a run now, and wait for it."""
    from scrapeq import display

    batch = _schedule(name, works=True).run_now()
    _say(batch.note)
    progress = batch.wait().progress
    total = display.counted(progress.total, "row", "rows")
    is_ = "is" if progress.done == 1 else "are"
    _say(f"{progress.done:,} of {total} {is_} done, {progress.failed:,} failed")


def _schedule(name: str, *, works: bool = False) -> ScheduleHandle:
    """The handle of a schedule that is there. works: on a cluster that works. Raises NotFound."""
    from scrapeq.client.schedules import ScheduleHandle
    from scrapeq.pipeline.job_queue import get_job_queue, get_looking_queue

    handle = ScheduleHandle(get_job_queue() if works else get_looking_queue(), name)
    handle.schedule  # noqa: B018 - raises for one that is not there
    return handle


def _say(text: str) -> None:
    typer.echo(text, err=True)
