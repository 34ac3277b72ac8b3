"""How a handle shows itself, whichever way it looks at its batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from scrapeq import display
from scrapeq.client.card import text_line
from scrapeq.errors import ScrapeqError
from scrapeq.models import Progress


class ShownBatch:
    """A card in a notebook, a line of text elsewhere."""

    id: str

    def card(self, *, actions: bool = False) -> str:
        """Its picture as HTML."""
        raise NotImplementedError

    def follow(self, timeout: float | None = None) -> Iterator[Progress]:
        """How far it is, until every row has its result."""
        raise NotImplementedError

    def watch(self) -> Self:
        """Show it: in a notebook as a card that moves by itself; elsewhere as a line of text that
        moves until every row has its result, or until it is interrupted (the work goes on)."""
        if display.kernel_shell() is not None:
            from IPython.display import display as show

            show(self)  # type: ignore[no-untyped-call] # IPython has no types here
            return self
        for progress in self.follow():
            print(f"\r{text_line(progress)}", end="\x1b[K", flush=True)
        print()
        return self

    def _repr_html_(self) -> str:
        try:
            return self.card()
        except ScrapeqError as error:
            return display.card(self.id, {}, note=error, away="cannot be shown")
