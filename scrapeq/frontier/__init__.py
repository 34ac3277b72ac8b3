"""The frontier in Redis: the only place that knows a key or a Lua script.

redis-py is loaded when Redis is asked, not by `import scrapeq.frontier`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.frontier.breaker import BreakerPolicy, HostEvent, Paused
    from scrapeq.frontier.browsers import BrowserReport
    from scrapeq.frontier.budgets import Granted, MustWaitForOthers, NoRoom, UnknownBudget
    from scrapeq.frontier.client import check_redis, connect, is_gone, translated
    from scrapeq.frontier.coordination import RENDERS_ONLY, Listener
    from scrapeq.frontier.endpoints import CallAllowed
    from scrapeq.frontier.frontier import Frontier
    from scrapeq.frontier.inspection import (
        RedisFacts,
        WorkersSeen,
        inspect_messages,
        inspect_redis,
        inspect_workers,
    )
    from scrapeq.frontier.jobs import Addition, Claim, Due, Ending, GivenUp, Lease
    from scrapeq.frontier.keys import Keys
    from scrapeq.frontier.processes import KnownWorker, ProcessId
    from scrapeq.frontier.scripts import UnknownRedis
    from scrapeq.frontier.sentinels import SentinelFacts, Sentinels, inspect_sentinels
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
    "Granted",
    "HostEvent",
    "Keys",
    "KnownWorker",
    "Lease",
    "Listener",
    "MustWaitForOthers",
    "NoRoom",
    "Paused",
    "ProcessId",
    "RedisFacts",
    "SentinelFacts",
    "Sentinels",
    "Standing",
    "UnknownBudget",
    "UnknownRedis",
    "WorkersSeen",
    "check_redis",
    "connect",
    "inspect_messages",
    "inspect_redis",
    "inspect_sentinels",
    "inspect_workers",
    "is_gone",
    "translated",
]

_HOMES = {
    "Addition": "jobs",
    "BreakerPolicy": "breaker",
    "BrowserReport": "browsers",
    "CallAllowed": "endpoints",
    "Claim": "jobs",
    "Due": "jobs",
    "Ending": "jobs",
    "Frontier": "frontier",
    "GivenUp": "jobs",
    "Granted": "budgets",
    "HostEvent": "breaker",
    "Keys": "keys",
    "KnownWorker": "processes",
    "Lease": "jobs",
    "Listener": "coordination",
    "MustWaitForOthers": "budgets",
    "NoRoom": "budgets",
    "Paused": "breaker",
    "ProcessId": "processes",
    "RENDERS_ONLY": "coordination",
    "RedisFacts": "inspection",
    "SentinelFacts": "sentinels",
    "Sentinels": "sentinels",
    "Standing": "views",
    "UnknownBudget": "budgets",
    "UnknownRedis": "scripts",
    "WorkersSeen": "inspection",
    "check_redis": "client",
    "is_gone": "client",
    "connect": "client",
    "inspect_messages": "inspection",
    "inspect_redis": "inspection",
    "inspect_sentinels": "sentinels",
    "inspect_workers": "inspection",
    "translated": "client",
}

__getattr__ = names_of(__name__, _HOMES)
