"""The same question is asked once, whoever asks it, and a budget holds over all who spend it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from scrapeq import database
from scrapeq.database.ai_answers import Asking
from scrapeq.frontier import Frontier, connect
from scrapeq.llm import Fields, Resources, process, read_fields
from scrapeq.project import recovery
from scrapeq.project.services import Services, open_services
from scrapeq.settings import Settings
from scrapeq.work import batch_ledger, shared_answers
from scrapeq.work.batch_ledger import BatchLedger
from scrapeq.work.shared_answers import SharedAnswers
from tests.model_endpoint import Endpoint, counted

SCHEMA = {"type": "object", "properties": {"name": {"type": "string", "description": "a name"}}}
ANSWER = json.dumps({"name": "Ahab"})
MODEL = "gpt-4o-mini"
#: What one answer of `counted` costs.
COST_USD = (1000 * 0.15 + 100 * 0.60) / 1e6


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    one.always = lambda _: counted(ANSWER)
    yield one
    one.close()


@pytest.fixture
def services(queue, endpoint: Endpoint) -> Iterator[Services]:
    """The stores of the cluster, with the endpoint's settings."""
    settings: Settings = queue.services.settings.model_copy(
        update={
            "ai_base_url": endpoint.url,
            "ai_max_retries": 0,
            "ai_max_output_tokens": 500,
            "ai_model": MODEL,
        }
    )
    opened = open_services(settings, start=False)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def ask(services: Services, request: pytest.FixtureRequest):
    """`ask(text, batch_id, budget_usd)`: the fields, asked as another process would."""

    def fields(text: str, batch_id: str = "", budget_usd: float | None = None) -> Fields:
        ledger = BatchLedger(services, batch_id or request.node.name, MODEL, budget_usd)
        answers = SharedAnswers(services.engine)
        resources = Resources(services.settings, answers=answers, ledger=ledger)
        return read_fields(f"{request.node.name} {text}", SCHEMA, resources)

    return fields


def together(count: int, work: Any) -> list[Any]:
    """What `work(number)` gives, in so many threads at once."""
    found: list[Any] = [None] * count

    def one(number: int) -> None:
        found[number] = work(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_the_same_question_by_many_at_once_is_paid_for_once(ask, endpoint, services, request):
    found = together(6, lambda _: ask("the same page"))

    assert [one.values for one in found] == [{"name": "Ahab"}] * 6
    assert sorted(one.cached for one in found) == [False, *[True] * 5]
    assert len(endpoint.asked) == 1
    cost = database.ai_spending.cost(services.engine, request.node.name)
    assert (cost.calls, cost.cached, cost.tokens) == (1, 5, 1100)
    assert cost.usd == pytest.approx(COST_USD)


def test_a_question_of_a_batch_is_answered_in_the_next(ask, endpoint):
    assert not ask("a page", "monday").cached
    assert ask("a page", "tuesday").cached
    assert len(endpoint.asked) == 1


def test_one_who_waits_asks_when_the_first_one_failed(ask, endpoint):
    endpoint.script = [(500, "{}")]

    found = together(2, lambda _: ask("a page"))

    assert sorted(bool(one.problem) for one in found) == [False, True]
    assert len(endpoint.asked) == 2


def test_a_question_of_one_that_died_is_asked_again(ask, endpoint, services, monkeypatch):
    monkeypatch.setattr(shared_answers, "SILENT_S", 0.5)
    claimed: list[str] = []
    claim = database.ai_answers.claim

    def noted(engine: Any, key: str, asker: str) -> bool:
        if not claimed:
            claimed.append(key)
            claim(engine, key, "one that died")
        return claim(engine, key, asker)

    monkeypatch.setattr(database.ai_answers, "claim", noted)

    assert ask("a page").values == {"name": "Ahab"}
    assert len(endpoint.asked) == 1
    assert not isinstance(database.ai_answers.find(services.engine, claimed[0]), Asking)


def test_one_that_thinks_for_long_is_not_taken_for_dead(ask, endpoint, monkeypatch):
    monkeypatch.setattr(shared_answers, "BEAT_S", 0.1)
    monkeypatch.setattr(shared_answers, "SILENT_S", 0.6)
    waits = threading.Event()

    def slow(asked: dict[str, Any]) -> Any:
        waits.wait(2)
        return counted(ANSWER)

    endpoint.always = slow

    found = together(3, lambda _: ask("a page"))

    assert [one.problem for one in found] == [""] * 3
    assert len(endpoint.asked) == 1


def test_a_task_is_answered_from_the_record_the_second_time(services, endpoint):
    endpoint.always = lambda _: counted("A whale is hunted.")
    answers = SharedAnswers(services.engine)

    first, second = (
        process("Call me Ishmael.", settings=services.settings, answers=answers) for _ in range(2)
    )

    assert (first.cached, second.cached) == (False, True)
    assert (first.result, second.result) == ("A whale is hunted.",) * 2
    assert [first.cost_usd, second.cost_usd] == pytest.approx([COST_USD, 0.0])
    assert (second.input_tokens, second.attempts) == (1000, 0)


# the budget


def spent(services: Services, batch_id: str) -> Any:
    return database.ai_spending.cost(services.engine, batch_id)


def test_a_budget_ends_the_spending_over_all_who_spend(ask, endpoint, services):
    budget_usd = 10.5 * COST_USD

    found = together(30, lambda number: ask(f"page {number}", "b1", budget_usd))

    cost = spent(services, "b1")
    refused = [one for one in found if one.problem]
    assert cost.usd <= budget_usd
    assert cost.calls == len(endpoint.asked) == 30 - len(refused)
    assert cost.calls >= 7  # the rest has no room for the most that a call may cost
    assert all("has no room for another call" in one.problem for one in refused)
    assert (cost.unknown, database.ai_spending.spending(services.engine, "b1").open_nano) == (0, {})


def test_a_budget_outlives_a_redis_that_was_emptied(ask, services, cluster):
    budget_usd = 5.2 * COST_USD
    for number in range(3):
        assert not ask(f"page {number}", "b2", budget_usd).problem

    with redis.Redis.from_url(cluster.redis_url) as client:
        client.flushall()
    recovery.recover(services)
    found = [ask(f"later page {number}", "b2", budget_usd) for number in range(6)]

    assert spent(services, "b2").usd <= budget_usd
    assert [bool(one.problem) for one in found][-2:] == [True, True]


def test_a_call_that_lost_its_worker_counts_at_its_most(ask, services, monkeypatch):
    monkeypatch.setattr(batch_ledger, "MARGIN_S", 0.2)
    quick = services.settings.model_copy(update={"ai_timeout_s": 0.1})
    object.__setattr__(services, "settings", quick)
    database.ai_spending.open_call(services.engine, "of one that died", "b3", 10**9)

    assert "has no room" in ask("a page", "b3", budget_usd=1.0).problem
    assert spent(services, "b3").unknown == 1


def test_an_answer_that_is_there_costs_no_budget(ask, endpoint):
    ask("a page", "b4")

    assert ask("a page", "b4", budget_usd=1e-9).cached


def test_without_redis_a_budget_sends_nothing(ask, services, endpoint, monkeypatch, tmp_path):
    monkeypatch.setattr(batch_ledger, "LONGEST_WAIT_S", 0.5)
    monkeypatch.setattr(batch_ledger, "AGAIN_S", 0.1)
    away = connect(f"unix://{tmp_path / 'no-redis'}")
    object.__setattr__(services, "frontier", Frontier(away))

    found = ask("a page", "b5", budget_usd=1.0)

    assert "could not be found out" in found.problem
    assert endpoint.asked == []
    assert spent(services, "b5").cost_nano == 0
