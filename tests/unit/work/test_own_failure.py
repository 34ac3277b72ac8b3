"""An exception of ours is a row of ours: never the server's fault, never tried again as such."""

from __future__ import annotations

import pytest

from scrapeq.errors import ConfigError
from scrapeq.models import ErrorKind
from scrapeq.models.host_verdict import host_verdict
from scrapeq.work.own_failure import own_failure


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (KeyError("href"), ErrorKind.INTERNAL, "(KeyError)"),
        (ImportError("no curl", name="curl_cffi"), ErrorKind.CONFIG, "(curl_cffi)"),
        (ConfigError("KEY is not set", hint="export it"), ErrorKind.CONFIG, "export it"),
    ],
)
def test_whose_fault_it_is(error, kind, words, caplog):
    failure = own_failure(error, "job 7")

    assert failure.kind is kind
    assert words in failure.message
    assert not failure.may_retry
    assert host_verdict(failure) == ""
    assert len(caplog.records) == 1


def test_an_internal_failure_names_the_log_and_leaves_its_traceback_there(caplog):
    try:
        1 / 0
    except ZeroDivisionError as error:
        failure = own_failure(error, "job 7")

    assert "worker.log" in failure.message
    assert caplog.records[0].exc_info[0] is ZeroDivisionError


def test_a_broken_installation_points_to_the_doctor():
    assert "scrapeq doctor" in own_failure(ImportError("no curl"), "job 7").message
