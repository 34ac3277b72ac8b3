"""A card of things that were looked at: what is wrong first, with what to do; the rest is folded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from scrapeq.display.colours import ACCENT, FAILED
from scrapeq.display.template import render

#: The mark of each state, and a word for whoever does not see it.
_MARKS = {"bad": "✕", "note": "!", "good": "✓"}
_COLOURS = {"bad": FAILED, "note": ACCENT, "good": "currentColor"}


class Item(NamedTuple):
    """One thing. state: good, note or bad; hint: what to do, "" where there is nothing to do."""

    name: str
    state: str
    result: str
    hint: str = ""


def checklist(
    title: object, items: Sequence[Item], *, corner: object, is_bad: bool, note: object
) -> str:
    """HTML that needs no script and no style sheet, in light and dark themes, on a phone too.

    What is bad stands first, then the notes, in their own order; what is good opens with a click.
    `is_bad` makes `corner` strong. All text is escaped, and control characters are made visible.
    """
    shown = [one for state in ("bad", "note") for one in items if one.state == state]
    return render(
        Path(__file__).parent,
        "checklist",
        title=title,
        corner=corner,
        is_bad=is_bad,
        shown=shown,
        folded=[one for one in items if one.state == "good"],
        note=note,
        marks=_MARKS,
        colours=_COLOURS,
    )
