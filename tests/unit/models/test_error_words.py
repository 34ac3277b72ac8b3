"""Kinds of error in people's words, and what people may do about a batch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import scrapeq as sq
from scrapeq.models import Batch, BatchState, ErrorKind, ScrapingConfig
from scrapeq.models.actions import Action, possible_actions
from scrapeq.models.error_words import ADVICE, WORDS, error_words, errors_in_words, is_retryable


def batch(**changes: object) -> Batch:
    usual = {
        "id": "b",
        "config": ScrapingConfig(),
        "total": 10,
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    return Batch.model_validate(usual | changes)


def test_every_kind_has_words_of_its_own() -> None:
    assert set(WORDS) == set(ErrorKind)
    assert len(set(WORDS.values())) == len(WORDS)
    assert not [words for words in WORDS.values() if "_" in words or len(words) > 32]
    assert set(ADVICE) <= set(ErrorKind)


def test_a_kind_of_another_version_is_shown_as_it_is() -> None:
    assert error_words("no_such_kind") == "no such kind"
    assert errors_in_words({"refused": 1_200, "new\u202ekind": 1}) == (
        "1,200 refused (connection), 1 new\ufffdkind"
    )
    assert is_retryable("no_such_kind")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("refused", True), ("cancelled", True), ("worker_lost", True), ("http_4xx", False)],
)
def test_another_try_is_offered_where_it_can_help(kind: str, expected: bool) -> None:
    assert is_retryable(kind) is expected


def test_what_can_be_done_depends_on_the_batch() -> None:
    running = possible_actions(batch(), can_retry=False)
    paused = possible_actions(batch(state=BatchState.PAUSED, failed=1), can_retry=True)
    finished = batch(state=BatchState.FINISHED, completed=9, failed=1)

    assert running == [Action.PAUSE, Action.CANCEL]
    assert paused == [Action.RESUME, Action.CANCEL, Action.RETRY_FAILED]
    assert possible_actions(finished, can_retry=True) == [Action.RETRY_FAILED]
    assert possible_actions(finished, can_retry=False) == []


def test_every_action_is_a_method_of_a_handle() -> None:
    for action in Action:
        assert callable(getattr(sq.BatchHandle, action.value))
        assert action.label[0].isupper()
