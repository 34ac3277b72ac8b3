"""What a model will cost, told before it is asked: from stored pages, and with what is not known."""

from __future__ import annotations

import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError

ANSWER_S = 60


class Summary(sq.Record):
    name: str = sq.css("h1")
    summary: str | None = sq.ai("one sentence: what it is about")


@pytest.fixture
def priced(cluster):
    """Settings of the cluster, with a model of one's own and its price."""
    return cluster.settings.model_copy(
        update={"ai_input_price": 1.0, "ai_output_price": 2.0, "ai_model": "my-own-7b"}
    )


@pytest.fixture
def links(web, own_numbers):
    """Articles that no other test has."""
    return [web.url(f"/article/{own_numbers + number}") for number in range(12)]


def test_stored_pages_tell_how_long_pages_are(links, scrape, priced):
    scrape(links[:6], main_text="best").wait(ANSWER_S)

    estimate = sq.estimate([*links, links[0]], record=Summary, ai_budget="1 USD", settings=priced)

    assert (estimate.rows, estimate.model, estimate.sampled) == (12, "my-own-7b", 6)
    assert estimate.input_tokens > 12 * 200
    assert estimate.usd == pytest.approx((estimate.input_tokens + 2 * estimate.output_tokens) / 1e6)
    assert 0 < estimate.usd < estimate.most_usd
    assert estimate.budget_usd == 1.0
    assert repr(estimate).startswith("<AIEstimate about 0.")
    assert "that of 6 stored ones of these URLs, for 12 rows" in str(estimate)
    assert "guessed" in estimate._repr_html_()


def test_pages_without_a_main_text_are_read_for_it(links, scrape, priced):
    scrape(links[:6], main_text="off").wait(ANSWER_S)

    estimate = sq.estimate(
        links, record=Summary, settings=priced, main_text="off", allow_private_addresses=True
    )

    assert estimate.sampled == 6
    assert estimate.input_tokens > 12 * 200


def test_pages_of_the_same_hosts_do_where_these_are_not_stored(links, scrape, web, priced):
    scrape(links[:3], main_text="best", refresh=True).wait(ANSWER_S)

    estimate = sq.estimate([web.url("/article/999")], record=Summary, settings=priced)

    assert estimate.sampled >= 3
    assert "stored ones of their hosts" in str(estimate)


def test_without_a_page_it_says_what_it_does_not_know(priced):
    links = ["http://never-seen.example/1", "http://never-seen.example/2"]

    estimate = sq.estimate(links, record=Summary, settings=priced)

    assert (estimate.usd, estimate.input_tokens, estimate.sampled) == (None, None, 0)
    assert estimate.most_usd > 0
    assert "scrape a few rows first" in str(estimate)
    assert "not known" in repr(estimate)


def test_without_a_price_the_tokens_are_told(links, scrape, priced):
    scrape(links[:3], main_text="best").wait(ANSWER_S)
    unpriced = priced.model_copy(update={"ai_input_price": None, "ai_output_price": None})

    estimate = sq.estimate(links, record=Summary, settings=unpriced)

    assert estimate.input_tokens > 0
    assert (estimate.usd, estimate.most_usd) == (None, None)
    assert "SCRAPEQ_AI_INPUT_PRICE" in str(estimate)


def test_a_batch_knows_what_it_may_cost(links, scrape, priced):
    batch = scrape(links, record={"title": "h1", "mood": sq.ai("its mood")}, main_text="best")
    batch.wait(ANSWER_S)

    estimate = sq.attach(batch.id, settings=priced).estimate()

    assert estimate.rows == 12
    assert estimate.sampled == 12


def test_without_a_field_for_a_model_there_is_nothing_to_estimate(links, priced):
    with pytest.raises(ConfigError, match="no field is filled by a language model"):
        sq.estimate(links, record={"title": "h1"}, settings=priced)
