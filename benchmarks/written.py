"""Results in the documents: each between two marks that name the benchmark which writes them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def put(document: str, name: str, by: str, *parts: str) -> None:
    """Have the parts, and nothing else, between the marks of `name` in a page of docs/.

    by: the benchmark's file. Raises ValueError where the page has no such marks.
    """
    path = DOCS / document
    begin, end = f"<!-- {name}: written by benchmarks/{Path(by).name} -->", "<!-- end -->"
    before, mark, rest = path.read_text(encoding="utf-8").partition(begin)
    _, ended, after = rest.partition(end)
    if not (mark and ended):
        raise ValueError(f"{path} has no part {begin} ... {end}")
    body = "\n\n".join(parts)
    path.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", encoding="utf-8")


def today() -> str:
    """The day, as the documents write it."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"


def bars(name: str, title: str, groups: Mapping[str, Mapping[str, float]]) -> str:
    """A plot of ratios beside a line at 1, drawn into docs/pictures/; gives the Markdown that shows it.

    groups: by heading, the bars by their label. It is read on light and on dark ground.
    """
    width, left, high, longest = 760, 330, 18, 360
    most = max(1.0, *(value for group in groups.values() for value in group.values()))
    drawn, y = [], 10
    for heading, group in groups.items():
        drawn.append(f'<text x="0" y="{y + 13}" font-weight="bold">{escape(heading)}</text>')
        y += 24
        for label, value in group.items():
            length = longest * value / most
            drawn.append(
                f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{escape(label)}</text>'
                f'<rect x="{left}" y="{y + 1}" width="{length:.1f}" height="{high - 4}" rx="2" '
                f'fill="{_OURS if label.startswith("scrapeq") else _OTHERS}"/>'
                f'<text x="{left + length + 6:.1f}" y="{y + 12}">{value:.2f}</text>'
            )
            y += high
        y += 12
    limit = left + longest / most
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="{_INK}"><title>{escape(title)}</title>'
        f'<path d="M{limit:.1f} 30V{y - 12}" stroke="{_INK}" stroke-dasharray="3 3"/>'
        f"{''.join(drawn)}</svg>\n"
    )
    (DOCS / "pictures" / f"{name}.svg").write_text(svg, encoding="utf-8")
    return f"![{title}](pictures/{name}.svg)"


#: Grey ink and colours that stand out from white and from near black (contrast at least 4.5).
_INK, _OURS, _OTHERS = "#7a7a7a", "#2a7fd4", "#9a9a9a"
