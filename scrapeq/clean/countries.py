"""Countries by their codes and by their names, as ISO 3166 writes them."""

from __future__ import annotations

import re
from functools import cache

from scrapeq.clean.locales import LANGUAGES, folded, locale_of
from scrapeq.clean.report import Unread

#: What people write and CLDR does not have as a name.
_OTHER_NAMES = {
    "usa": "US", "us of a": "US", "united states of america": "US", "america": "US",
    "uk": "GB", "great britain": "GB", "britain": "GB", "england": "GB", "scotland": "GB",
    "wales": "GB", "northern ireland": "GB", "grossbritannien": "GB", "holland": "NL",
    "the netherlands": "NL", "czech republic": "CZ", "tschechische republik": "CZ",
    "russian federation": "RU", "republic of korea": "KR", "korea republic of": "KR",
    "korea": "", "congo": "", "ivory coast": "CI", "burma": "MM", "macedonia": "MK", "swaziland": "SZ",
    "turkey": "TR", "cape verde": "CV", "east timor": "TL", "uae": "AE", "viet nam": "VN",
    "peoples republic of china": "CN", "pr china": "CN", "prc": "CN", "republic of ireland": "IE",
    "slovak republic": "SK", "brd": "DE", "federal republic of germany": "DE",
    "bundesrepublik deutschland": "DE", "iran islamic republic of": "IR",
    "syrian arab republic": "SY", "moldova republic of": "MD", "vatican": "VA", "hong kong": "HK",
    "macau": "MO", "macao": "MO", "palestine": "PS", "bosnia": "BA", "georgia": "GE",
}  # fmt: skip
_CODE = re.compile(r"[A-Za-z]{2,3}")


def parse_country(text: str) -> str | Unread:
    """The two letters of a country that is written by its code of two or three letters, or by its name
    in one of the languages that `scrapeq.clean.locales` lists.

    >>> parse_country("deu"), parse_country("Allemagne"), parse_country("UK")
    ('DE', 'DE', 'GB')
    """
    if len(text) > 100:
        return Unread("not_a_country", "it is longer than any name")
    written = text.strip()
    if _CODE.fullmatch(written):
        code = written.upper()
        code = _aliases().get(code, code)
        if code in _codes():
            return code
    key = folded(written)
    key = key.removeprefix("the ")
    found = _OTHER_NAMES.get(key, _names().get(key))
    if found is None:
        return Unread("not_a_country", "there is no country of this name")
    return found or Unread("ambiguous_country", "the name means several countries")


@cache
def _codes() -> frozenset[str]:
    """ISO 3166's codes of two letters, as far as CLDR calls them countries or territories."""
    from babel import Locale

    groups = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
    known = map(str, Locale("en").territories)
    return frozenset(code for code in known if len(code) == 2 and code.isalpha()) - groups


@cache
def _aliases() -> dict[str, str]:
    """Codes of three letters, and older ones, where they mean one country (CLDR's territoryAlias)."""
    from babel.core import get_global

    aliases = dict(get_global("territory_aliases"))
    return {old: new[0] for old, new in aliases.items() if len(new) == 1}


@cache
def _names() -> dict[str, str]:
    """Codes by name, "" where languages disagree; 0.5 s, once."""
    names: dict[str, str] = {}
    for language in LANGUAGES:
        locale = locale_of(language)
        for code, name in locale.territories.items() if locale else ():
            if code in _codes():
                key = folded(str(name)).removeprefix("the ")
                names[key] = code if names.get(key, code) == code else ""
    return names
