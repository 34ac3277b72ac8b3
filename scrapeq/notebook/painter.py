"""One thread that repaints everything live, also while the kernel is busy with a cell."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from typing import Any, Protocol

from IPython.display import publish_display_data

log = logging.getLogger(__name__)

#: Seconds between two pictures.
REPAINT_S = 0.5
#: Pictures that move at the same time; the oldest ones stop where they are.
MOST_PICTURES = 20
#: A view of a widget as the kernel sends it (ipywidgets' messaging protocol, version 2).
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Picture(Protocol):
    """Something in a cell's output that moves."""

    def repaint(self) -> bool:
        """Draw what is true now; whether there is more to come."""

    def freeze(self) -> None:
        """Leave the last picture, which needs no kernel, in its place."""


def put(
    html: str, text: str, display_id: str, *, model_id: str | None = None, update: bool = True
) -> None:
    """A picture as the front end can show it best, into its one output: the widget `model_id`, and
    the same as HTML and as text for where there are no widgets, or no kernel any more."""
    bundle: dict[str, Any] = {"text/html": html, "text/plain": text}
    if model_id is not None:
        bundle[WIDGET_VIEW] = {"version_major": 2, "version_minor": 0, "model_id": model_id}
    publish_display_data(  # type: ignore[no-untyped-call] # IPython has no types here
        bundle, transient={"display_id": display_id}, update=update
    )


class Painter:
    """The thread that repaints; it runs while there is a picture."""

    def __init__(self) -> None:
        self._pictures: list[Picture] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, picture: Picture) -> None:
        """Repaint it from now on."""
        with self._lock:
            self._pictures.append(picture)
            too_old = self._pictures[:-MOST_PICTURES]
            self._pictures = self._pictures[-MOST_PICTURES:]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="scrapeq-live", daemon=True)
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
            for one in list(self._pictures):
                if not _repainted(one):
                    with self._lock, suppress(ValueError):  # it may have become too old meanwhile
                        self._pictures.remove(one)
            with self._lock:
                if not self._pictures:
                    self._thread = None
                    return


def _repainted(picture: Picture) -> bool:
    try:
        return picture.repaint()
    except Exception:  # the rim: one picture must not stop the others
        log.exception("a picture cannot be drawn any more")
        return False


#: The kernel's one painter.
painter = Painter()
