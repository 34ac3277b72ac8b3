"""Text without what cannot be seen or should not be there: characters first, white space second."""

from __future__ import annotations

import re
import unicodedata
from enum import Enum


class Layout(Enum):
    """How much the white space of a text means."""

    LINE = "line"  # nothing: a title, a name
    TEXT = "text"  # lines and paragraphs
    EXACT = "exact"  # everything: Markdown, URLs, metadata


#: Each change that is made to a text, and why; a report names them by these slugs.
REASONS = {
    "encoding": "the text had been decoded with the wrong encoding",
    "surrogates": "halves of UTF-16 pairs are no characters",
    "control_characters": "control and unassigned characters cannot be seen",
    "invisible": "zero-width and direction-changing characters cannot be seen",
    "normal_form": "letters and their accents are written as one character (Unicode NFC)",
    "white_space": "spaces and line breaks that carry no meaning",
    "emptied": "nothing was left",
    "too_deep": "nothing that people write is nested a hundred levels deep",
}


def clean_text(text: str, layout: Layout = Layout.TEXT) -> tuple[str, tuple[str, ...]]:
    """The text as a person would read it, and the slugs (of `REASONS`) of what was changed.

    Mojibake is decoded again (ftfy's heuristics, only where a text shows its pattern); pairs of
    surrogates are joined and lone ones become U+FFFD; control characters, terminal escapes,
    zero-width and direction-changing characters go, but for the joiners that emoji, Persian and
    Indic scripts need, and the marks that order mixed Hebrew and Arabic text; the form is NFC.
    Quotes, ligatures and full-width letters are the author's and stay.

    White space by `layout`: LINE is one line; TEXT keeps lines, their indentation and at most one
    empty line between two; EXACT keeps all. A text with nothing to change costs about 0.1 ms for
    10,000 characters and comes back as the same object.
    """
    is_sound = _is_sound(text)
    if is_sound and _is_laid_out(text, layout):
        return text, ()
    changed: list[str] = []
    if not is_sound:  # mostly it is, and only its white space is to be changed
        for slug, step in _STEPS:
            better = step(text)
            if better != text:
                changed.append(slug)
                text = better
    if layout is not Layout.EXACT:
        better = _tidy(text, layout, is_sound=is_sound)
        if better != text:
            changed.append("white_space")
            text = better
    return text, tuple(changed)


def is_clean(text: str, layout: Layout) -> bool:
    """Whether there is surely nothing to change; these tests run in C and cost almost nothing."""
    return _is_sound(text) and _is_laid_out(text, layout)


def _is_laid_out(text: str, layout: Layout) -> bool:
    """Whether the white space of a sound text is as the layout has it."""
    if layout is Layout.EXACT:
        return True
    if "\t" in text or "\xa0" in text or "  " in text or len(text.strip()) != len(text):
        return False
    if layout is Layout.LINE:
        return "\n" not in text
    return not (" \n" in text or "\n\n\n" in text)


def _is_sound(text: str) -> bool:
    """Whether all characters are visible, composed, and decoded as they should be, and white space
    is spaces, tabs, line breaks and non-breaking spaces."""
    if text.isascii():  # a fifth of what isprintable() costs
        return not text.encode().translate(None, _VISIBLE)
    return (
        text.replace("\n", "").replace("\t", "").replace("\xa0", "").isprintable()
        and unicodedata.is_normalized("NFC", text)
        and not (_has_lead(text) and _MOJIBAKE.search(text))
    )


def _has_lead(text: str) -> bool:
    """Whether any character may begin mojibake; a fraction of what the search for it costs."""
    return bool(text.encode("latin-1", "ignore").translate(None, _NO_LEAD))


_VISIBLE = bytes(range(0x20, 0x7F)) + b"\n\t"
_NO_LEAD = bytes([*range(0xC2), *range(0xF5, 0x100)])

# UTF-8 read as Latin-1 or Windows-1252: a lead byte's character, then those of as many following
# bytes as it announces (the euro sign to the y with diaeresis stand at 0x80 to 0x9f there). A
# capital letter with an accent and a sign after it is rare enough in real text to ask ftfy, which
# takes 3 ms to judge 10,000 characters, about its line only.
_NEXT = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
# To begin with one set of characters makes the search six times as fast.
_MOJIBAKE = re.compile(
    f"[\xc2-\xf4](?:(?<=[\xc2-\xdf]){_NEXT}|(?<=[\xe0-\xef]){_NEXT}{{2}}|(?<=[\xf0-\xf4]){_NEXT}{{3}})"
)
_C1 = re.compile("[\x80-\x9f]")
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f\ufdd0-\ufdef\ufffe\uffff"
    + "".join(chr(plane * 0x10000 + end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF))
    + "]"
)
# Soft hyphens, zero-width spaces, byte order marks, direction overrides and isolates, invisible
# operators, annotations; tag characters too, except in the flags of regions (UTS #51, annex C).
_INVISIBLE = re.compile(
    "[\xad\u180e\u200b\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
    "|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0000-\U000e007f]+"
)


def _join_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _decode_again(text: str) -> str:
    if text.isascii():
        return text
    if _has_lead(text) and _MOJIBAKE.search(text):
        from ftfy import fix_encoding

        lines = text.split("\n")
        text = "\n".join(fix_encoding(one) if _MOJIBAKE.search(one) else one for one in lines)
    if _C1.search(text):
        from ftfy.fixes import fix_c1_controls

        # browsers read these bytes as Windows-1252 too (WHATWG, Encoding standard, 4.2)
        text = fix_c1_controls(text)
    return text


def _drop_controls(text: str) -> str:
    if "\x1b" in text:
        from ftfy.fixes import remove_terminal_escapes

        text = remove_terminal_escapes(text)
    return _CONTROL.sub("", text)


def _drop_invisible(text: str) -> str:
    return _INVISIBLE.sub("", text)


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


_STEPS = (
    ("surrogates", _join_surrogates),
    ("encoding", _decode_again),
    ("control_characters", _drop_controls),
    ("invisible", _drop_invisible),
    ("normal_form", _compose),
)

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n ]")
_EMPTY_LINES = re.compile(r"\n{3,}")


def _tidy(text: str, layout: Layout, *, is_sound: bool) -> str:
    """is_sound: see `_is_sound`."""
    if layout is Layout.LINE:
        return " ".join(text.split())
    if is_sound:
        text = text.replace("\t", " ").replace("\xa0", " ")
    else:
        text = _SPACES.sub(" ", _BREAKS.sub("\n", text))
    if "  " in text or " \n" in text:
        text = "\n".join([_without_runs(line) for line in text.split("\n")])
    if "\n\n\n" in text:
        text = _EMPTY_LINES.sub("\n\n", text)
    return text.strip()


def _without_runs(line: str) -> str:
    """A line, whose white space is spaces, with its indentation and else single spaces."""
    line = line.rstrip()
    if "  " not in line:
        return line
    words = line.lstrip()
    return line[: len(line) - len(words)] + " ".join(words.split())
