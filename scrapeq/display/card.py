"""One calm card for a cell: a title, a bar by status, a few facts, a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scrapeq.display.colours import ACCENT, FAILED
from scrapeq.display.template import render
from scrapeq.display.text import count, plain

_ACCENT = f"background:{ACCENT}"
_HATCH = "repeating-linear-gradient(135deg,rgba(255,255,255,.5) 0 2px,transparent 2px 6px)"
#: How each part of the bar is drawn: what goes well in the strength of one colour, what failed in
#: another one and hatched, what was cancelled in the text's. The names are those of job statuses;
#: any other name is drawn as a waiting one, which is empty.
_PAINT = {
    "completed": _ACCENT,
    "running": f"{_ACCENT};opacity:.55",
    "retrying": f"{_ACCENT};opacity:.3",
    "failed": f"background-color:{FAILED};background-image:{_HATCH}",
    "cancelled": "background:currentColor;opacity:.35",
}


class Group(NamedTuple):
    """Some things under a heading that opens with a click, each in two texts; `more` are not shown.

    `key` tells a group from others while the card is drawn again; `is_bad`: it is of failures.
    """

    key: str
    label: str
    items: Sequence[tuple[str, str]]
    more: str = ""
    is_bad: bool = False


def card(
    title: object,
    facts: Mapping[str, object],
    bar: Mapping[str, int] | None = None,
    note: object | None = None,
    *,
    corner: object | None = None,
    is_bad: bool = False,
    reason: str = "",
    sparks: Mapping[str, Sequence[float]] | None = None,
    groups: Sequence[Group] = (),
    actions: Mapping[str, str] | None = None,
    away: object | None = None,
) -> str:
    """HTML that needs no script and no style sheet, in a notebook's light and dark themes.

    `bar` counts things by status, in the order in which they are drawn. `corner` stands opposite
    the title; `is_bad` makes it strong. `reason` is a strong sentence below the bar. `sparks` are
    small bars behind a fact, by its name. `groups` open with a click, also without a kernel.
    `actions` are buttons by name, for whoever listens to them: their name is in `data-action`.
    `away` turns the card grey and says in a few words why. All text is escaped, and control and bidi
    characters are made visible: anything may be written by strangers.
    """
    counts = {name: number for name, number in (bar or {}).items() if number > 0}
    total = sum(counts.values())
    parts = [
        {
            "label": f"{count(number)} {plain(name, 40)}",
            "share": f"{100 * number / total:.3f}",
            "paint": _PAINT.get(name, ""),
        }
        for name, number in counts.items()
    ]
    return render(
        Path(__file__).parent,
        "card",
        title=plain(title),
        facts=[
            (plain(name, 60), plain(value), _heights((sparks or {}).get(name, ())))
            for name, value in facts.items()
        ],
        reason=plain(reason, 500),
        groups=[
            Group(
                plain(one.key, 60),
                plain(one.label, 120),
                [(plain(first, 120), plain(second, 200)) for first, second in one.items],
                plain(one.more, 120),
                one.is_bad,
            )
            for one in groups
        ],
        failed_paint=_PAINT["failed"],
        accent=ACCENT,
        has_bar=bar is not None,
        parts=parts,
        note=None if note is None else plain(note, 1000),
        corner=None if corner is None else plain(corner, 60),
        is_bad=is_bad,
        actions=[(name, plain(label, 60)) for name, label in (actions or {}).items()],
        away=None if away is None else plain(away, 60),
    )


def _heights(values: Sequence[float]) -> list[str]:
    """Bars in percent of the highest one; what is more than nothing can be seen."""
    top = max(values, default=0.0)
    return [f"{max(6, 100 * value / top):.0f}" if value > 0 else "0" for value in values]
