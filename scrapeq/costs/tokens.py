"""How many tokens a text is for a language model, estimated: no tokenizer, nothing to download.

Every family of models cuts text in its own way, and an estimate by kinds of characters is as good as
another family's tokenizer. A million words of English were 4.3 characters a token under two tokenizers of
OpenAI's, Hungarian ones 2.3 and 2.7 (aihirfolyam.hu, May 2024). The newer one has 1.4 times fewer tokens
for Chinese than the older one, 1.7 times fewer for Russian and 2.9 times for Hindi (OpenAI's presentation
of GPT-4o): the weights lie between the two.
"""

from __future__ import annotations

import math
import re

#: Characters of a page that are sent at most: about 10,000 tokens of English prose at the usual
#: four characters a token, so that page and answer fit a window of 16,384.
MOST_CHARS = 40_000

#: Tokens of a character, by kind; what is not named is a letter or space of ASCII.
_USUAL = 0.25
_KINDS = (
    (re.compile(r"[0-9]"), 0.5),
    (re.compile(r"[!-/:-@\[-`{-~\n]"), 0.6),
    (re.compile("[\u0080-\u024f\u2000-\u2e7f]"), 1.0),  # é, ß, dashes, quotes, arrows
    (re.compile("[\u0250-\u08ff\u10a0-\u1fff]"), 0.4),  # Greek, Cyrillic, Hebrew, Arabic
    (re.compile("[\u0900-\u109f]"), 0.7),  # the scripts of India and its neighbours
    (re.compile("[\u2e80-\U0010ffff]"), 0.8),  # Chinese, Japanese, Korean, pictures
)
#: A text may be so many times as many tokens as estimated, and a message has a few of its own.
_MOST_TIMES, _OF_MESSAGE = 1.6, 8


def likely_tokens(text: str) -> int:
    """About how many tokens `text` is; 0 only where it is empty.

    >>> likely_tokens("Hello, my name is GPT-4o. I'm a new type of language model!")
    17
    """
    if not text:
        return 0
    tokens = _USUAL * len(text)
    for kind, weight in _KINDS:
        tokens += (weight - _USUAL) * sum(map(len, kind.findall(text)))
    return max(1, math.ceil(tokens))


def most_tokens(*texts: str) -> int:
    """How many tokens messages of these texts are at most, as far as can be told without a tokenizer."""
    return sum(math.ceil(_MOST_TIMES * likely_tokens(text)) + _OF_MESSAGE for text in texts)
