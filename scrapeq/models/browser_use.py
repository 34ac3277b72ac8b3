"""Whether a browser showed the page of a job, where one was wanted."""

from __future__ import annotations

from enum import StrEnum


class BrowserUse(StrEnum):
    """What became of the need for a browser; a page that needed none has no such value."""

    SHOWED = "showed"  # its page is what it became in a browser
    LACKED = "lacked"  # it needed one, and none was there or could be used

    @classmethod
    def of(cls, rendered: bool | None, render_reason: str | None) -> BrowserUse | None:
        """That of a page, by its fields of these names."""
        if rendered:
            return cls.SHOWED
        return None if render_reason is None else cls.LACKED
