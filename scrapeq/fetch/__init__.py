"""The web: one URL in, one response or one failure out. All the asyncio there is lives here."""

from scrapeq.fetch.memory import MemoryGate, MemoryRobots
from scrapeq.fetch.protocols import Fetcher, HostGate, RobotsCache, RobotsEntry, Turn
from scrapeq.fetch.response import Response
from scrapeq.fetch.retry import host_wait_s, parse_retry_after, retry_wait_s
from scrapeq.fetch.visitor import Visitor

__all__ = [
    "Fetcher",
    "HostGate",
    "MemoryGate",
    "MemoryRobots",
    "Response",
    "RobotsCache",
    "RobotsEntry",
    "Turn",
    "Visitor",
    "host_wait_s",
    "parse_retry_after",
    "retry_wait_s",
]
