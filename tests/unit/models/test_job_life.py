"""The life of a job: every pair of statuses is allowed or refused as the one table says."""

from __future__ import annotations

import pytest

from scrapeq.errors import IllegalMove
from scrapeq.models import FINAL, LEGAL_MOVES, ErrorKind, Failure, JobStatus, Progress, check_move


@pytest.mark.parametrize("old", JobStatus)
@pytest.mark.parametrize("new", JobStatus)
def test_only_legal_moves_pass(old, new):
    if new is old or new in LEGAL_MOVES[old]:
        check_move("j", old, new)
        return
    with pytest.raises(IllegalMove, match=f"job j is {old} and cannot become {new}") as refused:
        check_move("j", old, new)
    assert refused.value.hint.startswith(f"after {old} may come")
    assert (refused.value.job_id, refused.value.old, refused.value.new) == ("j", old, new)


def test_a_completed_job_never_moves_again_and_others_may_be_put_back():
    assert LEGAL_MOVES[JobStatus.COMPLETED] == frozenset()
    assert JobStatus.PENDING in LEGAL_MOVES[JobStatus.FAILED]
    assert JobStatus.PENDING in LEGAL_MOVES[JobStatus.CANCELLED]


def test_statuses_are_the_words_that_the_guide_compares_with():
    running: object = JobStatus.RUNNING
    assert running == "running"
    assert {status.value for status in FINAL} == {"completed", "failed", "cancelled"}


def test_a_failure_may_be_retried_as_its_kind_says_unless_it_says_otherwise():
    assert Failure(ErrorKind.RESET, "…").may_retry
    assert not Failure(ErrorKind.HTTP_4XX, "…").may_retry
    assert Failure(ErrorKind.ROBOTS, "…", retryable=True).may_retry
    assert not Failure(ErrorKind.DNS, "…", retryable=False).may_retry


def test_progress_adds_up():
    progress = Progress(total=10, pending=2, running=1, retrying=1, completed=4, failed=2)

    assert progress.done == 6
    assert progress.percentage == 60
    assert not progress.is_done
    assert Progress(total=0).is_done
