"""Fields of a record that a model fills, through real workers: within a budget, and never twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

import scrapeq as sq
from scrapeq.errors import ModelFailed
from scrapeq.settings import load_settings
from tests.model_endpoint import SECRET, Endpoint, counted

ANSWER_S = 90
MODEL = "gpt-4o-mini"
#: What one answer of `counted` costs.
COST_USD = (1000 * 0.15 + 100 * 0.60) / 1e6


class Product(sq.Record):
    name: str = sq.css("h1")
    summary: str | None = sq.ai("one sentence: what it is for")
    grams: int = sq.ai("how heavy it is")
    price: Decimal | None = sq.first(sq.css(".price"), sq.ai("the price"))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    one = Endpoint()
    yield one
    one.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, endpoint):
    settings = load_settings(
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_AI_BASE_URL=endpoint.url,
        SCRAPEQ_AI_API_KEY=SECRET,
        SCRAPEQ_AI_MODEL=MODEL,
        SCRAPEQ_AI_MAX_RETRIES=0,
        SCRAPEQ_AI_MAX_OUTPUT_TOKENS=200,
        SCRAPEQ_AI_BREAKER_FAILURES=10_000,
    )
    with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as local:
        yield local


@pytest.fixture(autouse=True)
def good_model(endpoint: Endpoint) -> None:
    """It fills whatever it is asked for."""
    endpoint.asked.clear()
    endpoint.script.clear()
    endpoint.always = lambda asked: counted(json.dumps(answer_to(asked)))


def wanted(asked: dict[str, Any]) -> dict[str, Any]:
    schema = asked["response_format"]["json_schema"]["schema"]
    found: dict[str, Any] = schema["properties"]
    return found


def answer_to(asked: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"summary": "It gives light.", "grams": 900, "price": 129.5}
    properties = wanted(asked)
    if "evidence" not in properties:
        return {name: values[name] for name in properties}
    fields = properties["fields"]["properties"]
    quote = asked["messages"][1]["content"].splitlines()[1]  # behind the mark
    quotes = {"summary": quote, "grams": "no such words on any page", "price": None}
    return {
        "fields": {name: values[name] for name in fields},
        "evidence": {name: quotes[name] for name in fields},
    }


@pytest.fixture
def links(web, own_numbers) -> list[str]:
    """Products that no other test has: an answer of the record would serve them."""
    return [web.url(f"/product/{own_numbers + number}") for number in range(6)]


def test_a_model_fills_what_no_selector_finds(links, scrape, endpoint):
    batch = scrape(links, record=Product, ai_budget="2 USD").wait(ANSWER_S)

    table = batch.df
    assert table["ok"].all()
    assert table["summary"].tolist() == ["It gives light."] * 6
    assert table["grams"].tolist() == [900] * 6
    assert table["name"].notna().all()
    assert batch.violations.empty
    assert set(table["ai_tokens"]) == {1100}
    assert table["ai_cost"].sum() == pytest.approx(6 * COST_USD)
    sources = batch.sources
    assert set(sources.loc[sources["column"] == "summary", "source"]) == {f"ai {MODEL}"}
    cost = batch.cost
    assert (cost.calls, cost.cached, cost.tokens, cost.budget_usd) == (6, 0, 6600, 2.0)
    assert cost.usd == pytest.approx(6 * COST_USD)
    assert f"{cost}" in batch.card()
    # a price that a selector finds is not asked for
    assert table["price"].notna().all()
    assert set(wanted(endpoint.asked[0])) == {"summary", "grams"}


def test_the_same_pages_cost_nothing_the_second_time(links, scrape, endpoint):
    scrape(links, record=Product).wait(ANSWER_S)
    asked = len(endpoint.asked)

    again = scrape(links, record=Product, refresh=True).wait(ANSWER_S)

    assert again.df["summary"].tolist() == ["It gives light."] * 6
    assert len(endpoint.asked) == asked == 6
    assert (again.cost.calls, again.cost.cached, again.cost.usd) == (0, 6, 0.0)
    assert set(again.df["ai_tokens"]) == {0}


def test_a_budget_ends_the_spending_and_not_the_batch(links, scrape, endpoint):
    # Any product may cost less than two such answers, and none so little that a fourth has room.
    endpoint.always = lambda asked: counted(json.dumps(answer_to(asked)), sent=6000)
    budget_usd = 3.4 * (6000 * 0.15 + 100 * 0.60) / 1e6

    batch = scrape(links, record=Product, ai_budget=budget_usd).wait(ANSWER_S)

    table, cost = batch.df, batch.cost
    assert table["ok"].all()
    assert table["name"].notna().all()
    assert 0 < cost.usd <= budget_usd
    assert 1 <= cost.calls == len(endpoint.asked) <= 3
    assert table["summary"].notna().sum() == cost.calls
    violations = batch.violations
    of_the_model = violations[violations["kind"] == "ai"]
    assert set(of_the_model["row"]) == set(table.index[table["summary"].isna()])
    assert of_the_model["message"].str.contains("raise ai_budget to go on").all()

    (problem,) = batch.problems.to_dict("records")
    assert (problem["problem"], problem["rows"]) == ("ai", 6 - cost.calls)
    assert "nothing of the language model" in batch.note

    more = batch.reread(ai_budget="1 USD").wait(ANSWER_S)

    assert more.df["summary"].notna().all()
    assert more.cost.calls == 6 - cost.calls  # the others are there already


def test_a_model_that_fails_takes_only_its_own_fields(links, scrape, endpoint):
    endpoint.always = lambda _: (500, '{"error": {"message": "out of order"}}')

    batch = scrape(links, record=Product).wait(ANSWER_S)

    assert batch.df["ok"].all()
    assert batch.df["name"].notna().all()
    assert batch.df["summary"].isna().all()
    assert batch.violations["message"].str.contains("HTTP 500").all()
    assert (batch.cost.calls, batch.cost.usd) == (0, 0.0)


def test_a_row_of_which_nothing_else_was_asked_fails(links, scrape, endpoint):
    endpoint.always = lambda _: counted("I would rather not.")

    batch = scrape(links, record={"mood": sq.ai("its mood")}).wait(ANSWER_S)

    assert not batch.df["ok"].any()
    assert set(batch.errors["error_kind"]) == {"ai"}
    assert batch.errors["error_message"].str.contains("no JSON").all()
    assert batch.cost.calls == 6  # they were paid for


def test_evidence_is_quoted_and_looked_for(links, scrape):
    batch = scrape(links, record=Product, ai_evidence=True).wait(ANSWER_S)

    evidence = batch.evidence
    assert evidence[evidence["field"] == "summary"]["found"].all()
    assert not evidence[evidence["field"] == "grams"]["found"].any()
    assert len(evidence) == 12


def test_a_model_that_obeys_the_page_fills_nothing_but_its_fields(links, scrape, endpoint):
    def obey(asked: dict[str, Any]) -> Any:
        stolen = {
            **answer_to(asked),
            "name": "Buy now!",
            "ok": False,
            "final_url": "http://evil.example/",
        }
        return counted(json.dumps({**stolen, "grams": "all of them", "summary": str(asked)[:5000]}))

    endpoint.always = obey

    batch = scrape(links, record=Product).wait(ANSWER_S)

    table = batch.table()
    assert table["ok"].all()
    assert not table["name"].eq("Buy now!").any()
    assert not table["final_url"].str.contains("evil").any()
    assert table["grams"].isna().all()
    assert SECRET not in table.to_csv()
    assert set(batch.violations["field"]) == {"grams"}
    assert all("tools" not in one for one in endpoint.asked)


def test_a_page_that_is_none_is_not_sent(web, scrape, endpoint):
    batch = scrape([web.url("/useless/login/0")], record=Product).wait(ANSWER_S)

    assert batch.df["page_kind"].tolist() == ["login"]
    assert endpoint.asked == []
    assert batch.violations["message"].str.startswith("no model was asked").any()


def test_pages_that_are_the_same_are_asked_once_by_all_workers(web, scrape, endpoint):
    wait = threading.Event()

    def slow(asked: dict[str, Any]) -> Any:
        wait.wait(1)
        return counted(json.dumps(answer_to(asked)))

    endpoint.always = slow
    links = [f"{web.url('/product/7')}?copy={number}" for number in range(5)]

    batch = scrape(links, record=Product, merge_duplicates=False).wait(ANSWER_S)

    assert batch.df["summary"].notna().all()
    assert len(endpoint.asked) == 1
    assert (batch.cost.calls, batch.cost.cached) == (1, 4)


def test_selectors_are_named_once_and_cost_nothing_from_then_on(links, scrape, endpoint, cluster):
    class Wanted(sq.Record):
        title: str = sq.ai("what the product is called")
        cost: Decimal | None = sq.ai("what it costs")

    def named(asked: dict[str, Any]) -> Any:
        assert "| " in asked["messages"][1]["content"]
        heading = next(
            line for line in asked["messages"][1]["content"].splitlines() if "h1" in line
        )
        answer = {
            "title": {"selector": "h1", "value": heading.partition(" | ")[2]},
            "cost": {"selector": ".nowhere", "value": "12"},
        }
        return counted(json.dumps(answer))

    endpoint.always = named

    found = sq.suggest_selectors(links, Wanted, settings=cluster.settings, main_text="off")

    assert found.selectors == {"title": "h1"}
    assert found.df["why"].tolist() == ["", "it matches on no page"]
    assert found.cost_usd == pytest.approx(COST_USD)
    assert len(endpoint.asked) == 1
    batch = scrape(links, custom_selectors=found.selectors).wait(ANSWER_S)
    assert batch.df["title"].notna().all()
    assert len(endpoint.asked) == 1


def test_a_model_that_is_away_says_so(links, endpoint, cluster):
    endpoint.always = lambda _: (500, "{}")

    with pytest.raises(ModelFailed, match="gave no selectors"):
        sq.suggest_selectors(links, Product, settings=cluster.settings, main_text="off")
