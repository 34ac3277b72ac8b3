"""One case of the hostile web: what a server does, and how a visit to it has to end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scrapeq.testing.hostile.script import Asked, Script

#: Limits for servers that make a client wait, short enough to be waited for. Each is for one phase: a busy
#: machine may take seconds to get to the phase that is meant.
SHORT_CONNECT: Mapping[str, Any] = {"connect_timeout_s": 2}
SHORT_HEAD: Mapping[str, Any] = {"first_byte_timeout_s": 2}
SHORT_BODY: Mapping[str, Any] = {"idle_timeout_s": 2, "total_timeout_s": 8}

#: A limit that a bomb reaches without much work.
SMALL: Mapping[str, Any] = {"max_body_mb": 2}

#: For cases that need a second try: short waits between the tries.
AGAIN: Mapping[str, Any] = {"max_retries": 2, "retry_backoff_s": 0.05}

#: For a fetcher that may not connect to addresses of its own network.
SHARED: Mapping[str, Any] = {"allow_private_addresses": False}

#: The outcomes that are a time limit, of the clock or (in a process of its own) of CPU.
_TIME_LIMITS = frozenset({"connect_timeout", "header_timeout", "body_timeout", "parse"})


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the catalogue.

    name: its group, a hyphen, and what it is; a DNS label, for every case is a host of its own.
    says: what it does, as a plain sentence. ends: how a visit ends, an error kind or "ok"; two
    joined by "or" where clients see different things. answer: the answer to a request, the same
    each time, or worked out from it.

    url: how the case is reached; {name} and the ports of `HostileWeb.ports` are filled in.
    options: of ScrapingConfig, under which it is visited; `max_retries` is 0 if not given. title
    and text: what the page that is read has to be called, and have in its text. seconds: within
    which a machine with nothing else to do ends it. mb: what it may cost the process that visits,
    in MB (10^6 bytes) of resident memory at its peak; parser_mb: the one that reads what came.
    """

    name: str
    says: str
    ends: str
    answer: Script | Callable[[Asked], Script] = ()
    url: str = "http://{name}.localhost:{plain}/"
    options: Mapping[str, Any] = field(default_factory=dict)
    title: str | None = None
    text: str = ""
    seconds: float = 10.0
    mb: float = 64.0
    parser_mb: float = 64.0

    @property
    def group(self) -> str:
        """The first word of its name: a line of the promise."""
        return self.name.partition("-")[0]

    @property
    def outcomes(self) -> frozenset[str]:
        """The right ends."""
        return frozenset(self.ends.split(" or "))

    @property
    def waits(self) -> bool:
        """Whether its end is a time limit, so that many of them may run at the same time."""
        return bool(self.outcomes & _TIME_LIMITS)

    @property
    def needs_tls(self) -> bool:
        """Whether its server has a certificate."""
        return "{tls}" in self.url

    def script(self, asked: Asked) -> Script:
        """The answer to a request."""
        return self.answer(asked) if callable(self.answer) else self.answer

    def wrong(self, end: str | None, title: str | None = None, text: str | None = None) -> str:
        """What is wrong with an end (an error kind; "ok" or None for a page); "" if nothing is."""
        end = end or "ok"
        if end not in self.outcomes:
            return f"{self.name} ended as {end}, not as {self.ends}"
        if end == "ok" and self.title is not None and title != self.title:
            return f"{self.name} has the title {title!r}, not {self.title!r}"
        if end == "ok" and self.text not in (text or ""):
            return f"{self.name} has no {self.text!r} in its text"
        return ""
