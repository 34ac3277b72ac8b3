"""Live cards of batches.

A cell has one output per batch: a widget where the front end has widgets, with the same picture as
HTML and as a line of text beside it for where it has none. When there is nothing left to watch or
to do, the last picture takes the widget's place, so that a saved notebook shows it without a kernel.
Where failed rows may be tried again, the button stays for `LINGER_S`.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from scrapeq.display import script
from scrapeq.errors import DatabaseUnavailable, NotFound, ScrapeqError, ServerUnavailable
from scrapeq.models.actions import Action
from scrapeq.notebook.painter import painter, put
from scrapeq.project.bounded import budget

if TYPE_CHECKING:
    from scrapeq.client.handle import BatchHandle

#: Seconds between two pictures that are kept in the notebook for its readers: they make the front
#: end build the widget's view again.
KEEP_S = 15.0
#: Seconds that a finished batch keeps its button for another try. Not for ever: a notebook that was
#: saved with a widget cannot show it without its kernel.
LINGER_S = 600.0


class Card(anywidget.AnyWidget):
    """The front end's half: HTML from an escaping template, and which button was pressed."""

    _esm = script(Path(__file__).with_name("card.js"))
    html = traitlets.Unicode("").tag(sync=True)


class LiveCard:
    """A batch's card in one output of a notebook."""

    def __init__(self, handle: BatchHandle) -> None:
        self._handle = handle
        self._wanted: deque[str] = deque()
        self._kept_s = time.monotonic()
        self._ended_s: float | None = None
        self._display_id = uuid.uuid4().hex
        self._widget = Card(html=self._picture())
        self._widget.on_msg(self._pressed)

    def show(self) -> None:
        """Put it into the output of the cell that runs."""
        self._put(live=True, update=False)

    def repaint(self) -> bool:
        """Do what was asked for, and draw what is true now; whether there is more to come."""
        try:
            while self._wanted:
                self._handle.press(Action(self._wanted[0]))
                self._wanted.popleft()
            with budget():
                is_done = self._handle.is_done
            if is_done:
                return self._lingers()
            self._ended_s = None
            self._widget.html = self._picture()
            if time.monotonic() - self._kept_s > KEEP_S:
                self._kept_s = time.monotonic()
                self._put(live=True)
        except NotFound:  # it was cleaned up: nothing is left to watch, and the card says so
            self.freeze()
            return False
        except (DatabaseUnavailable, ServerUnavailable):
            self._widget.html = self._picture()
        except ScrapeqError as error:  # what a button asked for cannot be done now
            self._wanted.clear()
            self._handle.note = str(error)
        return True

    def _lingers(self) -> bool:
        """Draw the last picture, and go on while it has a button that may be pressed."""
        now_s = time.monotonic()
        if self._ended_s is None:
            self._ended_s = now_s
            self._widget.html = self._picture()
        if "data-action" in self._widget.html and now_s - self._ended_s < LINGER_S:
            return True
        self.freeze()
        return False

    def freeze(self) -> None:
        """Leave the last picture, which needs no kernel, in the place of the widget."""
        self._put(live=False)
        self._widget.close()

    def _picture(self) -> str:
        try:
            return self._handle.card(actions=True)
        except ScrapeqError:
            return self._handle._repr_html_()

    def _put(self, *, live: bool, update: bool = True) -> None:
        put(
            self._handle._repr_html_(),
            repr(self._handle),
            self._display_id,
            model_id=self._widget.model_id if live else None,
            update=update,
        )

    def _pressed(self, _widget: Card, content: Any, _buffers: Any) -> None:
        # Messages come on whatever thread: it only takes a note, for the one that repaints.
        action = content.get("action") if isinstance(content, dict) else None
        if action in set(Action):
            self._wanted.append(action)
            painter.wake()


def show(handle: BatchHandle) -> None:
    """Show a batch as a card that moves until the batch is done."""
    live = LiveCard(handle)
    live.show()
    painter.add(live)
