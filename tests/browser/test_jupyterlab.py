"""What a person sees in JupyterLab: a batch's card, the magics, the dashboard. It moves, it obeys, it stays.

One file, because a Lab with its first kernel and cluster takes 6 s of CPU.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_S

EVIL = "<img src=x onerror=document.title='pwned'> firms"

SCRAPE = """
import time
import scrapeq as sq
batch = sq.scrape({urls}, name={name!r}, delay_between_requests={delay_s}, main_text="off",
                  retry_backoff_s=0.2, refresh=True)
batch
"""


def scrape(
    web, rows: int, name: str, kinds: Collection[str] | None = None, delay_s: float = 0.1
) -> str:
    urls = [row["url"] for row in web.urls(rows, failures=0.1, kinds=kinds)]
    return SCRAPE.format(urls=json.dumps(urls), name=name, delay_s=delay_s)


def scrape_slowly(web, name: str) -> str:
    """A batch that is still under way when the Lab has shown a page more, on a busy machine too."""
    return scrape(web, 2_000, name, delay_s=0.5)


def test_the_card_moves_while_a_cell_blocks_the_kernel(open_notebook, module_web):
    notebook = open_notebook(scrape_slowly(module_web, "moves"), "time.sleep(60)")
    notebook.run(0)
    first = notebook.bar(0)
    notebook.run(1)

    for _ in range(3):  # three pictures, each another one, and the kernel busy all along
        notebook.page.wait_for_function(
            "seen => document.querySelector('[role=img]').ariaLabel != seen", arg=first
        )
        first = notebook.bar(0)

    assert notebook.is_running(1)
    notebook.picture("card-running")
    notebook.press("Cancel")  # Jupyter hands it over when the kernel is free again
    notebook.interrupt()
    notebook.page.locator("[role=img][aria-label*=cancelled]").wait_for()


def test_buttons_do_what_they_say_and_the_last_picture_stays(open_notebook, module_web):
    final = ["http_4xx", "empty"]  # kinds that another try does not help
    notebook = open_notebook(scrape(module_web, 400, "obeys", final), "batch.progress.pending")
    notebook.run(0)

    notebook.press("Pause")
    notebook.wait_for_text("paused")
    notebook.run(1)  # behind the button: the kernel takes one after the other
    notebook.wait_until_run(1)
    left = notebook.output(1).strip()
    notebook.page.locator(
        f"[role=img]:is([aria-label^='{left} pending'], [aria-label*=' {left} pending'])"
        ":not([aria-label*=running], [aria-label*=retrying])"
    ).wait_for()
    notebook.picture("card-paused")
    notebook.run(1)
    notebook.wait_until_run(1)
    assert notebook.output(1).strip() == left  # it obeys for as long as it is paused

    notebook.press("Resume")
    notebook.wait_for_text("finished")
    kind = notebook.page.locator("summary", has_text="not found or not allowed (4xx)")
    kind.click()
    notebook.wait_for_text("more: batch.errors has all")
    notebook.picture("card-finished")

    assert notebook.page.locator("button[data-action]").count() == 0
    (output,) = notebook.saved().cells[0].outputs
    assert set(output["data"]) == {"text/html", "text/plain"}  # so it needs no kernel
    assert "360 completed" in output["data"]["text/html"]
    assert "400 of 400 done, 40 failed" in output["data"]["text/plain"]


def test_two_cards_and_a_second_kernel_show_the_same_batch(open_notebook, module_web):
    first = open_notebook(scrape_slowly(module_web, "shared"), "batch")
    first.run(0)
    first.bar(0)
    first.run(1)
    assert "pending" in first.bar(1)

    second = open_notebook("import scrapeq as sq\nsq.attach('shared')", scheme="dark")
    second.run(0)
    second.bar(0)
    second.picture("card-dark")
    second.press("Cancel")

    for notebook, cell in ((second, 0), (first, 0), (first, 1)):
        notebook.page.locator("[role=img][aria-label*=cancelled]").nth(cell).wait_for()


def test_what_strangers_write_stays_text(open_notebook, module_web):
    notebook = open_notebook(scrape(module_web, 20, EVIL))
    notebook.run(0)
    notebook.wait_for_text("finished")

    assert EVIL in notebook.output(0)
    assert notebook.page.locator(".jp-OutputArea img").count() == 0
    assert "pwned" not in notebook.page.title()


def test_a_card_without_workers_is_grey_and_comes_back(open_notebook, module_web):
    notebook = open_notebook(
        scrape_slowly(module_web, "away"),
        "from scrapeq import cluster\nfrom scrapeq.settings import load_settings\n"
        "cluster.down(load_settings().home)",
        "batch = sq.attach('away')",
    )
    notebook.run(0)
    notebook.bar(0)
    notebook.run(1)

    notebook.wait_for_text("Redis does not answer")
    notebook.picture("card-away")

    notebook.run(2)  # which starts a cluster if there is none
    notebook.page.locator("[role=img][aria-label*=running]").wait_for()
    assert "Redis does not answer" not in notebook.output(0)
    notebook.press("Cancel")
    notebook.page.locator("[role=img][aria-label*=cancelled]").wait_for()


def test_a_cell_of_urls_is_a_card_and_health_another(open_notebook, module_web):
    urls = "\n".join(row["url"] for row in module_web.urls(10, failures=0.2))
    notebook = open_notebook(
        "%load_ext scrapeq",
        f"%%scrape ten --delay 0 --option main_text=off --option retry_backoff_s=0.1\n{urls}",
        "%health",
        "%%scrape --retries 3\nhttp://localhost/",
    )
    notebook.run(0)
    notebook.wait_until_run(0)

    notebook.run(1)
    notebook.wait_for_text("8 succeeded, 2 failed")
    notebook.run(2)
    notebook.wait_for_text("HEALTHY")
    notebook.run(3)
    notebook.wait_for_text("UsageError")
    notebook.page.get_by_text("UsageError").scroll_into_view_if_needed()
    notebook.picture("magics-light")
    notebook.page.emulate_media(color_scheme="dark")
    notebook.page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    notebook.page.locator("#jupyterlab-splash").wait_for(state="detached")
    notebook.picture("magics-dark")

    assert "8 completed" in notebook.bar(1)
    assert "last 15 min" in notebook.output(2)
    assert "unrecognized arguments: --retries; %scrape? explains it" in notebook.output(3)


def test_the_dashboard_moves_while_a_cell_blocks_and_takes_the_notebooks_tables(
    open_notebook, module_web
):
    # pages of its own: what another test has fetched would not be fetched again
    urls = json.dumps([f"{row['url']}?dashboard" for row in module_web.urls(1_000, failures=0.1)])
    notebook = open_notebook(
        f"import time, pandas as pd, scrapeq as sq\nfirms = pd.DataFrame({{'link': {urls}}})",
        "sq.dashboard()",
        "time.sleep(60)",
    )
    page = notebook.page
    notebook.run(0)
    notebook.wait_until_run(0)
    notebook.run(1)
    page.get_by_text("Submit", exact=True).click()
    page.get_by_text("A table of this notebook").click()
    page.locator("[data-frame] option", has_text="firms · link (1,000 rows)").wait_for(
        state="attached"
    )
    page.locator("[data-name]").fill("from a table")
    page.locator("[data-option=main_text]").select_option("off")
    page.get_by_text("More options").click()
    page.locator("[data-option=delay_between_requests]").fill("0.5")
    page.get_by_role("button", name="Scrape", exact=True).click()
    page.get_by_text("from a table: 1,000 rows are being fetched").wait_for()
    notebook.run(2)
    bar = page.locator("[data-section=running] [role=img]")
    for _ in range(3):
        seen = bar.get_attribute("aria-label")
        expect(bar).not_to_have_attribute("aria-label", seen, timeout=PATIENCE_S * 1000)
    assert notebook.is_running(2)
    notebook.picture("dashboard-notebook")

    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_text("waiting for the kernel").wait_for()
    notebook.interrupt()
    row = page.locator("[data-section=batches] tr", has_text="from a table")
    expect(row).to_contain_text("cancelled", timeout=PATIENCE_S * 1000)
    row.get_by_role("button", name="jsonl").click()
    page.get_by_text("wrote from-a-table.jsonl").wait_for()
    assert len((notebook.path.parent / "from-a-table.jsonl").read_text().splitlines()) == 1_000
    outputs = notebook.saved().cells[1].outputs
    assert len(outputs) == 1
    assert "dashboard" in outputs[0]["data"]["text/html"]  # so it says something without a kernel
