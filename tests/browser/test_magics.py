"""What a person sees of the magics in JupyterLab, in light and in dark."""

from __future__ import annotations


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
