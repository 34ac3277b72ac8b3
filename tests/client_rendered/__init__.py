"""Client-rendered pages as the builds of eight frameworks leave them; see README.md."""

from __future__ import annotations

import json
from pathlib import Path

BUILT = Path(__file__).with_name("built")
#: Offers that are on a page before anybody scrolls; the app draws as many for each part of its list.
OFFERS = 8
#: HTML by name: framework, "-", kind. "whole" ones came from their server with all that they say.
PAGES: dict[str, str] = json.loads((BUILT / "pages.json").read_text(encoding="utf-8"))
DRAWN = {name: html for name, html in PAGES.items() if not name.endswith("-whole")}
WHOLE = {name: html for name, html in PAGES.items() if name.endswith("-whole")}


def files() -> dict[str, tuple[bytes, str, str]]:
    """What the pages ask for: path → body, its type, its encoding."""
    offers = [
        {
            "id": number,
            "name": f"Lantern {number}",
            "price": f"{10 + number}.50 EUR",
            "words": f"Number {number}, made by hand of solid oak and brass.",
        }
        for number in range(1, OFFERS + 1)
    ]
    script = "text/javascript; charset=utf-8"
    return {
        "/api/offers": (json.dumps({"offers": offers}).encode(), "application/json", ""),
        "/api/where": (b'{"next": "/api/offers?page=1"}', "application/json", ""),
        **{
            f"/built/{path.name.removesuffix('.gz')}": (path.read_bytes(), script, "gzip")
            for path in BUILT.glob("*.js.gz")
        },
        **{
            f"/page/{name}": (html.encode(), "text/html; charset=utf-8", "")
            for name, html in PAGES.items()
        },
    }
