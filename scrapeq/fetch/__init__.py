"""The web: one URL in, one response or one failure out. All the asyncio there is lives here."""

from scrapeq.fetch.browser import BrowserFailed, Rendered, Renderer, find_browser
from scrapeq.fetch.memory import MemoryRobots, MemoryThrottle
from scrapeq.fetch.mode import fetch_mode
from scrapeq.fetch.observe import Exchange, Observer
from scrapeq.fetch.polite import PoliteFetcher
from scrapeq.fetch.protocols import (
    Fetcher,
    HostThrottle,
    MustWait,
    RobotsCache,
    RobotsEntry,
    Slot,
)
from scrapeq.fetch.response import Challenged, Response
from scrapeq.fetch.retry import host_wait_s, parse_retry_after, retry_wait_s
from scrapeq.fetch.route import Routes
from scrapeq.fetch.trail import Trail
from scrapeq.fetch.wiring import http_fetchers

__all__ = [
    "BrowserFailed",
    "Challenged",
    "Exchange",
    "Fetcher",
    "HostThrottle",
    "MemoryRobots",
    "MemoryThrottle",
    "MustWait",
    "Observer",
    "PoliteFetcher",
    "Rendered",
    "Renderer",
    "Response",
    "RobotsCache",
    "RobotsEntry",
    "Routes",
    "Slot",
    "Trail",
    "fetch_mode",
    "find_browser",
    "host_wait_s",
    "http_fetchers",
    "parse_retry_after",
    "retry_wait_s",
]
