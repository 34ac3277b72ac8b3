"""The parts of the dashboard, each drawn for itself, so that only what changed travels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from scrapeq import clock, display
from scrapeq.client.schedules import schedule_rows
from scrapeq.dashboards.charts import HEIGHT, WIDTH, charts, since_work_began
from scrapeq.dashboards.options import fields
from scrapeq.dashboards.project import Project
from scrapeq.errors import DatabaseUnavailable, RedisUnavailable
from scrapeq.frames.file_formats import READ, WRITTEN
from scrapeq.models import Batch, BatchState, ErrorKind
from scrapeq.models.actions import Action
from scrapeq.models.error_words import error_words
from scrapeq.pipeline.job_queue import away, check

_TEMPLATES = Path(__file__).parent / "templates"
#: Rows that a part shows: enough to see what is going on; tables have the rest.
MOST_CARDS, MOST_BATCHES, MOST_JOBS, MOST_ERRORS, MOST_HOSTS, MOST_WORKERS = 6, 15, 10, 10, 10, 32
MOST_SCHEDULES = 10
#: What a batch can be saved as.
ENDINGS = tuple(ending.lstrip(".") for ending in WRITTEN)


def shell(*, places: Iterable[tuple[str, str]]) -> str:
    """What stays while the parts are drawn anew: their places, and the form.

    places: (name, label) of each way to give URLs that whoever shows it can offer.
    """
    return _render("shell", places=list(places), fields=fields(), readable=",".join(READ))


def drawn(name: str, project: Project) -> str:
    """One of `SECTIONS` as it is now. Where Redis or the record does not answer, it says so in its place,
    with what to do."""
    try:
        check(project.queue, redis=name in _OF_REDIS)
        return SECTIONS[name](project)
    except (RedisUnavailable, DatabaseUnavailable) as error:
        found = away(project.queue, error)
    return _render("away", what=found.what, advice=found.advice)


def _status(project: Project) -> str:
    return _render("status", health=project.monitor.health(), now=clock.now())


def _charts(project: Project) -> str:
    series = since_work_began(project.monitor.get_series(minutes=60).series)
    return _render("charts", charts=charts(series), width=WIDTH, height=HEIGHT, series=series)


def _running(project: Project) -> str:
    batches = [batch for batch in project.batches() if batch.done < batch.total]
    cards = [
        (batch.id, project.handle(batch.id).card(actions=True)) for batch in batches[:MOST_CARDS]
    ]
    return _render("running", cards=cards, more=max(0, len(batches) - MOST_CARDS))


def _batches(project: Project) -> str:
    shown = project.batches()[:MOST_BATCHES]
    rows = [  # the cards above have the other actions
        (batch, [Action.RETRY_FAILED] if _may_retry(project, batch) else []) for batch in shown
    ]
    return _render("batches", rows=rows, endings=ENDINGS)


def _schedules(project: Project) -> str:
    """The next ones; the batch of a last run is linked to where it stands in the list of batches."""
    rows = schedule_rows(project.queue)
    return _render(
        "schedules",
        year=clock.now().year,  # a moment of another one is shown with it
        rows=rows[:MOST_SCHEDULES],
        more=max(0, len(rows) - MOST_SCHEDULES),
        linked={batch.id for batch in project.batches()[:MOST_BATCHES]},
    )


def _may_retry(project: Project, batch: Batch) -> bool:
    is_finished = batch.state is BatchState.FINISHED
    return is_finished and Action.RETRY_FAILED in project.actions(batch)


def _jobs(project: Project) -> str:
    summary = project.monitor.get_active_jobs_summary(MOST_JOBS)
    return _render("jobs", jobs=summary.jobs, total=summary.total_active)


def _errors(project: Project) -> str:
    groups = project.monitor.get_error_groups(24, MOST_ERRORS + 1)
    failures = [one for one in groups if one.error_kind != ErrorKind.CANCELLED]
    return _render("errors", groups=failures[:MOST_ERRORS])


def _hosts(project: Project) -> str:
    rows = project.queue.paused_host_rows()
    now_s = clock.now().timestamp()
    return _render(
        "hosts", rows=rows[:MOST_HOSTS], more=max(0, len(rows) - MOST_HOSTS), now_s=now_s
    )


def _workers(project: Project) -> str:
    now = project.monitor.get_queues()
    return _render(
        "workers",
        workers=now.workers[:MOST_WORKERS],
        more=max(0, len(now.workers) - MOST_WORKERS),
        open_jobs=now.open_jobs,
        queues=now.queue_lengths,
        browsers=now.browsers,
    )


#: Parts that cannot be drawn without Redis.
_OF_REDIS = frozenset({"jobs", "hosts", "workers"})
#: The parts by name, in the order in which they stand.
SECTIONS: dict[str, Callable[[Project], str]] = {
    "status": _status,
    "charts": _charts,
    "running": _running,
    "batches": _batches,
    "schedules": _schedules,
    "jobs": _jobs,
    "errors": _errors,
    "hosts": _hosts,
    "workers": _workers,
}


def frames_choice(columns: Iterable[tuple[str, str, int]]) -> str:
    """The columns of a kernel's tables to choose from: (table, column, rows)."""
    return _render("frames", columns=list(columns))


def _render(template: str, **values: Any) -> str:
    return display.render(
        _TEMPLATES, template, address=display.address, error_words=error_words, **values
    )
