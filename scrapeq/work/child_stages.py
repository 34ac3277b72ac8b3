"""Stages that need only the page's bytes: plain functions, run in the reading child.

There the kernel bounds CPU and memory, so a page that was made to take minutes or gigabytes costs a
child. Neighbours in the list of stages share one trip there.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any, Self

from scrapeq import reading
from scrapeq.clean import clean_content
from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.records import with_record
from scrapeq.work.own_failure import own_failure

#: CPU seconds for reading one page: 500 times the usual page, 20 times the largest real ones.
CPU_S = 10.0


@dataclass(frozen=True, slots=True)
class Source:
    """A page as it came. asked: the URL before redirects. light: see `extract`."""

    body: bytes
    url: str
    content_type: str
    recipe: Recipe
    light: bool = False
    asked: str = ""


#: What such a stage does: the page, and what the stages before it found (None before the first).
Function = Callable[[Source, Content | None], Content | Failure]


@dataclass(frozen=True, slots=True)
class ChildStage:
    """One of them, as data: it crosses to the child by name.

    kind: of the row where the stage exceeds its bounds. doing: for its message. cpu_s: its bound of
    CPU; that of memory is the child's. function: "module:name" of a `Function`. light: whether it
    costs next to nothing on a light page, which is then read on the worker's own loop.
    """

    name: str
    kind: ErrorKind
    doing: str
    cpu_s: float
    function: str
    light: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The stage that `to_json` was called on."""
        return cls(**{**data, "kind": ErrorKind(data["kind"])})

    @property
    def exceeded(self) -> Failure:
        """The row of a page on which the stage took too much."""
        message = f"{self.doing} took too much time or memory"
        return Failure(self.kind, message, retryable=False)


READ = ChildStage(
    "read", ErrorKind.PARSE, "reading the page", CPU_S, f"{__name__}:read", light=True
)
CLEAN = ChildStage(
    "clean", ErrorKind.PARSE, "reading the page", CPU_S, f"{__name__}:clean", light=True
)
RECORD = ChildStage(
    "record", ErrorKind.PARSE, "reading the page", CPU_S, f"{__name__}:record", light=True
)


def read(source: Source, _: Content | None) -> Content | Failure:
    """What the page holds, or the document."""
    return reading.read(
        source.body,
        url=source.url,
        asked=source.asked,
        content_type=source.content_type,
        recipe=source.recipe,
        light=source.light,
    )


def clean(_: Source, content: Content | None) -> Content | Failure:
    """The same, mended."""
    return clean_content(content or Content())


def record(source: Source, content: Content | None) -> Content | Failure:
    """The same with the fields of the record that is asked for."""
    content, wanted = content or Content(), source.recipe.record
    if wanted is None:
        return content
    content = with_record(content, wanted)
    if not content.found:
        return content
    return replace(content, model_text=reading.text_for_model(source.body, content))


def run_stages(
    stages: Sequence[ChildStage],
    source: Source,
    content: Content | None = None,
    *,
    before: Callable[[ChildStage], None] = lambda _: None,
) -> Content | Failure:
    """What the stages make of a page, one after the other; the first failure ends it.

    Raises nothing. before: called with each stage before it runs.
    """
    for stage in stages:
        before(stage)
        try:
            found = _function(stage.function)(source, content)
        except MemoryError:
            return stage.exceeded
        except Exception as error:  # the rim: a page must never end the work on others
            return own_failure(error, f"{stage.name} {source.url[:200]}")
        if isinstance(found, Failure):
            return found
        content = found
    return content or Content()


@cache
def _function(name: str) -> Function:
    found: Function = pkgutil.resolve_name(name)
    return found
