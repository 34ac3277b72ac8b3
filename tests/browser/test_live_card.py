"""What a person sees of a batch in JupyterLab: it moves, it obeys, it stays."""

from __future__ import annotations

import json
from collections.abc import Collection

EVIL = "<img src=x onerror=document.title='pwned'> firms"

SCRAPE = """
import time
import scrapeq as sq
batch = sq.scrape({urls}, name={name!r}, delay_between_requests=0.1, main_text="off",
                  retry_backoff_s=0.2, refresh=True)
batch
"""


def scrape(web, rows: int, name: str, kinds: Collection[str] | None = None) -> str:
    urls = [row["url"] for row in web.urls(rows, failures=0.1, kinds=kinds)]
    return SCRAPE.format(urls=json.dumps(urls), name=name)


def test_the_card_moves_while_a_cell_blocks_the_kernel(open_notebook, module_web):
    notebook = open_notebook(scrape(module_web, 2_000, "moves"), "time.sleep(60)")
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
    first = open_notebook(scrape(module_web, 2_000, "shared"), "batch")
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
        scrape(module_web, 2_000, "away"),
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
