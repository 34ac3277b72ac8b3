"""What changed between two runs, counted, from `sq.compare()`."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import plotly.graph_objects as go

from scrapeq.display import count
from scrapeq.plots import frames, labels, theme

#: The changes of a URL, in words for the hover.
_MEANINGS = {
    "changed": "good in both, with other fields",
    "added": "only in the second",
    "removed": "only in the first",
    "broke": "good in the first, failed in the second",
    "mended": "failed in the first, good in the second",
}
#: Fields that are named; the others are in the table.
MOST_FIELDS = 10


def comparison(frame: pd.DataFrame) -> go.Figure:
    """How many URLs changed, and in which fields; came, went, broke or were mended.

    frame: a table of `sq.compare(a, b)`. URLs that are the same in both are counted in the second
    line and not drawn: they would dwarf what changed. So are those where a run has not looked. A URL that changed in two fields counts in
    both; at most `MOST_FIELDS` fields are drawn, those with most changes.

    Raises InputError for another table.
    """
    given = frames.checked(frame, ["url", "change", "changed_fields"], "compare")
    if not len(given):
        return theme.empty("What changed")
    numbers = given["change"].value_counts()
    fields: Counter[str] = Counter()
    # a million rows have few different lists of fields
    for listed, number in given["changed_fields"].dropna().value_counts().items():
        fields.update(
            {name.strip(): int(number) for name in str(listed).split(",") if name.strip()}
        )

    bars = [
        ("changed", int(numbers.get("changed", 0)), theme.area(theme.ACCENT), _MEANINGS["changed"])
    ]
    bars += [
        (f"in {name}", number, theme.area(theme.PALE), f"changed in {labels.text(name)}")
        for name, number in fields.most_common(MOST_FIELDS)
    ]
    bars += [
        (
            name,
            int(numbers.get(name, 0)),
            theme.HATCHED if name == "broke" else theme.area(theme.ACCENT),
            meaning,
        )
        for name, meaning in _MEANINGS.items()
        if name != "changed"
    ]
    same = int(numbers.get("same", 0))
    unknown = int(given["change"].isna().sum())
    made = theme.figure(
        "What changed",
        labels.subtitle(
            f"{count(len(given))} URLs",
            f"{count(same)} of them the same",
            f"{count(unknown)} not looked at" if unknown else "",
        ),
        height=theme.HEAD + 30 + theme.ROW * len(bars),
        bargap=0.3,
        showlegend=False,
    )
    names = [labels.label(name) for name, *_ in bars]
    theme.rows(made, names, labels.column([count(number) for _, number, *_ in bars]))
    for row, (_, number, paint, meaning) in enumerate(bars):
        made.add_bar(
            orientation="h",
            y=[row],
            x=[number],
            marker=paint,
            hovertext=[meaning],
            hovertemplate="%{x:,.0f} URLs<br>%{hovertext}<extra></extra>",
        )
    return made
