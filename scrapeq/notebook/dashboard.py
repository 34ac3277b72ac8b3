"""`sq.dashboard()`: the dashboard in a cell's output, with the kernel's tables to choose from."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from scrapeq import dashboards, display
from scrapeq.errors import ConfigError, InputError
from scrapeq.notebook.painter import painter, put

if TYPE_CHECKING:
    import pandas as pd

    from scrapeq.settings import Settings

log = logging.getLogger(__name__)

#: Seconds between two pictures: a dashboard costs more to draw than a card.
REPAINT_S = 1.0
#: Columns of the kernel's tables to choose from.
MOST_COLUMNS = 50
WAYS = (("urls", "Paste URLs"), ("frame", "A table of this notebook"), ("file", "Upload a file"))
#: Types of columns that may hold URLs.
_TEXTS = frozenset({"object", "string", "str"})
_PARTS = (*dashboards.SECTIONS, "frames")


class DashboardWidget(anywidget.AnyWidget):
    """The front end's half: each part as HTML from escaping templates, and requests as messages."""

    _esm = display.script(dashboards.SCRIPT, Path(__file__).with_name("widget.js"))
    _css = dashboards.STYLE
    shell = traitlets.Unicode("").tag(sync=True)


class LiveDashboard:
    """A dashboard in one output of a notebook."""

    def __init__(self, shown: dashboards.Dashboard) -> None:
        self._dashboard = shown
        self._requests = dashboards.Requests(shown, _table, save_to=Path())
        self._shown: dict[str, str] = {}
        self._drawn_s = 0.0
        self._display_id = uuid.uuid4().hex
        self._doing = ThreadPoolExecutor(1, thread_name_prefix="scrapeq-dashboard")
        self._frozen = False
        self._widget = DashboardWidget(shell=dashboards.shell(places=WAYS))
        self._widget.add_traits(
            **{_trait(part): traitlets.Unicode("").tag(sync=True) for part in _PARTS}
        )
        self._widget.on_msg(self._asked)

    def show(self) -> None:
        """Put it into the output of the cell that runs."""
        self.repaint()
        self._put(update=False)

    def repaint(self) -> bool:
        """Draw what is true now; a dashboard ends with its kernel, or when another is opened."""
        if self._frozen:
            return False
        if time.monotonic() - self._drawn_s >= REPAINT_S:
            self._drawn_s = time.monotonic()
            for part, html in self._dashboard.changed(self._shown).items():
                setattr(self._widget, _trait(part), html)
            try:
                self._widget.part_frames = dashboards.frames_choice(_columns())
            except Exception:  # the cell that runs may change a table at this moment
                log.debug("the notebook's tables cannot be listed now", exc_info=True)
        return True

    def freeze(self) -> None:
        """Leave a card in its place that names the newest batches."""
        self._frozen = True
        self._put(live=False)
        self._widget.close()
        self._doing.shutdown(wait=False)

    def _put(self, *, live: bool = True, update: bool = True) -> None:
        # Not again while it lives: the front end would build the view anew, and lose what is typed.
        picture, line = self._dashboard.picture()
        model_id = self._widget.model_id if live else None
        put(picture, line, self._display_id, model_id=model_id, update=update)

    def _asked(self, _widget: DashboardWidget, content: Any, buffers: Any) -> None:
        # A submission of a million rows takes its time: neither the kernel nor the picture waits.
        if isinstance(content, dict) and isinstance(content.get("request"), dict):
            self._doing.submit(self._answer, content.get("id"), content["request"], buffers)

    def _answer(self, number: Any, request: dict[str, Any], buffers: Any) -> None:
        if request.get("do") == "file":
            answer = self._keep(str(request.get("name")), buffers)
        else:
            answer = self._requests.answer(request)
        self._widget.send({"id": number, "answer": answer})
        self._drawn_s = 0.0
        painter.wake()

    def _keep(self, name: str, buffers: Any) -> dict[str, str]:
        try:
            with self._requests.upload(name) as (key, file):
                file.writelines(buffers or ())
        except (InputError, OSError) as error:
            return {"error": str(error)}
        return {"file": key}


_current: LiveDashboard | None = None


def dashboard(settings: Settings | None = None) -> None:
    """Show the dashboard below this cell: submit, follow, steer and save batches, see what runs.

    It moves also while a cell blocks the kernel; a button takes effect when the kernel is free. One
    dashboard moves in a kernel: another call takes its place, the older one becomes a still
    picture. Without a notebook: `scrapeq dashboard`, the same as a page of its own.

    Raises ConfigError outside a notebook, and what `get_job_queue` raises.
    """
    global _current  # noqa: PLW0603 - the kernel has one
    if not _user_names():
        raise ConfigError("there is no notebook here", hint="run: scrapeq dashboard")
    shown = dashboards.Dashboard(settings, same_s=0)  # it has one viewer
    if _current is not None:
        _current.freeze()
    _current = LiveDashboard(shown)
    _current.show()
    painter.add(_current)


def _trait(part: str) -> str:
    return f"part_{part}"


def _user_names() -> dict[str, Any]:
    """The names of the notebook; none where there is no kernel."""
    shell = display.kernel_shell()
    if shell is None:
        return {}
    names: dict[str, Any] = shell.user_ns
    return names


def _tables() -> Iterator[tuple[str, pd.DataFrame]]:
    """The DataFrames that the notebook has names for, newest names first."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return
    for name, value in reversed(list(_user_names().items())):
        # type(), since to ask a lazy object for its class may load it
        if issubclass(type(value), pandas.DataFrame) and not name.startswith("_"):
            yield name, value


def _columns() -> list[tuple[str, str, int]]:
    """Columns of texts: (table, column, rows)."""
    found: list[tuple[str, str, int]] = []
    for name, frame in _tables():
        # not select_dtypes: before pandas 3 it copies the whole table
        found += [
            (name, column, len(frame))
            for column, dtype in frame.dtypes.items()
            if isinstance(column, str) and dtype.name in _TEXTS
        ]
        if len(found) >= MOST_COLUMNS:
            break
    return found[:MOST_COLUMNS]


def _table(name: str) -> pd.DataFrame:
    """A DataFrame by its name in the notebook. Raises InputError."""
    for known, frame in _tables():
        if known == name:
            return frame
    raise InputError(f"there is no table {name!r} any more", hint="choose another")
