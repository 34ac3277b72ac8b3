"""A browser that renders what HTTP brought: found, started, guarded, and ended."""

from scrapeq.fetch.browser.finding import FoundBrowser, find_browser
from scrapeq.fetch.browser.machine import Limits
from scrapeq.fetch.browser.process import BrowserFailed, BrowserProcess
from scrapeq.fetch.browser.renderer import Renderer
from scrapeq.fetch.browser.rendering import Rendered

__all__ = [
    "BrowserFailed",
    "BrowserProcess",
    "FoundBrowser",
    "Limits",
    "Rendered",
    "Renderer",
    "find_browser",
]
