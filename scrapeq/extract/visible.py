"""What a person reads of some HTML: all of its text, without scripts, styles and tags."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.bounds import for_lexbor
from scrapeq.extract.element_text import text_of

#: The end of an element is the sign of HTML: prose has a "<" now and then, and hardly a "</p>".
_MARKUP = re.compile(
    r"</(?:html|head|body|title|script|style|noscript|template|main|article|section|header|footer|nav"
    r"|div|p|span|a|b|i|em|strong|h[1-6]|ul|ol|li|table|tr|td|th|form|button|svg)\s*>"
    r"|<!doctype\s+html|<(?:html|body|script|style)\b[^<>]*>",
    re.IGNORECASE,
)


def text_in(content: str) -> str:
    """The text that a person reads, if `content` is HTML; else `content` itself.

    Its time is linear in the length, whatever the markup (see `bounds`).
    """
    if not _MARKUP.search(content):
        return content
    root = LexborHTMLParser(for_lexbor(content)).root
    return text_of(root) if root is not None else ""
