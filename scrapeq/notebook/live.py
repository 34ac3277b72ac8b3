"""Live cards: one thread repaints all of them, also while the kernel is busy with a cell.

A cell has one output per batch: a widget where the front end has widgets, with the same picture as
HTML and as a line of text beside it for where it has none. When there is nothing left to watch, the
last picture takes the widget's place, so that a saved notebook shows it without a kernel.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
from IPython.display import publish_display_data

from scrapeq.display import script
from scrapeq.errors import DatabaseUnavailable, NotFound, ScrapeqError

if TYPE_CHECKING:
    from scrapeq.pipeline.handle import BatchHandle

log = logging.getLogger(__name__)

#: Seconds between two pictures, and between two that are kept in the notebook for its readers:
#: the second kind makes the front end build the widget's view again.
REPAINT_S, KEEP_S = 0.5, 15.0
#: Cards that move at the same time; the oldest ones stop where they are.
MOST_CARDS = 20
#: A view of a widget as the kernel sends it (ipywidgets' messaging protocol, version 2).
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_ACTIONS = frozenset({"pause", "resume", "cancel", "retry_failed"})


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
                getattr(self._handle, self._wanted.popleft())()
            if self._handle.is_done:
                self.freeze()
                return False
            self._widget.html = self._picture()
            if time.monotonic() - self._kept_s > KEEP_S:
                self._kept_s = time.monotonic()
                self._put(live=True)
        except NotFound:  # it was cleaned up: nothing is left to watch, and the card says so
            self.freeze()
            return False
        except DatabaseUnavailable:
            self._widget.html = self._picture()
        except ScrapeqError as error:  # what a button asked for cannot be done now
            self._handle.note = str(error)
        return True

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
        """The card as the front end can show it best, into its one output."""
        bundle: dict[str, Any] = {
            "text/html": self._handle._repr_html_(),
            "text/plain": repr(self._handle),
        }
        if live:
            bundle[WIDGET_VIEW] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._widget.model_id,
            }
        publish_display_data(  # type: ignore[no-untyped-call] # IPython has no types here
            bundle, transient={"display_id": self._display_id}, update=update
        )

    def _pressed(self, _widget: Card, content: Any, _buffers: Any) -> None:
        # Messages come on whatever thread: it only takes a note, for the one that repaints.
        action = content.get("action") if isinstance(content, dict) else None
        if action in _ACTIONS:
            self._wanted.append(action)
            _painter.wake()


class _Painter:
    """The thread that repaints every card; it runs while there is one."""

    def __init__(self) -> None:
        self._cards: list[LiveCard] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, live: LiveCard) -> None:
        """Repaint a card from now on."""
        with self._lock:
            self._cards.append(live)
            too_old, self._cards = self._cards[:-MOST_CARDS], self._cards[-MOST_CARDS:]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="scrapeq-cards", daemon=True)
                self._thread.start()
        for one in too_old:
            one.freeze()

    def wake(self) -> None:
        """Repaint now."""
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(REPAINT_S)
            self._wake.clear()
            for one in list(self._cards):
                if not _repainted(one):
                    with self._lock, suppress(ValueError):  # it may have become too old meanwhile
                        self._cards.remove(one)
            with self._lock:
                if not self._cards:
                    self._thread = None
                    return


def _repainted(live: LiveCard) -> bool:
    try:
        return live.repaint()
    except Exception:  # the rim: one card must not stop the others
        log.exception("a card cannot be drawn any more")
        return False


_painter = _Painter()


def show(handle: BatchHandle) -> None:
    """Show a batch as a card that moves until the batch is done."""
    live = LiveCard(handle)
    live.show()
    _painter.add(live)
