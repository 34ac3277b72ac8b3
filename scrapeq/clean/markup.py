"""Remains of HTML in a text that should have none."""

from __future__ import annotations

import html
import re

_BLOCKS = (
    "address|article|aside|blockquote|br|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]"
    "|header|hr|li|main|nav|ol|p|pre|section|table|tbody|tfoot|thead|tr|ul"
)
_OTHERS = (
    "a|abbr|acronym|b|base|bdi|bdo|big|body|button|caption|cite|code|col|colgroup|data|del|dfn|em|embed"
    "|font|head|html|i|iframe|img|input|ins|kbd|label|legend|link|map|mark|meta|noscript|object|option"
    "|param|picture|q|s|samp|select|small|source|span|strike|strong|sub|summary|sup|svg|td|template"
    "|textarea|th|time|title|tt|u|var|video|wbr|script|style"
)
#: A tag by its name, to its end; what only looks like one, as in "a < b", has another.
_BLOCK = re.compile(rf"</?(?:{_BLOCKS})(?:\s[^<>]*|/)?>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_OTHERS})(?:\s[^<>]*|/)?>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
#: What begins something that is not to be seen, to its end.
_UNSEEN = re.compile(r"<!--|<(script|style)\b[^<>]*>", re.IGNORECASE)
_ENDS = {
    None: re.compile("-->"),
    "script": re.compile(r"</script\s{0,20}>", re.IGNORECASE),
    "style": re.compile(r"</style\s{0,20}>", re.IGNORECASE),
}
_DECLARED = re.compile(r"<!doctype[^<>]*>|<!\[CDATA\[|\]\]>", re.IGNORECASE)
#: An ampersand that was escaped over and over.
_AGAIN = re.compile(r"&(?:(?:amp|#38|#x26);)+", re.IGNORECASE)
#: As often as entities may stand for tags that have entities.
_TIMES = 10


def without_markup(text: str) -> str:
    """The text without tags, comments, scripts and entities; blocks become lines.

    >>> without_markup("<p>Tea &amp;amp; more</p><p>5 &lt; 6</p>").strip()
    'Tea & more\\n\\n5 < 6'

    Only HTML's own elements count as tags: "a <b> c" loses one, "x <y> z" does not.
    """
    for _ in range(_TIMES):
        before = text
        if "<" in text:
            text = _CELL.sub(" ", _DECLARED.sub(" ", _without_unseen(text)))
            text = _TAG.sub("", _BLOCK.sub("\n", text))
        if "&" in text:
            text = html.unescape(_AGAIN.sub("&", text))
        if text == before:
            break
    return text


def _without_unseen(text: str) -> str:
    """Without comments, scripts and styles that end; those that do not are only tags. Each end is looked
    for once, so that the time is linear: a pattern from the one to the other would look at all that
    follows again and again."""
    pieces: list[str] = []
    copied = 0
    missing: set[str | None] = set()
    for begin in _UNSEEN.finditer(text):
        kind = begin[1].lower() if begin[1] else None
        if begin.start() < copied or kind in missing:
            continue
        end = _ENDS[kind].search(text, begin.end())
        if end is None:
            missing.add(kind)
            continue
        pieces += text[copied : begin.start()], " "
        copied = end.end()
    return "".join([*pieces, text[copied:]]) if pieces else text
