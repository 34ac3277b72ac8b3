"""What a text is compared by: the same in every process, near for texts that are near."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scrapeq.minhash import MOST_CHARACTERS, NUMBERS, algorithm, minhash_of, numbers_of

WORDS = [f"word{number}" for number in range(400)]
TEXT = " ".join(WORDS)


def equal(one: str, other: str) -> float:
    """The share of numbers that two texts have in common."""
    first, second = (numbers_of(minhash_of(text)) or b"" for text in (one, other))
    return sum(a == b for a, b in zip(first, second, strict=True)) / NUMBERS


def test_every_process_makes_the_same():
    script = f"from scrapeq.minhash import minhash_of; print(minhash_of({TEXT!r}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == minhash_of(TEXT)
    assert minhash_of(TEXT).startswith(algorithm())


def test_a_small_change_changes_little():
    changed = " ".join([*WORDS[:200], "another", *WORDS[201:]])

    assert equal(TEXT, TEXT) == 1
    assert equal(TEXT, TEXT.upper().replace(" ", "\n\n ")) == 1
    assert equal(TEXT, changed) > 0.9
    assert equal(TEXT, " ".join(reversed(WORDS))) < 0.2


def test_scripts_without_spaces_are_compared_by_characters():
    text = "".join(chr(0x4E00 + 7 * number) for number in range(300))

    assert equal(text, text[:150] + "王" + text[151:]) > 0.9
    assert equal(text, text[::-1]) < 0.2


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_text_without_words_has_none(text):
    assert minhash_of(text) is None
    assert numbers_of(None) is None


def test_short_texts_and_long_ones():
    assert equal("Not found", "not  FOUND") == 1
    assert equal("Not found", "Log in") < 0.2
    long = "a b c d " * (MOST_CHARACTERS // 8)
    assert minhash_of(long) == minhash_of(long + TEXT)
