"""The Redis job store: the only place that knows a key or a Lua script."""

from scrapeq.frontier.breaker import BreakerPolicy, HostEvent, Paused
from scrapeq.frontier.client import check_redis, connect
from scrapeq.frontier.frontier import (
    Addition,
    Claim,
    Due,
    Ending,
    Frontier,
    GivenUp,
    Lease,
    Standing,
    UnknownRedis,
)

__all__ = [
    "Addition",
    "BreakerPolicy",
    "Claim",
    "Due",
    "Ending",
    "Frontier",
    "GivenUp",
    "HostEvent",
    "Lease",
    "Paused",
    "Standing",
    "UnknownRedis",
    "check_redis",
    "connect",
]
