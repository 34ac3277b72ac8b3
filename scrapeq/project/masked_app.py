"""A Celery application whose tasks show no arguments to monitors: options hold cookies, passwords, texts.

Celery sends a text of a task's arguments along with each task, for whoever watches: Flower, `celery events`,
`celery inspect active`, error logs. Here that text holds the id of the job and nothing else. It is made by
whoever sends the task, and again by the worker, for senders that are plain Celery.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celery import Celery, Task
from celery.worker.request import Request

#: Tasks of ours whose first argument is an id.
_WITH_AN_ID = (
    "scrapeq.pipeline.worker.scrape_url_task",
    "scrapeq.pipeline.worker.batch_scrape_task",
)
_OURS = "scrapeq."
#: Characters of an id that are shown.
LONGEST_ID = 200


def shown_arguments(
    task: str, args: Sequence[Any] | None, kwargs: Mapping[str, Any] | None
) -> tuple[str, str]:
    """What monitors are shown of a task's arguments, by place and by name."""
    args, kwargs = args or (), kwargs or {}
    by_place, by_name = ("(…)" if args else "()"), ("{…}" if kwargs else "{}")
    if task in _WITH_AN_ID:
        if args and isinstance(args[0], str):
            by_place = f"({args[0][:LONGEST_ID]!r}, …)"
        elif isinstance(job_id := kwargs.get("job_id"), str):
            by_name = f"{{'job_id': {job_id[:LONGEST_ID]!r}, …}}"
    return by_place, by_name


class MaskedRequest(Request):  # type: ignore[misc] # Celery has no types
    """A task in a worker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._argsrepr, self._kwargsrepr = shown_arguments(self._type, self._args, self._kwargs)
        self._request_dict |= {"argsrepr": self._argsrepr, "kwargsrepr": self._kwargsrepr}

    def info(self, safe: bool = False) -> dict[str, Any]:
        """What `celery inspect active` and Flower show."""
        found: dict[str, Any] = super().info(safe=True)
        return found


class MaskedTask(Task):  # type: ignore[misc] # Celery has no types
    """A task whose requests are such."""

    abstract = True
    Request = f"{__name__}:MaskedRequest"


class MaskedApp(Celery):  # type: ignore[misc] # Celery has no types
    """Masks what it sends, and what it is sent."""

    task_cls = f"{__name__}:MaskedTask"

    def send_task(
        self,
        name: str,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """As Celery's."""
        if name.startswith(_OURS):
            options["argsrepr"], options["kwargsrepr"] = shown_arguments(name, args, kwargs)
        return super().send_task(name, args, kwargs, **options)
