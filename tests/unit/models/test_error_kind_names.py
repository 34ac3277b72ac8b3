"""A kind by its name, also one that this version does not know."""

from __future__ import annotations

from scrapeq.models import ErrorKind


def test_a_kind_of_a_newer_worker_is_no_error() -> None:
    assert ErrorKind.of("http_5xx") is ErrorKind.HTTP_5XX
    assert ErrorKind.of("a kind of tomorrow") is ErrorKind.PROTOCOL
