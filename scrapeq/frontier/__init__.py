"""The frontier in Redis: the only place that knows a key or a Lua script."""

from scrapeq.frontier.breaker import BreakerPolicy, HostEvent, Paused
from scrapeq.frontier.browsers import BrowserReport
from scrapeq.frontier.client import check_redis, connect, translated
from scrapeq.frontier.coordination import RENDERS_ONLY, Listener
from scrapeq.frontier.endpoints import CallAllowed
from scrapeq.frontier.frontier import Frontier
from scrapeq.frontier.jobs import Addition, Claim, Due, Ending, GivenUp, Lease
from scrapeq.frontier.keys import Keys
from scrapeq.frontier.scripts import UnknownRedis
from scrapeq.frontier.views import Standing

__all__ = [
    "RENDERS_ONLY",
    "Addition",
    "BreakerPolicy",
    "BrowserReport",
    "CallAllowed",
    "Claim",
    "Due",
    "Ending",
    "Frontier",
    "GivenUp",
    "HostEvent",
    "Keys",
    "Lease",
    "Listener",
    "Paused",
    "Standing",
    "UnknownRedis",
    "check_redis",
    "connect",
    "translated",
]
