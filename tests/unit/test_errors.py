"""What an error says here, and to somebody on another machine."""

from __future__ import annotations

import pytest

from scrapeq.api.problems import problem_of
from scrapeq.errors import (
    ClusterFailed,
    ConfigError,
    DatabaseUnavailable,
    NotFound,
    RedisUnavailable,
    ScrapeqError,
)


@pytest.mark.parametrize("kind", [NotFound, DatabaseUnavailable])
def test_where_the_record_is_is_said_here_alone(kind: type[NotFound | DatabaseUnavailable]) -> None:
    error = kind("it is not there", hint="look elsewhere", where="the file /srv/ali/r.sqlite3")

    assert (
        str(error) == "it is not there; look elsewhere. The record is the file /srv/ali/r.sqlite3"
    )
    assert error.elsewhere == "it is not there; look elsewhere"
    assert "ali" not in problem_of(error)[0].model_dump_json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no cluster runs in /srv/ali/.scrapeq", "no cluster runs in …"),
        ("see '/srv/a b/logs/x.log', or /v1/docs", "see '… b/logs/x.log', or /v1/docs"),
        ('socket "/run/postgresql/.s.PGSQL.5432" failed: none', 'socket "…" failed: none'),
        (
            "see https://a.example/b/c and redis://h:1/0",
            "see https://a.example/b/c and redis://h:1/0",
        ),
        ("1/2 of them and a/b/c", "1/2 of them and a/b/c"),
    ],
)
def test_no_path_of_a_server_is_said_to_others(text: str, said: str) -> None:
    for kind in (ClusterFailed, RedisUnavailable, DatabaseUnavailable):
        error = kind("it fails", hint=text)
        assert text in str(error)
        assert error.elsewhere == f"it fails; {said}"
        assert problem_of(error)[0].hint == said


def test_what_somebody_asked_for_is_said_as_it_was() -> None:
    error: ScrapeqError = ConfigError("'/html/body' matches nothing", hint="write //body")

    assert error.elsewhere == "'/html/body' matches nothing; write //body"
