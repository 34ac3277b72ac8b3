"""The dashboard as people use it, as a page of its own. In JupyterLab: test_jupyterlab.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

import scrapeq as sq
from scrapeq import cluster as clusters
from scrapeq.display import script
from scrapeq.errors import ScheduleWarning
from scrapeq.settings import Settings, load_settings
from tests.browser.conftest import ARTEFACTS, PATIENCE_S, unreadable

#: What acts and does not lie on the screen from side to side: asked at once, for the page is live.
OFF_THE_SCREEN = """() => [...document.querySelectorAll("button, summary, input, select, textarea")]
    .filter(acting => acting.checkVisibility())
    .filter(acting => {
        const box = acting.getBoundingClientRect();
        return box.left < 0 || box.right > innerWidth;
    })
    .map(acting => acting.outerHTML)"""
EVIL = "<img src=x onerror=document.title='pwned'> firms"


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Iterator[Settings]:
    loaded = load_settings(
        SCRAPEQ_HOME=tmp_path_factory.mktemp("home"),
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
        SCRAPEQ_WORKERS=1,
    )
    yield loaded
    clusters.leave(loaded.home)  # tests submit from here too


@pytest.fixture(scope="module")
def address(settings: Settings) -> Iterator[str]:
    """Where `scrapeq dashboard` says that it is."""
    own = {
        "SCRAPEQ_HOME": str(settings.home),
        "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        "SCRAPEQ_WORKERS": "1",
    }
    server = subprocess.Popen(
        [Path(sys.executable).with_name("scrapeq"), "dashboard", "--port", "0"],
        env=os.environ | own,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = re.search(r"http://\S+", server.stdout.readline())
        assert said, "the dashboard did not say where it is"
        yield said[0]
    finally:
        server.terminate()
        server.communicate(timeout=PATIENCE_S)


@pytest.fixture
def open_page(browser, address) -> Iterator[Callable[..., Any]]:
    """`open_page(scheme="light", width=1100)`: the dashboard in a browser."""
    contexts = []

    def make(scheme: str = "light", width: int = 1100) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(address)
        page.locator("[data-section=status] .sq-verdict").wait_for()
        return page

    yield make
    for context in contexts:
        context.close()


def test_who_comes_without_a_token_signs_in(browser, address):
    page = browser.new_page(viewport={"width": 360, "height": 600})
    page.set_default_timeout(PATIENCE_S * 1000)
    here, token = address.split("?token=")

    page.goto(here)
    page.get_by_label("Token").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()

    page.locator("[data-section=status] .sq-verdict").wait_for()
    page.close()


def row_of(page: Page, name: str):
    return page.locator("[data-section=batches] tr", has_text=name)


def test_a_page_submits_follows_steers_and_saves(open_page, module_web):
    page = open_page()
    assert "token" not in page.url
    urls = [row["url"] for row in module_web.urls(300, failures=0.1)]
    page.get_by_text("Submit", exact=True).click()
    page.locator("[data-urls]").fill("\n".join(urls))
    page.locator("[data-name]").fill("shops")
    page.locator("[data-option=custom_selectors]").fill("headline = h1")
    page.locator("[data-option=main_text]").select_option("off")
    page.get_by_text("More options").click()
    page.locator("[data-option=delay_between_requests]").fill("0.1")
    page.locator("[data-option=max_retries]").fill("0")
    page.get_by_role("button", name="Scrape", exact=True).click()
    page.get_by_text("shops: 300 rows are being fetched").wait_for()

    bar = page.locator("[data-section=running] [role=img]")
    seen = bar.get_attribute("aria-label")
    expect(bar).not_to_have_attribute("aria-label", seen, timeout=PATIENCE_S * 1000)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_text("shops: paused").wait_for()
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(row_of(page, "shops")).to_contain_text("finished", timeout=PATIENCE_S * 1000)

    with page.expect_download() as expected:
        row_of(page, "shops").get_by_role("button", name="csv").click()
    assert expected.value.suggested_filename == "shops.csv"
    table = pd.read_csv(expected.value.path())
    assert len(table) == 300
    assert table["headline"].notna().sum() == table["ok"].sum() == 270
    errors = page.locator("[data-section=errors]")
    expect(errors).to_contain_text("not found or not allowed (4xx)")
    assert page.complaints == []


def test_a_page_takes_a_file_and_says_what_is_wrong_with_one(open_page, module_web, tmp_path):
    page = open_page()
    good, bad = tmp_path / "firms.csv", tmp_path / "firms.docx"
    good.write_text("name,link\na," + module_web.url("/article/3") + "\n")
    bad.write_text("x")
    page.get_by_text("Submit", exact=True).click()
    page.get_by_text("Upload a file").click()
    page.locator("[data-name]").fill("uploaded")

    page.get_by_role("button", name="Scrape", exact=True).click()
    page.get_by_text("no file is chosen").wait_for()
    page.locator("[data-file]").set_input_files(bad)
    page.get_by_role("button", name="Scrape", exact=True).click()
    page.get_by_text("URLs cannot be read from a .docx file").wait_for()
    page.locator("[data-file]").set_input_files(good)
    page.get_by_role("button", name="Scrape", exact=True).click()
    expect(row_of(page, "uploaded")).to_contain_text("finished", timeout=PATIENCE_S * 1000)


def test_what_strangers_write_stays_text_on_the_page(open_page, module_web, settings):
    urls = [module_web.url("/article/5"), f"http://no-such-host.invalid/{EVIL}", EVIL]
    sq.scrape(urls, name=EVIL, settings=settings, retry_backoff_s=0.05).wait(PATIENCE_S)
    page = open_page()

    page.locator("[data-section=batches]").get_by_text(EVIL).first.wait_for()
    assert page.locator("#dashboard img").count() == 0
    assert page.title() == "scrapeq"
    assert page.complaints == []


def test_schedules_are_seen_with_a_link_to_their_last_run(open_page, module_web, settings):
    queue = sq.get_job_queue(settings)
    with pytest.warns(ScheduleWarning):  # its workers end with this program
        made = sq.schedule(EVIL, [module_web.url("/article/6"), EVIL], every="104w", queue=queue)
    page = open_page()
    schedules = page.locator("[data-section=schedules]")
    row = schedules.locator("tr", has_text=EVIL)
    row.wait_for()
    expect(row).to_contain_text("none yet")
    expect(row).to_contain_text("waiting")
    # two years from now: a day without its year would seem to be over
    expect(row.locator("[data-label=next]")).to_have_text(re.compile(r"^\d\d \w{3} \d{4}$"))

    batch = made.run_now().wait(PATIENCE_S)

    link = row.get_by_role("link")
    link.wait_for()
    expect(row.locator("[data-label=failed]")).to_have_text("1")  # one of its rows is no URL
    link.click()
    place = page.locator(f"[data-section=batches] [data-batch='{batch.id}']")
    expect(place).to_be_in_viewport()
    assert page.evaluate("document.querySelector(':target').dataset.batch") == batch.id
    made.pause()
    expect(row).to_contain_text("paused")
    made.delete()
    expect(schedules).to_contain_text(
        "Nothing is scraped by the calendar", timeout=PATIENCE_S * 1000
    )
    assert page.locator("#dashboard img").count() == 0
    assert page.title() == "scrapeq"
    assert page.complaints == []


@pytest.fixture
def drawing(browser) -> Iterator[Page]:
    """A page with `draw` and an empty place for each kind of part."""
    page = browser.new_page()
    page.set_content("<div></div><select></select>")
    page.add_script_tag(content=script())
    page.evaluate("[window.div, window.list] = document.body.children")
    yield page
    page.close()


@pytest.mark.parametrize(
    ("before", "after"), [("b", "ab"), ("abc", "b"), ("bc", "xaybz"), ("ab", "b"), ("ab", "cb")]
)
def test_a_button_that_has_the_focus_stays_that_of_its_batch(drawing, before, after):
    def rows(names: str) -> str:
        return "\n".join(f'<p data-batch="{n}">{n} <button>go</button></p>' for n in names)

    drawing.evaluate("html => draw(div, html)", rows(before))
    drawing.locator("[data-batch=b] button").focus()
    drawing.evaluate("html => draw(div, html)", rows(after))

    has_it = drawing.evaluate("document.activeElement.parentElement.dataset.batch")
    assert has_it == "b"
    assert drawing.evaluate("div.innerHTML") == rows(after)


def test_what_somebody_opened_stays_open_and_what_is_new_is_closed(drawing):
    def kinds(*names: str) -> str:
        return "\n".join(
            f'<details data-group="{name}"><summary>{name}</summary>rows</details>'
            for name in names
        )

    drawing.evaluate("html => draw(div, html)", kinds("dns", "tls"))
    drawing.locator("[data-group=tls] summary").click()
    drawing.evaluate("html => draw(div, html)", kinds("refused", "tls", "dns"))

    opened = (
        "[...div.querySelectorAll('details')].filter(one => one.open).map(one => one.dataset.group)"
    )
    assert drawing.evaluate(opened) == ["tls"]


def test_a_choice_stays_while_others_come_and_go(drawing):
    def choices(*names: str) -> str:
        return "\n".join(f'<option value="{name}">{name}</option>' for name in names)

    drawing.evaluate("html => draw(list, html)", choices("first", "second"))
    drawing.locator("select").select_option("second")
    for names in (["new", "first", "second", "newer"], ["second"], ["first", "second"]):
        drawing.evaluate("html => draw(list, html)", choices(*names))
        assert drawing.evaluate("list.value") == "second"
        assert drawing.evaluate("list.innerHTML") == choices(*names)


def test_a_page_says_that_it_is_not_connected_and_what_to_open(open_page, address):
    page = open_page()
    page.context.clear_cookies()  # as a server that was started again: it knows another token
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.get_by_text("open the address that scrapeq dashboard printed").wait_for()
    page.goto(address)
    expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 1100), ("light", 360)])
def test_a_page_fits_every_width(open_page, module_web, settings, scheme, width):
    urls = [row["url"] for row in module_web.urls(2_000, failures=0.1)]
    batch = sq.scrape(
        urls,
        name="newspapers",
        settings=settings,
        delay_between_requests=0.5,
        main_text="off",
        refresh=True,
    )
    with pytest.warns(ScheduleWarning):
        made = sq.schedule(
            "every morning " + 60 * "x", urls[:9], every="1d", at="06:00", settings=settings
        )
    page = open_page(scheme, width)
    page.locator("[data-section=schedules]").get_by_text("every morning").wait_for()
    page.locator("[data-section=running] [aria-label*=completed]").wait_for()
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"dashboard-{scheme}-{width}.png", full_page=True)

    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    page.evaluate("for (const more of document.querySelectorAll('details')) more.open = true")
    assert unreadable(page) == []
    assert page.evaluate(OFF_THE_SCREEN) == []
    batch.cancel()
    made.delete()
