"""The first post of a thread whose software marks neither its author nor its time."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cached_property

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.comment_blocks import Block, comment_blocks
from scrapeq.extract.declared import Declared

#: Addresses of threads, by the software of most forums.
_THREAD = re.compile(
    r"/threads?[/-]|/showthread|/viewtopic|/topic/|/t/[^/]+/\d+|[?&]topic=\d", re.IGNORECASE
)


class FirstPost:
    """Who began a thread, and when, looked for when it is first asked for; None for a page that is no thread,
    or marks the author itself.

    A thread is what declares itself one, or has an address as forums give them; other pages cost nothing.
    """

    def __init__(
        self, tree: LexborHTMLParser, declared: Declared, url: str, language: str = "en"
    ) -> None:
        self._tree, self._declared, self._url, self._language = tree, declared, url, language

    @property
    def author(self) -> str | None:
        """As it stands there, of people as of others."""
        return self._block.author if self._block else None

    @property
    def published_at(self) -> datetime | None:
        """When it was written."""
        return self._block.published_at if self._block else None

    @cached_property
    def _block(self) -> Block | None:
        if not (self._declared.is_thread or _THREAD.search(self._url)):
            return None
        marked = (one for one in self._declared.marked if one.has("itemprop", "author"))
        if any(not one.is_of_another for one in marked):
            return None
        return next(iter(comment_blocks(self._tree, self._language)), None)
