"""A record from a class to a table, through real workers."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError, InputError, NotFound

ANSWER_S = 60


class Product(sq.Record):
    name: str = sq.css("h1")
    price: Decimal | None = sq.first(sq.structured("offers.price"), sq.css(".price"))
    link: list[str] = sq.css("a::attr(href)")
    gone: str = sq.css(".there-is-no-such")


@pytest.fixture(scope="module")
def links(module_web):
    return [module_web.url(f"/product/{number}") for number in range(6)]


def test_a_row_holds_what_the_class_says(links, scrape):
    frame = pd.DataFrame({"link_in": links})

    batch = scrape(frame, "link_in", record=Product).wait(ANSWER_S)

    table = batch.df
    assert table["ok"].all()
    assert table["name"].notna().all()
    assert all(isinstance(one, Decimal) for one in table["price"])
    assert str(table["price"].dtype).startswith("decimal128")
    assert table["gone"].isna().all()
    assert batch.violations["field"].tolist() == ["gone"] * 6
    assert batch.violations["row"].tolist() == list(range(6))
    sources = batch.sources
    assert set(sources.loc[sources["column"] == "name", "source"]) == {"css h1"}


def test_the_record_of_a_batch_is_found_again_in_another_kernel(links, scrape, cluster):
    batch = scrape(links, record=Product, main_text="fast").wait(ANSWER_S)

    again = sq.attach(batch.id, settings=cluster.settings)

    assert str(again.df["price"].dtype).startswith("decimal128")
    assert again.batch.config.record == batch.batch.config.record


def test_a_selector_of_a_record_that_matches_nothing_is_a_finding(links, scrape):
    batch = scrape(links, record=Product, max_age=0).wait(ANSWER_S)

    problems = batch.problems
    assert problems.loc[problems["problem"] == "selector", "name"].tolist() == ["gone"]


def test_a_list_page_gives_items(web, scrape):
    record = {"links": sq.each("a", {"href": "a::attr(href)", "words": sq.xpath("string(//a)")})}

    batch = scrape([web.url("/article/1")], record=record).wait(ANSWER_S)

    items = batch.items
    assert len(items) > 1
    assert (items["row"] == 0).all()
    assert items["number"].tolist() == list(range(len(items)))


def test_the_whole_table_can_be_exported(links, scrape, tmp_path):
    batch = scrape(links, record=Product).wait(ANSWER_S)

    for ending in ("csv", "jsonl", "parquet", "xlsx"):
        assert batch.export(tmp_path / f"products.{ending}").stat().st_size


def test_a_record_that_cannot_be_met_submits_nothing(links, scrape):
    with pytest.raises(ConfigError, match=r"record\.x"):
        scrape(links, record={"x": sq.css("h1[")})


def test_a_stored_page_is_read_again_at_once(links, scrape, asked):
    batch = scrape(links, record=Product, store_html=True, refresh=True).wait(ANSWER_S)
    before = len(asked())

    page = batch.read_page(2)

    assert page.values["name"] == batch.df["name"][2]
    assert list(page.select("h1")) == [page.values["name"]]
    assert batch.read_page(2, record={"heading": "h1"}).values == {"heading": page.values["name"]}
    assert len(asked()) == before


def test_a_selector_is_tried_on_the_stored_pages(links, scrape):
    batch = scrape(links, record=Product, store_html=True, refresh=True).wait(ANSWER_S)

    assert batch.try_selector("h1").summary == "matches on 6 of 6 pages"
    missed = batch.try_selector("h1.none", pages=3)
    assert (missed.matched, len(missed.pages)) == (0, 3)
    assert missed.df["row"].tolist() == [0, 2, 4]


def test_one_url_is_fetched_and_read(web, cluster):
    options = {"settings": cluster.settings, "main_text": "off"}

    page = sq.read_page(web.url("/product/3"), record=Product, **options)

    assert page.values["name"]
    with pytest.raises(InputError, match="http_4xx"):
        sq.read_page(web.url("/status/404"), **options)


def test_a_page_that_is_not_kept_says_how_to_keep_it(web, scrape):
    batch = scrape([web.url("/status/404")]).wait(ANSWER_S)

    with pytest.raises(NotFound, match="store_html"):
        batch.read_page(0)


def test_a_site_that_was_changed_is_seen_in_the_next_run(links, scrape):
    scrape(links, name="shop", custom_selectors={"price": "h1"}).wait(ANSWER_S)
    batch = scrape(links, name="shop", custom_selectors={"price": ".gone"}).wait(ANSWER_S)

    health = batch.selector_health

    assert health["run"].tolist() == [1, 2]
    assert health["share"].tolist() == [1.0, 0.0]
    assert health["change"].tolist()[1] == -1.0
