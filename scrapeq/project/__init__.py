"""What both sides of the queue need: the services, recovery from the record, the Celery app.

Each module is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.project import (
        additions,
        archive,
        away,
        bounded,
        by_hand,
        celery_app,
        changes,
        every,
        open_jobs,
        paused_hosts,
        queue_card,
        recovery,
        scheduling,
        services,
        single_jobs,
        staffing,
        steering,
        submission,
        submitting,
        together,
        tracing,
        waiting,
        working_now,
    )

__all__ = [
    "additions",
    "archive",
    "away",
    "bounded",
    "by_hand",
    "celery_app",
    "changes",
    "every",
    "open_jobs",
    "paused_hosts",
    "queue_card",
    "recovery",
    "scheduling",
    "services",
    "single_jobs",
    "staffing",
    "steering",
    "submission",
    "submitting",
    "together",
    "tracing",
    "waiting",
    "working_now",
]

__getattr__ = names_of(__name__, {name: name for name in __all__})
