"""The frontier: everything that is decided in Redis, as the ideas it is made of."""

from __future__ import annotations

import redis

from scrapeq.frontier.breaker import BreakerPolicy
from scrapeq.frontier.browsers import Browsers
from scrapeq.frontier.budgets import Budgets
from scrapeq.frontier.coordination import Coordination
from scrapeq.frontier.endpoints import Endpoints
from scrapeq.frontier.inspection import Inspection
from scrapeq.frontier.jobs import Jobs
from scrapeq.frontier.keys import Keys
from scrapeq.frontier.processes import Processes
from scrapeq.frontier.scripts import Scripts
from scrapeq.frontier.throttle import Throttle
from scrapeq.frontier.views import Views
from scrapeq.settings import DEFAULT_NAMESPACE


class Frontier:
    """The open jobs of one namespace in one Redis. Cheap to make; safe to use from several threads.

    jobs: which are due, and who works on them. throttle: when each host may be asked. endpoints:
    breakers of what is no host of jobs. views: looking. coordination: what processes agree on.
    browsers: who has one, and which pages need one. processes: which have ended. budgets: what may
    still be spent. inspection: what this Redis is, and who uses it.
    """

    __slots__ = (
        "browsers",
        "budgets",
        "coordination",
        "endpoints",
        "inspection",
        "jobs",
        "keys",
        "namespace",
        "processes",
        "throttle",
        "views",
    )

    def __init__(
        self,
        client: redis.Redis,
        policy: BreakerPolicy | None = None,
        namespace: str = DEFAULT_NAMESPACE,
    ) -> None:
        self.namespace = namespace
        self.keys = Keys(namespace)
        scripts, policy = Scripts(client, self.keys), policy or BreakerPolicy()
        self.jobs = Jobs(client, scripts, policy)
        self.throttle = Throttle(client, scripts)
        self.endpoints = Endpoints(scripts, policy)
        self.browsers = Browsers(client, scripts)
        self.budgets = Budgets(scripts)
        self.inspection = Inspection(client, self.keys)
        self.processes = Processes(client, scripts)
        self.coordination = Coordination(client, scripts)
        self.views = Views(client, scripts, self.coordination)
