"""Answers of language models and what they cost, in each database."""

from __future__ import annotations

import sqlalchemy as sa

from scrapeq.clock import DAY_MS, now_ms
from scrapeq.database import ai_answers, ai_spending
from scrapeq.database.ai_answers import AIAnswer, Asking
from scrapeq.models import AICost

ANSWER = AIAnswer('{"a": "ß\\ud800"}' + "x" * 1000, "tiny-1b", 90, 4, "stop")


def test_one_asks_and_the_others_find_the_answer(record: sa.Engine) -> None:
    assert ai_answers.find(record, "k") is None
    assert ai_answers.claim(record, "k", "first")
    assert not ai_answers.claim(record, "k", "second")
    assert ai_answers.find(record, "k") == Asking("first", 0)

    ai_answers.keep(record, "k", ANSWER)

    assert ai_answers.find(record, "k") == ANSWER
    assert not ai_answers.claim(record, "k", "second")


def test_one_that_is_silent_is_replaced_and_one_that_lives_is_not(record: sa.Engine) -> None:
    ai_answers.claim(record, "k", "first")
    seen = Asking("first", 0)
    ai_answers.beat(record, ["k", "other"], "first")

    assert not ai_answers.take_over(record, "k", "second", seen)
    assert ai_answers.take_over(record, "k", "second", Asking("first", 1))
    assert not ai_answers.take_over(record, "k", "third", Asking("first", 1))

    ai_answers.give_up(record, "k", "first")  # late: it is no longer the first's

    assert ai_answers.find(record, "k") == Asking("second", 0)


def test_what_was_given_up_may_be_asked_again(record: sa.Engine) -> None:
    ai_answers.claim(record, "k", "first")
    ai_answers.give_up(record, "k", "first")

    assert ai_answers.claim(record, "k", "second")


def test_an_answer_of_one_that_was_replaced_counts_all_the_same(record: sa.Engine) -> None:
    ai_answers.claim(record, "k", "first")
    ai_answers.take_over(record, "k", "second", Asking("first", 0))
    ai_answers.keep(record, "k", ANSWER)
    ai_answers.give_up(record, "k", "second")

    assert ai_answers.find(record, "k") == ANSWER


def test_old_answers_go_and_the_oldest_of_too_many(record: sa.Engine) -> None:
    for name in "abcde":
        ai_answers.keep(record, name, ANSWER)
    with record.begin() as connection:
        for age, name in enumerate("abcde"):
            connection.execute(
                sa.text("UPDATE ai_answers SET at_ms = :at WHERE key = :key"),
                {"at": now_ms() - age * DAY_MS, "key": name},
            )

    assert ai_answers.clean(record, now_ms() - round(3.5 * DAY_MS), most=100) == 1
    assert ai_answers.find(record, "e") is None
    assert ai_answers.clean(record, 0, most=2) == 2
    assert [name for name in "abcd" if ai_answers.find(record, name)] == ["a", "b"]


def test_what_calls_cost_is_summed_by_batch(record: sa.Engine) -> None:
    one = AICost(calls=1, input_tokens=100, output_tokens=10, cost_nano=5_000)
    ai_spending.open_call(record, "c1", "b", 9_000)
    ai_spending.open_call(record, "c2", "b", 9_000)
    ai_spending.open_call(record, "c3", "other", 7)
    ai_spending.settle_call(record, "c1", "b", "gpt", one)
    ai_spending.settle_call(record, "c1", "b", "gpt", one)  # the second time it counts no more
    ai_spending.add(record, "b", "tiny", AICost(cached=2))
    ai_spending.add(record, "b", "tiny", AICost(calls=1, unpriced=1, input_tokens=7))

    assert ai_spending.spending(record, "b") == ai_spending.Spending(5_000, {"c2": 9_000})
    assert ai_spending.cost(record, "b", budget_usd=1.0) == AICost(
        calls=2,
        cached=2,
        input_tokens=107,
        output_tokens=10,
        cost_nano=14_000,
        unpriced=1,
        unknown=1,
        budget_usd=1.0,
    )

    ai_spending.release_call(record, "c2")

    assert ai_spending.cost(record, "b").cost_nano == 5_000
    assert ai_spending.cost(record, "nobody") == AICost()
