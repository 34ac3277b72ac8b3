"""Which pages are known to need a browser, by their host and the shape of their path; for all workers."""

from __future__ import annotations

import re
import time

from yarl import URL

from scrapeq import urls
from scrapeq.frontier.browsers import MOST_NEEDS, NEED_MS, Learned


class BrowserNeeds:
    """What this process found, and what it learned from others (see `BrowserPresence`).

    Looking costs no call, and noting none by itself. What is known decides where a page is fetched,
    not whether it is rendered: each page that HTTP brings is judged anew.
    """

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}  # shape → until when it holds
        self._news: set[str] = set()

    def is_known(self, href: str) -> bool:
        """Whether pages like this one needed a browser lately."""
        return self._until_s.get(shape(href), 0) > time.monotonic()

    def note(self, href: str) -> None:
        """This page needed one; others are to know it if it is not long known."""
        one, now_s = shape(href), time.monotonic()
        if self._until_s.get(one, 0) < now_s + NEED_MS / 2000:
            self._keep(one, now_s + NEED_MS / 1000)
            self._news.add(one)

    def news(self) -> list[str]:
        """What was noted since the last call, at most a thousand; `again` puts it back."""
        return [self._news.pop() for _ in range(min(1_000, len(self._news)))]

    def again(self, news: list[str]) -> None:
        """Others could not be told of this: it is told later."""
        self._news.update(news[: MOST_NEEDS - len(self._news)])

    def learn(self, learned: Learned) -> None:
        """Take in what others noted."""
        now_s = time.monotonic()
        for one, ms in learned.needs.items():
            self._keep(one, now_s + ms / 1000)

    def _keep(self, one: str, until_s: float) -> None:
        if len(self._until_s) >= 2 * MOST_NEEDS:  # it is learned again, or found again
            self._until_s.clear()
        self._until_s[one] = until_s


def shape(href: str) -> str:
    """The host and the path, without what tells one page of a kind from another: numbers and names."""
    segments = URL(href, encoded=True).raw_path.split("/")[:6]
    plain = ("*" if re.search(r"\d|.{24}", segment) else segment for segment in segments[:-1])
    return (urls.host_key(href) + "/".join(plain))[:300]
