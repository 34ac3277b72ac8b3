"""A browser that renders what HTTP brought: found, started, guarded, and ended."""

from scrapeq.fetch.browser.finding import FoundBrowser, find_browser
from scrapeq.fetch.browser.process import BrowserFailed
from scrapeq.fetch.browser.renderer import Rendered, Renderer

__all__ = ["BrowserFailed", "FoundBrowser", "Rendered", "Renderer", "find_browser"]
