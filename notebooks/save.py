"""Run notebooks from the start and keep what they show: `python notebooks/save.py [a_study ...]`.

A figure is kept twice: as Plotly's own data, which JupyterLab draws, and as a still picture of it
(drawn by Chromium) for where nothing draws, such as GitHub. Widgets are left out: they need a
kernel, and the picture beside them does not. Without names, all notebooks of this folder.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import nbformat
from nbclient import NotebookClient
from playwright.sync_api import Page, sync_playwright
from plotly.offline import get_plotlyjs

from scrapeq.fetch import find_browser

FOLDER = Path(__file__).parent
FIGURE = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
WIDTH_PX = 760
_TEMPORARY = re.compile(rf"{re.escape(gettempdir())}/[\w.-]+")


def save(path: Path, page: Page) -> None:
    """Run a notebook in a fresh kernel and write it back. Raises CellExecutionError."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
    ).execute()
    for bundle in _bundles(notebook):
        bundle.pop(WIDGET, None)
        for kind, shown in bundle.items():
            if isinstance(shown, str):  # where this machine keeps what goes again says nothing
                bundle[kind] = _TEMPORARY.sub(".scrapeq", shown)
        if FIGURE in bundle:
            bundle["image/png"] = _picture(page, bundle[FIGURE])
    notebook.metadata.pop("widgets", None)
    nbformat.write(notebook, path)


def _bundles(notebook: Any) -> Iterator[dict[str, Any]]:
    """What each output shows, by type."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if "data" in output:
                yield output["data"]


def _picture(page: Page, figure: dict[str, Any]) -> str:
    """A PNG of the figure on white, as base64."""
    layout = figure["layout"]
    layout = {**layout, "width": WIDTH_PX, "paper_bgcolor": "white", "plot_bgcolor": "white"}
    page.evaluate(
        "async ([data, layout]) => await Plotly.newPlot('figure', data, layout, {staticPlot: true})",
        [figure["data"], layout],
    )
    return base64.b64encode(page.locator("#figure").screenshot()).decode()


def main() -> None:
    """Save the notebooks that are named, or all."""
    named = [FOLDER / f"{Path(name).stem}.ipynb" for name in sys.argv[1:]]
    binary = find_browser().path
    sandbox = [] if os.getuid() else ["--no-sandbox"]  # Chromium has none for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=sandbox)
        page = browser.new_page()
        page.set_content("<!doctype html><body><div id='figure' style='width: fit-content'></div>")
        page.add_script_tag(content=get_plotlyjs())
        for path in named or sorted(FOLDER.glob("*.ipynb")):
            # a first run of everything, and what this folder holds is left alone
            with TemporaryDirectory(ignore_cleanup_errors=True) as home:
                os.environ["SCRAPEQ_HOME"] = home
                save(path, page)
            print(f"{path.stem}: {path.stat().st_size / 1000:,.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
