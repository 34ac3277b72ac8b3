"""What workers tell each other of browsers: who has one, and which pages need one."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import astuple, dataclass

import redis

from scrapeq.frontier.client import translated
from scrapeq.frontier.scripts import Scripts
from scrapeq.models.monitoring import BrowsersNow

#: Milliseconds after which a browser that nothing was heard of counts as gone; workers tell of theirs
#: every two seconds.
SILENCE_MS = 20_000
#: For how long it is known that pages of a kind need one (a site is seldom built anew), and how many
#: kinds are known: about 1 MB.
NEED_MS, MOST_NEEDS = 3_600_000, 10_000


@dataclass(frozen=True, slots=True)
class BrowserReport:
    """The browser of a worker process. pages: open now; rendered: since the worker began; memory_mb: of
    all its processes, 0 while it does not run or where the system does not say."""

    is_up: bool = False
    pages: int = 0
    rendered: int = 0
    memory_mb: int = 0


@dataclass(frozen=True, slots=True)
class Learned:
    """is_any: a worker has a browser. needs: what others noted, for how many ms it holds; newest: the
    argument for the next call."""

    is_any: bool
    newest: int
    needs: dict[str, int]


class Browsers:
    """The browsers of all workers, and the kinds of pages that need one."""

    def __init__(self, client: redis.Redis, scripts: Scripts) -> None:
        self._redis = client
        self._scripts = scripts
        self._keys = scripts.keys

    def tell(
        self,
        worker: str,
        report: BrowserReport | None,
        needs: Collection[str] = (),
        since: int | None = None,
    ) -> Learned:
        """Tell of a worker's browser (None: it has none) and of pages that needed one; what others
        told since the call that gave `since`. One round trip."""
        about = "" if report is None else json.dumps(astuple(report))
        arguments = [worker, about, SILENCE_MS, NEED_MS, MOST_NEEDS, "" if since is None else since]
        is_any, newest, found = self._scripts.run("browsers", [*arguments, *needs])
        pairs = zip(found[::2], found[1::2], strict=True)
        return Learned(bool(is_any), int(newest), {str(one): int(ms) for one, ms in pairs})

    def now(self) -> BrowsersNow:
        """All that were heard of lately, together."""
        reports = self.reports()
        return BrowsersNow(
            up=sum(one.is_up for one in reports),
            pages=sum(one.pages for one in reports),
            rendered=sum(one.rendered for one in reports),
            memory_mb=sum(one.memory_mb for one in reports),
        )

    def reports(self) -> list[BrowserReport]:
        """The browsers that were heard of lately, as many as there are workers with one."""
        with translated(self._redis):
            silent_ms = int(self._scripts.run("now", [])) - SILENCE_MS
            notes = [json.loads(str(one)) for one in self._redis.hvals(self._keys.browsers)]
        return [BrowserReport(*json.loads(about)) for at_ms, about in notes if at_ms >= silent_ms]

    def forget(self, worker: str) -> None:
        """A worker ended as it should."""
        with translated(self._redis):
            self._redis.hdel(self._keys.browsers, worker)
