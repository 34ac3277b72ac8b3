"""Yes and no, in the words of many languages."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

from scrapeq.clean.report import Unread

_YES = frozenset(
    [
        *(
            "yes",
            "y",
            "true",
            "t",
            "1",
            "on",
            "ja",
            "j",
            "wahr",
            "oui",
            "o",
            "vrai",
            "si",
            "sí",
            "s",
        ),
        *(
            "verdadero",
            "sim",
            "verdadeiro",
            "vero",
            "tak",
            "prawda",
            "ano",
            "áno",
            "igen",
            "da",
            "да",
        ),
        *(
            "так",
            "ναι",
            "evet",
            "doğru",
            "ya",
            "kyllä",
            "tosi",
            "jah",
            "jā",
            "taip",
            "so",
            "có",
            "是",
        ),
        *(
            "有",
            "はい",
            "有り",
            "あり",
            "예",
            "네",
            "نعم",
            "כן",
            "हाँ",
            "हां",
            "✓",
            "✔",
            "☑",
            "✅",
            "●",
        ),
    ]
)
_NO = frozenset(
    [
        *(
            "no",
            "n",
            "false",
            "f",
            "0",
            "off",
            "nein",
            "falsch",
            "non",
            "faux",
            "falso",
            "não",
            "nao",
        ),
        *(
            "nee",
            "nie",
            "fałsz",
            "ne",
            "nem",
            "nej",
            "nei",
            "nu",
            "нет",
            "ні",
            "не",
            "όχι",
            "hayır",
        ),
        *(
            "yanlış",
            "tidak",
            "ei",
            "epätosi",
            "nē",
            "không",
            "否",
            "无",
            "無",
            "没有",
            "いいえ",
            "なし",
        ),
        *("아니요", "아니오", "لا", "לא", "नहीं", "✗", "✘", "☐", "❌", "✕", "○"),
    ]
)
#: Yes in one language and no in another.
_BOTH = _YES & _NO


def parse_boolean(value: object) -> bool | Unread:
    """True or False for a word or a sign that means it; 1 and 0 are numbers that do.

    >>> parse_boolean("Oui"), parse_boolean("нет"), parse_boolean(1)
    (True, False, True)
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, float, Decimal)):
        return bool(value) if value in {0, 1} else Unread("not_a_boolean", "it is neither 0 nor 1")
    if not isinstance(value, str) or len(value) > 40:
        return Unread("not_a_boolean", "it is no word for yes or no")
    word = unicodedata.normalize("NFC", value).replace("\ufe0f", "").strip(" \t\r\n.!").casefold()
    if word in _BOTH:
        return Unread("ambiguous_boolean", "it is yes in one language and no in another")
    if word in _YES:
        return True
    if word in _NO:
        return False
    return Unread("not_a_boolean", "it is no word for yes or no")
