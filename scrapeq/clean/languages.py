"""Languages by their tags and by their names, as BCP 47 writes them."""

from __future__ import annotations

import re
from functools import cache

from scrapeq.clean.locales import LANGUAGES, folded, locale_of
from scrapeq.clean.report import Unread

# Language, script, region and the rest of a tag (RFC 5646, section 2.1); four letters and more for
# the language itself are reserved or registered by hand, and are words like "english" in practice.
_LANGUAGE = re.compile(r"([a-z]{2,3})((?:-[a-z0-9]{1,8})*)", re.IGNORECASE)
_NO_LANGUAGE = frozenset({"und", "mul", "zxx", "mis"})  # ISO 639-2's special codes


def language_tag(text: str) -> str | None:
    """A tag as RFC 5646, section 2.1.1, recommends to write it (zh-Hant-TW); None if it is none.

    Underscores are hyphens; of a list the first counts.
    """
    first = re.split(r"[,;\s]", text.strip(), maxsplit=1)[0].replace("_", "-").partition(".")[0]
    match = _LANGUAGE.fullmatch(first)
    if match is None or match[1].lower() in _NO_LANGUAGE:
        return None
    parts = [match[1].lower()]
    for part in match[2].split("-")[1:]:
        after_single = any(len(one) == 1 for one in parts)
        if len(part) == 2 and not after_single:
            parts.append(part.upper())
        elif len(part) == 4 and part.isalpha() and not after_single:
            parts.append(part.title())
        else:
            parts.append(part.lower())
    return "-".join(parts)


def parse_language(text: str) -> str | Unread:
    """The tag of a language that is written as a tag, as an ISO 639 code, or by its name in one of
    the languages that `scrapeq.clean.locales` lists.

    >>> parse_language("pt_br"), parse_language("deu"), parse_language("Französisch")
    ('pt-BR', 'de', 'fr')
    """
    if len(text) > 100:
        return Unread("not_a_language", "it is longer than any name")
    names = _names()
    tag = language_tag(text) if not re.search(r"[\s,;]", text.strip()) else None
    if tag is not None:
        code, _, rest = tag.partition("-")
        code = _aliases().get(code, code)
        if code in _codes():
            return f"{code}-{rest}" if rest else code
    found = names.get(folded(text))
    if found is None:
        return Unread("not_a_language", "there is no language of this name")
    return found or Unread("ambiguous_language", "the name means several languages")


@cache
def _codes() -> frozenset[str]:
    from babel import Locale

    return frozenset(code for code in map(str, Locale("en").languages) if "_" not in code)


@cache
def _aliases() -> dict[str, str]:
    """Codes of three letters, and older ones, by those that are used (CLDR's languageAlias)."""
    from babel.core import get_global

    aliases = dict(get_global("language_aliases"))
    return {old: str(new) for old, new in aliases.items() if "_" not in str(new)}


@cache
def _names() -> dict[str, str]:
    """Tags by name, "" where languages disagree."""
    names: dict[str, str] = {}
    for language in LANGUAGES:
        locale = locale_of(language)
        for code, name in locale.languages.items() if locale else ():
            if "_" not in code and code not in _NO_LANGUAGE:
                key = folded(name)
                names[key] = code if names.get(key, code) == code else ""
    for code in _codes():  # what they call themselves
        locale = locale_of(code) if len(code) == 2 else None
        own = locale.get_display_name(locale) if locale else None
        if own and locale and locale.language == code:
            names.setdefault(folded(own), code)
    return names
