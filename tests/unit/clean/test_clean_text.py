"""Text without what cannot be seen or should not be there."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.clean import Layout, clean_text


@pytest.mark.parametrize(
    ("dirty", "clean", "changes"),
    [
        ("voilÃ\xa0 le cafÃ© â€œbonâ€\x9d", "voilà le café “bon”", ("encoding",)),
        ("it\x92s", "it’s", ("encoding",)),
        ("a\0b\x08c\ufffed\U0001fffe", "abcd", ("control_characters",)),
        ("\x1b[31mred\x1b[0m", "red", ("control_characters",)),
        ("soft\xadhyphen\u200b\ufeff \u202euser\u2066", "softhyphen user", ("invisible",)),
        ("\ud83d\ude00 \ud800", "\U0001f600 \ufffd", ("surrogates",)),
        ("cafe\u0301", "café", ("normal_form",)),
        ("  a\xa0\u3000b \t c  ", "a b c", ("white_space",)),
        ("a \r\nb\u2028c\n\n\n\n  d", "a\nb\nc\n\n  d", ("white_space",)),
        ("hid\U000e0061\U000e0062den", "hidden", ("invisible",)),
        ("é\tb\n\xa0\xa0c  d \n \t\ne", "é b\n  c d\n\ne", ("white_space",)),
        ("a\n   b   c", "a\n   b c", ("white_space",)),
        ("æ–‡å\xad—", "文字", ("encoding",)),
        ("ðŸ˜€", "😀", ("encoding",)),
    ],
)
def test_what_cannot_be_seen_goes_and_is_named(dirty, clean, changes):
    assert clean_text(dirty) == (clean, changes)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "Voilà, “guillemets” — ﬁgure ＷＩＤＥ ½ ™",
        "می‌خواهم",  # Persian, with a joiner that is spelling
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # England's flag
        "שלום\u200f (world)\u200e",
        "  indented\n    more"[2:],
        "STRASSE À L’ÉCOLE Ångström Ça",
        "&amp; <b>",
        "日本語。テキスト",
        "Ça – «é» à, naïve’s ð",
    ],
)
def test_what_people_write_stays_as_it_is(text):
    cleaned, changes = clean_text(text)

    assert cleaned is text
    assert changes == ()


def test_white_space_by_layout():
    text = " a  b \n\n\n\n   c\u2028 "

    assert clean_text(text, Layout.LINE)[0] == "a b c"
    assert clean_text(text, Layout.TEXT)[0] == "a b\n\n   c"
    assert clean_text(text, Layout.EXACT) == (text, ())


def test_markdown_keeps_its_indentation_and_hard_breaks():
    markdown = "- a\n    - b  \n\n\tcode\u200b"

    assert clean_text(markdown, Layout.EXACT) == (markdown[:-1], ("invisible",))


@given(st.text(st.characters()), st.sampled_from(Layout))
def test_any_text_can_be_written_afterwards(text, layout):
    clean, _ = clean_text(text, layout)

    clean.encode()
    assert "\0" not in clean
    assert unicodedata.is_normalized("NFC", clean)
    assert layout is Layout.EXACT or clean == clean.strip()


# without the characters of mojibake: what is decoded twice may be decoded a third time
@given(st.text(st.characters(exclude_characters="".join(map(chr, range(0x80, 0x100))))))
def test_clean_text_is_clean_for_good(text):
    for layout in Layout:
        once, _ = clean_text(text, layout)
        assert clean_text(once, layout) == (once, ())


@pytest.mark.parametrize(
    "piece", [" ", " \n", "\xad", "Ã", "a\u0301", "\x1b[", "\U000e0001", "\n", "Ã©", "\t\xa0"]
)
def test_long_runs_cost_no_more_than_their_length(piece):
    # anything quadratic would take minutes here
    text = piece * (500_000 // len(piece)) + "\nx"

    assert clean_text(text)[0].endswith("x")
