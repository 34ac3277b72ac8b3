"""What of a long page is sent: three quarters from its beginning, and the rest from its end.

What a page is about stands at its beginning; prices, dates, contacts and conclusions often at its end. Both
cuts are at borders of paragraphs, else of lines, else between words; between them stands how much is
missing.
"""

from __future__ import annotations

_HEAD_SHARE = 0.75
_BORDERS = ("\n\n", "\n", " ")


def head_and_tail(content: str, most_chars: int) -> tuple[str, bool]:
    """At most `most_chars` characters of `content` (and a line that says what was left out), and
    whether anything was."""
    if len(content) <= most_chars:
        return content, False
    head, _ = cut(content, max(1, round(most_chars * _HEAD_SHARE)))
    tail = _end(content[len(head) :], most_chars - len(head))
    left_out = len(content) - len(head) - len(tail)
    return f"{head}\n\n[… {left_out:,} characters left out …]\n\n{tail}".rstrip(), True


def cut(content: str, most_chars: int) -> tuple[str, bool]:
    """At most `most_chars` of the beginning, and whether anything was cut.

    The cut is at the last border of a paragraph, else of a line, else at a space, if there is one
    in the second half; else in mid-word.
    """
    if len(content) <= most_chars:
        return content, False
    for border in _BORDERS:
        end = content.rfind(border, most_chars // 2, most_chars + len(border))
        if end > 0:
            return content[:end], True
    return content[:most_chars], True


def _end(content: str, most_chars: int) -> str:
    """At most `most_chars` of the end, from a border in its first half."""
    if most_chars < 1:
        return ""
    start = max(0, len(content) - most_chars)
    for border in _BORDERS:
        found = content.find(border, max(0, start - len(border)), start + most_chars // 2)
        if found >= 0:
            return content[found + len(border) :]
    return content[start:]
