"""The front end's half of what moves: one ES module without imports, for widgets and pages alike."""

from __future__ import annotations

from pathlib import Path

_MORPH = Path(__file__).with_name("morph.js")


def script(*parts: Path) -> str:
    """The source of a module: what draws HTML into a page (`draw(element, html)`), then the parts.

    A widget's module is sent as one text and can import no file beside it, so the parts are put
    together here.
    """
    return "\n".join(path.read_text(encoding="utf-8") for path in (_MORPH, *parts))
