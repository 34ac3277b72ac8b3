"""How a long page is cut: at borders, from its beginning and its end, and it says what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq.llm.cutting import cut, head_and_tail


def test_a_short_page_is_not_cut():
    assert cut("twelve chars", 12) == ("twelve chars", False)
    assert head_and_tail("twelve chars", 12) == ("twelve chars", False)


@pytest.mark.parametrize(
    ("content", "most_chars", "kept"),
    [
        ("the first one\n\nand\nits second", 20, "the first one"),
        ("first one\n\nsecond\nline more words", 20, "first one\n\nsecond"),
        ("a very first line\nthen another of them", 20, "a very first line"),
        ("one two three four", 10, "one two"),
        ("one two three four", 7, "one two"),
        ("x" * 50, 20, "x" * 20),
        ("a\n\n" + "x" * 50, 20, "a\n\n" + "x" * 17),
    ],
)
def test_the_head_is_cut_at_the_best_border_in_its_second_half(content, most_chars, kept):
    assert cut(content, most_chars) == (kept, True)


def test_the_end_of_a_page_is_sent_too():
    middle = "\n\n".join(f"Paragraph {number} of the middle." for number in range(200))
    page = f"Title\n\n{middle}\n\nPrice: 12.90 EUR"

    sent, was_cut = head_and_tail(page, 400)

    assert was_cut
    assert sent.startswith("Title\n\nParagraph 0 of the middle.")
    assert sent.endswith("\n\nPrice: 12.90 EUR")
    assert "characters left out …]\n\nParagraph 19" in sent
    assert all(line in page or "left out" in line for line in sent.split("\n\n"))


@given(st.text(alphabet="ab \n", max_size=400), st.integers(1, 300))
def test_no_more_is_sent_than_asked_for_but_for_the_mark(content, most_chars):
    sent, was_cut = head_and_tail(content, most_chars)
    head, mark, tail = sent.partition("[… ")

    assert was_cut is (len(content) > most_chars)
    if was_cut:
        _, _, tail = tail.partition(" characters left out …]")
        assert mark
        assert len(head.rstrip("\n")) + len(tail.strip()) <= most_chars
        assert content.startswith(head.rstrip("\n"))
    else:
        assert sent == content
