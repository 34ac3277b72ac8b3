"""The Redis job store: the only place that knows a key or a Lua script."""

from scrapeq.store.breaker import HostEvent, Patience, Paused
from scrapeq.store.client import check_redis, connect
from scrapeq.store.frontier import (
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
    "Claim",
    "Due",
    "Ending",
    "Frontier",
    "GivenUp",
    "HostEvent",
    "Lease",
    "Patience",
    "Paused",
    "Standing",
    "UnknownRedis",
    "check_redis",
    "connect",
]
