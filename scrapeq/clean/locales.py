"""How a language or a country writes numbers and dates, by CLDR's data in Babel."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale


#: Languages in which names of countries, languages and currencies are known.
LANGUAGES = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sk", "sv", "da", "nb", "fi", "hu"),
    *("ro", "ru", "uk", "bg", "hr", "sl", "el", "tr", "id", "et", "lv", "lt", "ca", "ja", "zh"),
    *("ko", "ar", "he", "hi", "vi", "th"),
)
_NO_WORD = re.compile(r"[^\w]+")


def folded(name: str) -> str:
    """A name without case, accents, brackets and other signs: how two ways of writing it are equal.

    >>> folded("Côte d’Ivoire"), folded("GUINEA-BISSAU")
    ('cote d ivoire', 'guinea bissau')
    """
    parts = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(one for one in parts if not unicodedata.combining(one) or one > "\u0400")
    return _NO_WORD.sub(" ", unicodedata.normalize("NFC", bare)).strip()


@cache
def current_currencies() -> frozenset[str]:
    """ISO 4217's codes of what is money somewhere today (CLDR's data of each country)."""
    from babel.core import get_global

    today = get_global("territory_currencies")
    return frozenset(
        code
        for ranges in today.values()
        for code, _, end, tender in ranges
        if tender and end is None
    )


@lru_cache(maxsize=200)
def currency_of(tag: str) -> str | None:
    """The money of the country of a tag: "en-CA" has CAD; None where the tag names no country.

    >>> currency_of("en-CA"), currency_of("en")
    ('CAD', None)
    """
    locale = locale_of(tag)
    if locale is None or not locale.territory:
        return None
    from babel.numbers import get_territory_currencies

    found = get_territory_currencies(locale.territory)
    return str(found[0]) if len(found) == 1 else None


@lru_cache(maxsize=200)
def locale_of(tag: str) -> Locale | None:
    """CLDR's locale for a tag like "de", "de-AT", "pt_BR"; None for one that it does not know."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag.strip().replace("_", "-"), sep="-")
    except (ValueError, TypeError, UnknownLocaleError):
        language = tag.strip().replace("_", "-").partition("-")[0]
        return locale_of(language) if language != tag else None


@lru_cache(maxsize=200)
def decimal_of(tag: str) -> str | None:
    """The decimal sign that people of a language write, "." or ","; None where that is not known.

    >>> decimal_of("en"), decimal_of("de"), decimal_of("de-CH")
    ('.', ',', '.')
    """
    locale = locale_of(tag)
    if locale is None:
        return None
    sign = locale.number_symbols.get("latn", {}).get("decimal")
    return sign if sign in {".", ","} else None


@lru_cache(maxsize=200)
def day_comes_first(tag: str) -> bool | None:
    """Whether people of a language write 5/6 for the fifth of June; None where that is not known, or
    the year comes first and they write neither.

    >>> day_comes_first("en-US"), day_comes_first("en-GB"), day_comes_first("sv")
    (False, True, None)
    """
    locale = locale_of(tag)
    if locale is None:
        return None
    pattern = str(locale.date_formats["short"].pattern)
    places = [pattern.find(letter) for letter in "yMd"]
    if min(places) < 0 or places[0] == min(places):
        return None
    return places[2] < places[1]
