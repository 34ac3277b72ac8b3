"""The breaker of what is no host of jobs, as of a language model: asked about call by call."""

from __future__ import annotations

from dataclasses import dataclass

from scrapeq.frontier.breaker import LONGEST_MESSAGE, BreakerPolicy, HostEvent, host_event
from scrapeq.frontier.scripts import Scripts
from scrapeq.models import BreakerOpen, HostVerdict


@dataclass(frozen=True, slots=True)
class CallAllowed:
    """The call may be made now; its result is reported afterwards."""


class Endpoints:
    """Endpoints by name; each has one breaker for all workers."""

    def __init__(self, scripts: Scripts, policy: BreakerPolicy) -> None:
        self._scripts = scripts
        self._breaker_policy = policy

    def may_call(self, name: str, call: str, hold_ms: int) -> CallAllowed | BreakerOpen:
        """Whether `call` may be made now.

        Once the pause is over, one call at a time is let through, until its result is reported, at
        the most for `hold_ms`.
        """
        answer, *why = self._scripts.run("endpoint", ["ask", name, call, hold_ms])
        if answer == "allowed":
            return CallAllowed()
        open_ms, error_kind, error_message = why
        return BreakerOpen(int(open_ms), error_kind, error_message)

    def report_call(  # noqa: PLR0917 - what a call is, and its result
        self,
        name: str,
        call: str,
        verdict: HostVerdict,
        error_kind: str,
        error_message: str,
        failures: int,
    ) -> HostEvent | None:
        """The result of a call; so many `failures` in a row open the breaker. The event, if it is one."""
        _, _, open_ms, longest_ms, _ = self._breaker_policy.in_ms
        message = error_message[:LONGEST_MESSAGE]
        arguments = ["report", name, call, verdict, error_kind, message]
        event = self._scripts.run("endpoint", [*arguments, failures, open_ms, longest_ms])
        return host_event(name, event, error_kind, message) if event else None
