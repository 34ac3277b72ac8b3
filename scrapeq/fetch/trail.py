"""Where a fetch stands between two requests: enough to go on with it later, in any process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Self

from scrapeq import urls
from scrapeq.fetch.cookies import Cookie


@dataclass(frozen=True, slots=True)
class Trail:
    """A fetch whose next request has to wait for its host.

    url: of the page that comes next. redirects: URLs that led there. cookies: what they set.
    elapsed_s: spent so far, without waiting. waits: how often it was left to wait so far. robots: the same for the robots.txt of `url`, where a redirect of that has to wait.
    """

    url: str
    redirects: tuple[str, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    elapsed_s: float = 0.0
    waits: int = 0
    robots: Trail | None = None

    @property
    def host(self) -> str:
        """The host that it waits for, as `urls.host_key` has it."""
        return urls.host_key((self.robots or self).url)

    def to_text(self) -> str:
        """As JSON without names, because a million of them may wait for one host."""
        return json.dumps(self._values(), separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The trail that `to_text` was called on."""
        return cls._of(json.loads(text))

    def _values(self) -> list[Any]:
        robots = self.robots._values() if self.robots else None
        elapsed_s = round(self.elapsed_s, 3)
        return [self.url, self.redirects, self.cookies, elapsed_s, self.waits, robots]

    @classmethod
    def _of(cls, values: list[Any]) -> Self:
        url, redirects, cookies, elapsed_s, waits, robots = values
        return cls(
            url,
            tuple(redirects),
            tuple(Cookie(*one) for one in cookies),
            elapsed_s,
            waits,
            cls._of(robots) if robots else None,
        )
