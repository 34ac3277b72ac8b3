"""A real JupyterLab in a real Chromium, for what only a person's eyes would see otherwise.

Slow: to load the Lab takes Chromium 3 s of CPU, and a kernel and its workers need 4 more.

Screenshots are kept in artefacts/, which git ignores: look at them after a change to what is drawn.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import nbformat
import pytest
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from scrapeq.fetch import find_browser
from scrapeq.testing import LittleWeb
from tests.contrast import TEXT, blended, contrast, from_css

PATIENCE_S = 180
ROOT = Path(__file__).parents[2]
ARTEFACTS = ROOT / "artefacts"
#: No news, no updates, no questions: nothing but the notebook, and nobody else is spoken to. Light
#: or dark as the browser says.
_SETTINGS = {
    "apputils-extension/notification": {"checkForUpdates": False, "fetchNews": "false"},
    "apputils-extension/themes": {"adaptive-theme": True},
}
#: Each page would have the Lab look with Node.js whether it should be built anew: 0.8 s of CPU.
_PAGE = {"buildAvailable": False, "buildCheck": False}


#: Every piece of text that is shown with its colour, the nearest ground below it, and how much of it
#: is left by the opacity of all that it is in. What lists of choices open is the browser's own.
_TEXTS = """
() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    if (!walk.currentNode.nodeValue.trim() || element.closest('option, style, script')) continue;
    if (!element.checkVisibility() || element.closest('svg')) continue;
    let opacity = 1, ground = 'rgb(255, 255, 255)', isFound = false;
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      opacity *= style.opacity;
      if (!isFound && style.backgroundColor.startsWith('rgb(')) {
        ground = style.backgroundColor;
        isFound = true;
      }
    }
    const words = walk.currentNode.nodeValue.trim();
    found.push({ words, colour: getComputedStyle(element).color, ground, opacity });
  }
  return found;
}
"""


def unreadable(page: Page) -> list[dict[str, Any]]:
    """The texts of a page with less contrast than WCAG 2.2 AA asks for."""
    texts: list[dict[str, Any]] = page.evaluate(_TEXTS)
    assert texts

    def seen(text: dict[str, Any]) -> float:
        ground = from_css(text["ground"])
        return contrast(blended(from_css(text["colour"]), ground, text["opacity"]), ground)

    return [text for text in texts if seen(text) < TEXT]


@pytest.fixture(scope="module")
def browser(needs_service: Callable[[str, object, str], None]) -> Iterator[Browser]:
    """Chromium without a window."""
    found = find_browser()
    needs_service("a browser", found.path, found.missing)
    sandbox = [] if os.getuid() else ["--no-sandbox"]  # Chromium has none for root
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found.path, args=[*sandbox, *quiet, "--disable-quic", "--no-first-run"]
        )
        yield started
        started.close()


#: A Lab without a grammar of RFC 3987 for its schemas, which have no IRI: see tests/without_iris.py.
_START = "import tests.without_iris; from jupyterlab.labapp import main; main()"


@dataclass(frozen=True)
class Lab:
    """A JupyterLab server: its folder, and where it is."""

    folder: Path
    address: str

    def notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; its URL in the Lab."""
        made = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(made, self.folder / name)
        return f"{self.address}/lab/tree/{name}?token=secret&reset"


@pytest.fixture(scope="module")
def lab(module_web: LittleWeb) -> Iterator[Lab]:
    """JupyterLab on loopback in a folder of its own; kernels scrape with one worker."""
    with tempfile.TemporaryDirectory(prefix="scrapeq-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for extension, settings in _SETTINGS.items():
            path = folder / "settings/@jupyterlab" / f"{extension}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings))
        (folder / "work").mkdir()
        (folder / "config/labconfig").mkdir(parents=True)
        (folder / "config/labconfig/page_config.json").write_text(json.dumps(_PAGE))
        own = {
            "JUPYTER_CONFIG_DIR": f"{folder}/config",
            "JUPYTER_DATA_DIR": f"{folder}/data",
            "JUPYTER_RUNTIME_DIR": f"{folder}/runtime",
            "JUPYTERLAB_SETTINGS_DIR": f"{folder}/settings",
            "SCRAPEQ_HOME": f"{folder}/home",
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
            "SCRAPEQ_WORKERS": "1",
        }
        options = ["--no-browser", "--allow-root", "--ServerApp.port=0"]
        options += [f"--ServerApp.root_dir={folder}/work", "--IdentityProvider.token=secret"]
        log = folder / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [sys.executable, "-c", _START, *options],
                env={**os.environ, **own},
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Lab(folder / "work", _address(server, log))
        finally:
            server.terminate()
            server.wait(PATIENCE_S)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not (said := re.search(r"http://127\.0\.0\.1:\d+", log.read_text(errors="replace"))):
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        assert time.monotonic() < deadline, "JupyterLab did not say where it is"
        time.sleep(0.05)
    return said[0]


@dataclass
class Notebook:
    """An open notebook, as a person uses it."""

    page: Page
    path: Path

    def run(self, cell: int) -> None:
        """Run one cell; returns when it has begun.

        A key that comes while the Lab is still setting up its commands is lost, so it is pressed
        until the cell's number is another one.
        """
        prompt = self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-InputPrompt")
        before = prompt.text_content()
        deadline = time.monotonic() + PATIENCE_S
        while prompt.text_content() == before:
            assert time.monotonic() < deadline, "the cell does not run"
            prompt.click()
            self.page.keyboard.press("Control+Enter")
            with suppress(TimeoutError):
                self.page.wait_for_function(
                    "([prompt, before]) => prompt.textContent != before",
                    arg=[prompt.element_handle(), before],
                    timeout=2_000,
                )

    def wait_until_run(self, cell: int) -> None:
        """Return when the cell has run."""
        prompt = self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-InputPrompt")
        self.page.wait_for_function(
            "prompt => /\\[\\d+\\]/.test(prompt.textContent)", arg=prompt.element_handle()
        )

    def is_running(self, cell: int) -> bool:
        """Whether the cell has not ended."""
        prompt = self.page.locator(".jp-CodeCell").nth(cell).locator(".jp-InputPrompt")
        return "[*]" in (prompt.text_content() or "")

    def interrupt(self) -> None:
        """Interrupt the kernel."""
        self.page.locator("[data-command='notebook:interrupt-kernel']").first.click()

    def output(self, cell: int) -> str:
        """What a person reads below the cell."""
        return (
            self.page.locator(".jp-CodeCell")
            .nth(cell)
            .locator(".jp-OutputArea-output")
            .inner_text()
        )

    def bar(self, cell: int) -> str:
        """What the card below the cell says that its bar shows."""
        card = self.page.locator(".jp-CodeCell").nth(cell).locator("[role=img]")
        return card.get_attribute("aria-label", timeout=PATIENCE_S * 1000) or ""

    def press(self, label: str) -> None:
        """Press a button of a card."""
        self.page.get_by_role("button", name=label, exact=True).click()

    def wait_for_text(self, text: str) -> None:
        """Return when it is to be read somewhere."""
        self.page.get_by_text(text).first.wait_for(timeout=PATIENCE_S * 1000)

    def picture(self, name: str) -> None:
        """Keep a screenshot for people to look at."""
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")

    def saved(self) -> Any:
        """The notebook as a file, saved now."""
        self.page.keyboard.press("Control+s")
        self.page.locator(".jp-mod-dirty").wait_for(state="detached")
        return nbformat.read(self.path, as_version=4)


OpenNotebook = Callable[..., Notebook]
OPEN_PAGES = pytest.StashKey[list[Page]]()


@pytest.fixture
def open_notebook(
    browser: Browser, lab: Lab, request: pytest.FixtureRequest
) -> Iterator[OpenNotebook]:
    """`open_notebook(*cells, scheme="light")`: a new notebook with a kernel that is ready."""
    pages = request.node.stash.setdefault(OPEN_PAGES, [])

    def make(*cells: str, scheme: Literal["light", "dark"] = "light") -> Notebook:
        name = f"{re.sub(r'[^a-z_]', '', request.node.name)}-{len(pages)}.ipynb"
        url = lab.notebook(name, *cells)
        page = browser.new_page(viewport={"width": 1000, "height": 800}, color_scheme=scheme)
        page.set_default_timeout(PATIENCE_S * 1000)
        # A Lab on a busy machine may ask which kernel, although the notebook names one.
        dialog = page.locator(".jp-Dialog")
        page.add_locator_handler(dialog, lambda: dialog.locator(".jp-mod-accept").click())
        pages.append(page)
        page.goto(url)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        return Notebook(page, lab.folder / name)

    yield make
    for page in pages:
        page.close()


@pytest.fixture(scope="module")
def module_web() -> Iterator[LittleWeb]:
    """A web that takes its time, so that there is something to watch."""
    with LittleWeb(hosts=8, latency_s=0.1) as web:
        yield web


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Keep a screenshot of what a failed test saw."""
    report = yield
    if report.when == "call" and report.failed:
        for page in item.stash.get(OPEN_PAGES, []):
            ARTEFACTS.mkdir(exist_ok=True)
            page.screenshot(path=ARTEFACTS / f"failed-{item.name}-{id(page)}.png")
    return report
