"""The web: one URL in, one response or one failure out. All the asyncio there is lives here."""

from scrapeq.fetch.memory import MemoryRobots, MemoryThrottle
from scrapeq.fetch.polite import PoliteFetcher
from scrapeq.fetch.protocols import Fetcher, HostThrottle, RobotsCache, RobotsEntry, Slot
from scrapeq.fetch.response import Response
from scrapeq.fetch.retry import host_wait_s, parse_retry_after, retry_wait_s

__all__ = [
    "Fetcher",
    "HostThrottle",
    "MemoryRobots",
    "MemoryThrottle",
    "PoliteFetcher",
    "Response",
    "RobotsCache",
    "RobotsEntry",
    "Slot",
    "host_wait_s",
    "parse_retry_after",
    "retry_wait_s",
]
