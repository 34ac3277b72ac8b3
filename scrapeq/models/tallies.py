"""Jobs that were counted in groups."""

from __future__ import annotations

from typing import NamedTuple


class HostTally(NamedTuple):
    """Jobs of one host with one status whose last try took about as long (see `stats.bucket`).

    bucket: None for jobs that no request was sent for. rendered: those whose page a browser showed.
    time_s: the sum of their times. last_ms: when the newest of them ended.
    """

    host: str
    status: str
    bucket: int | None
    jobs: int
    rendered: int
    time_s: float
    last_ms: int | None


class HostErrors(NamedTuple):
    """How many jobs of one host failed with one kind of error."""

    host: str
    error_kind: str
    jobs: int


class ErrorSpan(NamedTuple):
    """How many jobs ended with one kind of error in the span that begins at `start_ms`."""

    start_ms: int
    error_kind: str
    jobs: int
