"""The breaker of what is no host of jobs, as of a language model: asked about call by call."""

from __future__ import annotations

from scrapeq.frontier.breaker import BreakerPolicy, HostEvent, host_event
from scrapeq.frontier.scripts import Scripts
from scrapeq.models import HostVerdict


class Endpoints:
    """Endpoints by name; each has one breaker for all workers."""

    def __init__(self, scripts: Scripts, policy: BreakerPolicy) -> None:
        self._scripts = scripts
        self._breaker_policy = policy

    def may_call(self, name: str, call: str, hold_ms: int) -> tuple[int, str]:
        """0 if `call` may be made now, else for how many ms not, with what the last failure said.

        Once it may again, one call at a time is let through, until it says what came of it, at the
        most for `hold_ms`.
        """
        wait_ms, said = self._scripts.run("endpoint", ["ask", name, call, hold_ms])
        return int(wait_ms), str(said)

    def tell_call(
        self, name: str, call: str, verdict: HostVerdict, said: str, failures: int
    ) -> HostEvent | None:
        """What came of a call; so many `failures` in a row open the breaker. The event, if it is one."""
        _, open_ms, longest_ms, _ = self._breaker_policy.in_ms
        arguments = ["tell", name, call, verdict, said[:500], failures, open_ms, longest_ms]
        event = self._scripts.run("endpoint", arguments)
        return host_event(name, event, said[:500]) if event else None
