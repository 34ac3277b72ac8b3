"""An `llm.Breaker` that all workers share, through Redis; openings and closings go to the record."""

from __future__ import annotations

import logging
import uuid
from dataclasses import astuple
from datetime import timedelta

from scrapeq import clock, database
from scrapeq.errors import DatabaseUnavailable, RedisFull, RedisUnavailable
from scrapeq.llm import Paused
from scrapeq.models import BreakerOpen, ErrorKind, HostVerdict
from scrapeq.project.services import Services

log = logging.getLogger(__name__)

#: How long one probe may keep others from probing, if its worker dies: longer than a call with its
#: retries takes at the default time-out.
PROBE_S = 240


class EndpointBreaker:
    """One call's view of it. While Redis is away nothing is refused: the call itself needs no Redis."""

    def __init__(self, services: Services, endpoint: str) -> None:
        self._services = services
        self._endpoint = endpoint
        self._failures = services.settings.ai_breaker_failures
        self._name = f"ai endpoint {endpoint}"  # no host has a blank in its name
        self._call = uuid.uuid4().hex

    def refusal(self) -> Paused | None:
        """None if a request may be sent now; else a sentence that says why not, and until when."""
        try:
            frontier = self._services.frontier
            answer = frontier.endpoints.may_call(self._name, self._call, 1000 * PROBE_S)
        except (RedisUnavailable, RedisFull) as error:
            log.info("the endpoint's breaker is not known: %s", error)
            return None
        if not isinstance(answer, BreakerOpen):
            return None
        until = clock.now() + timedelta(milliseconds=answer.open_ms)
        message = (
            f"the endpoint {self._endpoint} failed again and again and is paused until "
            f"{until:%H:%M:%S} UTC; call again then (its last failure: {answer.error_message})"
        )
        return Paused(message, answer.open_ms / 1000)

    def report(self, verdict: HostVerdict, problem: str) -> None:
        """Note the result of the call; while Redis is away, only the log has it."""
        try:
            event = self._services.frontier.endpoints.report_call(
                self._name, self._call, verdict, ErrorKind.AI, problem, self._failures
            )
            if event is not None:
                database.history.record_host_events(self._services.engine, [astuple(event)])
        except (RedisUnavailable, RedisFull, DatabaseUnavailable) as error:
            log.info("the endpoint's breaker does not know the result of a call: %s", error)
