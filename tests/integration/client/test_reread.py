"""A batch that is read again from its stored pages, without a request."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq import database
from scrapeq.errors import ConfigError, NotFound

WAIT_S = 60


class Product(sq.Record):
    price: Decimal | None = sq.css(".price")


@pytest.fixture
def batch(web, scrape):
    links = [web.url(f"/product/{number}") for number in range(5)] + [web.url("/status/404")]
    frame = pd.DataFrame({"link": links, "country": list("abcdef")})
    return scrape(frame, "link", max_age=0).wait(WAIT_S)


def test_it_gives_the_same_rows_with_other_fields_and_sends_nothing(batch, asked):
    before = len(asked())

    again = batch.reread(record=Product, custom_selectors={"heading": "h1"}).wait(WAIT_S)

    table = again.df
    assert len(asked()) == before
    assert table["country"].tolist() == list("abcdef")
    assert table["ok"].tolist() == [True] * 5 + [False]
    assert table["heading"].notna().sum() == 5
    assert str(table["price"].dtype).startswith("decimal128")
    assert table["error_kind"].tolist()[5] == "not_stored"
    assert "read again" in again.note


def test_what_was_read_again_can_be_read_once_more(batch):
    again = batch.reread(custom_selectors={"heading": "h1"}).wait(WAIT_S)

    third = again.reread(custom_selectors={"other": "h1"}).wait(WAIT_S)

    assert third.df["other"].tolist()[:5] == again.df["heading"].tolist()[:5]
    assert third.read_page(0).select("h1")[0] == third.df["other"][0]


def test_no_pace_holds_it_up(web, scrape, asked):
    """An hour between two requests is no reason to wait for a page that is at hand."""
    links = [web.url(f"/article/{number}") for number in range(700, 703)]
    scrape(links, max_age=0).wait(WAIT_S)
    slow = [web.url(f"/article/{number}") for number in range(800, 803)]
    waiting = scrape(slow, delay_between_requests=3600, max_age=0)
    before = len([hit for hit in asked() if hit.path.startswith("/article/70")])

    again = scrape(links, delay_between_requests=3600, only_stored=True, store_html=True)

    assert again.wait(WAIT_S).df["ok"].all()
    assert len([hit for hit in asked() if hit.path.startswith("/article/70")]) == before
    waiting.cancel()


def test_pages_that_made_room_are_not_stored(batch, cluster, asked):
    engine = sq.get_job_queue(cluster.settings).services.engine
    database.contents.let_go(engine, 0)
    before = len(asked())

    again = batch.reread(custom_selectors={"nobody_asked_before": "h1"}).wait(WAIT_S)

    assert set(again.df["error_kind"]) == {"not_stored"}
    assert len(asked()) == before
    with pytest.raises(NotFound, match="SCRAPEQ_STORED_PAGES_MB"):
        batch.html(0)


def test_what_cannot_be_met_submits_nothing(batch):
    with pytest.raises(ConfigError, match=r"record\.x"):
        batch.reread(record={"x": "h1["})
    with pytest.raises(ConfigError, match="another render would be another request"):
        batch.reread(render="always")


def test_another_selector_on_the_same_pages_sends_no_request(web, scrape, asked):
    """The cell that is run again with one more selector: what it needs is at hand."""
    links = [web.url(f"/product/{number}") for number in range(40, 43)]
    scrape(links, custom_selectors={"a": "h1"}).wait(WAIT_S)
    before = len(asked())

    frame = scrape(links, custom_selectors={"a": "h1", "b": ".price"}).wait(WAIT_S).df

    assert frame["b"].notna().all()
    assert frame["from_store"].all()
    assert len(asked()) == before


def test_a_batch_under_way_says_what_is_not_there_yet(web, scrape):
    batch = scrape([web.url(f"/slow/{number}") for number in range(20, 23)], max_age=0)

    again = batch.reread(custom_selectors={"x": "h1"})

    assert "3 of its rows are not done" in again.note
    assert set(again.wait(WAIT_S).df["error_kind"]) == {"not_stored"}
    batch.cancel()


def test_a_record_can_be_left_out(web, scrape):
    first = scrape([web.url("/product/60")], record=Product).wait(WAIT_S)

    again = first.reread(record=None, custom_selectors={"price": ".price"}).wait(WAIT_S)

    assert str(again.df["price"].dtype) == "string"


def test_a_row_that_is_none_says_which_there_are(batch):
    with pytest.raises(NotFound, match="0 to 5"):
        batch.read_page(6)
