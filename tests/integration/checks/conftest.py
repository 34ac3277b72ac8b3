"""Faults, made for real, and what the doctor says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from scrapeq.checks.check import Check
from scrapeq.settings import Settings, load_settings
from tests.redis_server import check_redis_program, redis_server


def by_name(checks: Iterable[Check]) -> dict[str, Check]:
    """The checks of a look, by their names."""
    return {one.name: one for one in checks}


@pytest.fixture
def serve(
    needs_service: Callable[[str, object, str], None],
) -> Iterator[Callable[..., tuple[str, Popen[bytes]]]]:
    """`serve({"maxmemory": "1mb"})`: the URL of a Redis with these options, and its process."""
    check_redis_program(needs_service)
    with ExitStack() as ending:
        yield lambda *options, **named: ending.enter_context(redis_server(*options, **named))


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[..., Settings]:
    """`settings_of(url)`: of a Redis of one's own; other settings by their variables."""

    def settings_of_(url: str | None = None, **named: Any) -> Settings:
        given = {"REDIS_URL": url} if url else {}
        return load_settings(**({"SCRAPEQ_HOME": tmp_path / "home"} | given | named))

    return settings_of_
