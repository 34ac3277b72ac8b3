"""Which browser this machine has, and how to get one."""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

#: Programs on PATH, the best first. The shell alone renders three times as many pages a second as
#: all of Chromium does without a window, at half the memory (benchmarks/, docs/decisions/0016).
NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
#: Where Playwright keeps the browsers that it downloaded, by its documentation ("Managing browser
#: binaries"), below PLAYWRIGHT_BROWSERS_PATH or the cache of the user; the best first.
_DOWNLOADS = (
    "chromium_headless_shell-*/chrome-*/*headless?shell",
    "chromium-*/chrome-*/chrome",
    "chromium-*/chrome-*/Chromium.app/Contents/MacOS/Chromium",
)

HOW_TO_GET_ONE = (
    "on Debian or Ubuntu: apt install chromium-headless-shell; elsewhere: playwright install "
    "chromium-headless-shell, or name one in SCRAPEQ_BROWSER"
)
HOW_TO_GET_PLAYWRIGHT = 'pip install "scrapeq[browser]"'


@dataclass(frozen=True, slots=True)
class FoundBrowser:
    """path: of the program. missing: what is not there, and how to get it, as one sentence.

    Exactly one of the two is not empty.
    """

    path: str = ""
    missing: str = ""


def find_browser(configured: Path | None = None) -> FoundBrowser:
    """The browser to render with: the configured one, Playwright's own, or the system's.

    configured: of `SCRAPEQ_BROWSER`; nothing else is looked for if it is given.
    """
    if importlib.util.find_spec("playwright") is None:
        return FoundBrowser(missing=f"Playwright is not installed: {HOW_TO_GET_PLAYWRIGHT}")
    if configured is not None:
        path = shutil.which(configured)
        if path is None:
            return FoundBrowser(missing=f"SCRAPEQ_BROWSER names no program: {configured}")
        return FoundBrowser(path)
    found = _downloaded() or next(filter(None, map(shutil.which, NAMES)), None)
    return FoundBrowser(found) if found else FoundBrowser(missing=f"no browser: {HOW_TO_GET_ONE}")


def whole_browser(found: FoundBrowser) -> FoundBrowser:
    """The same with all that a person's browser has, which the shell has not; the shell if it is all."""
    if "shell" not in Path(found.path).name:
        return found
    whole = (shutil.which(name) for name in NAMES if "shell" not in name)
    path = _downloaded(_DOWNLOADS[1:]) or next(filter(None, whole), None)
    return FoundBrowser(path) if path else found


def _downloaded(patterns: tuple[str, ...] = _DOWNLOADS) -> str | None:
    named = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    caches = [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    for folder in [Path(named)] if named else caches:
        for pattern in patterns:
            if newest := max(folder.glob(pattern), default=None):
                return str(newest)
    return None
