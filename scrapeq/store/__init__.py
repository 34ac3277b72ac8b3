"""The Redis job store: the only place that knows a key or a Lua script."""

from scrapeq.store.client import check_redis, connect
from scrapeq.store.frontier import (
    Addition,
    Claim,
    Due,
    Ending,
    Frontier,
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
    "Lease",
    "Standing",
    "UnknownRedis",
    "check_redis",
    "connect",
]
