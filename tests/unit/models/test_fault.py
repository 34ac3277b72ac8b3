"""Whose fault a failed page is."""

from __future__ import annotations

import pytest

from scrapeq.models import ErrorKind
from scrapeq.models.fault import Fault, by_fault, fault_of


def test_every_kind_is_somebodys_fault_and_few_are_ours():
    ours = {kind for kind in ErrorKind if fault_of(kind) is Fault.OURS}

    assert ours == {ErrorKind.INTERNAL, ErrorKind.CONFIG, ErrorKind.WORKER_LOST}


@pytest.mark.parametrize("kind", [kind for kind in ErrorKind if kind.retryable])
def test_what_may_pass_by_itself_is_a_servers_fault_or_there_was_no_connection(kind):
    assert fault_of(kind) is Fault.SERVER or kind in {"dns", "refused", "connect_timeout"}


def test_counts_leave_out_what_was_cancelled_and_keep_what_is_unknown():
    counts = {"internal": 1, "http_5xx": 2, "dns": 3, "my own": 4, "cancelled": 5}

    assert by_fault(counts) == {Fault.OURS: 1, Fault.SERVER: 2, Fault.PAGE: 7}
