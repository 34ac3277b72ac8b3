"""The breaker around the endpoint, as this folder needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from scrapeq.llm.endpoint import Reply
from scrapeq.models import HostVerdict
from scrapeq.settings import Settings

#: Statuses that another page would get too: the key is refused, it has enough, or it is late.
_FOR_EVERYBODY = frozenset({401, 403, 408, 429})


@dataclass(frozen=True, slots=True)
class Paused:
    """Why no request may be sent, in a sentence, and for how many seconds."""

    message: str
    for_s: float


class Breaker(Protocol):
    """A circuit breaker around the endpoint, in memory or shared with other workers."""

    def refusal(self) -> Paused | None:
        """None if a request may be sent now."""

    def report(self, verdict: HostVerdict, problem: str) -> None:
        """Note the result of a call, once for each call that was not refused; "" says nothing."""


def endpoint_name(settings: Settings) -> str:
    """Which endpoint the settings mean: host and port, without path, key or password."""
    parts = urlsplit(settings.ai_base_url or "https://api.openai.com")
    return f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"


def verdict(reply: Reply) -> HostVerdict:
    """Whether the endpoint failed, whatever it was asked; what is wrong with one page or with the
    model's answer to it is no failure of the endpoint."""
    if reply.problem is None:
        return "good"
    for_everybody = reply.status is None or reply.status >= 500 or reply.status in _FOR_EVERYBODY
    return "failed" if for_everybody else "good"
