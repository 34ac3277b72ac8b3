"""Contrast as WCAG 2.2 measures it, and the pages that text of ours stands on."""

from __future__ import annotations

import re

#: What text needs (1.4.3), and what a bar or a line needs (1.4.11).
TEXT, GRAPHICS = 4.5, 3.0
#: Text and page: a notebook's light and dark theme (JupyterLab 4), and our own page's.
THEMES = [
    ("#212121", "#ffffff"),
    ("#e0e0e0", "#111111"),
    ("#1c1f24", "#ffffff"),
    ("#e3e5e8", "#16181c"),
]


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def blended(text: str, page: str, opacity: float) -> str:
    mixed = [
        round(int(text[i : i + 2], 16) * opacity + int(page[i : i + 2], 16) * (1 - opacity))
        for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in mixed)


def from_css(colour: str) -> str:
    """A computed colour, "rgb(1, 2, 3)", as "#010203"."""
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"
