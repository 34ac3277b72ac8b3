"""Telephone numbers as E.164 writes them, by the tables of every country's numbers."""

from __future__ import annotations

import re

from scrapeq.clean.report import Unread

_LONGEST = 80
_LABEL = re.compile(
    r"^\s*(?:tel(?:efon|ephone|éfono|efono|efone|éphone)?|phone|mobil(?:e|telefon)?|cell|fax|call us|call"
    r"|ph|hotline|t|p|m|f|tlf|tél|whatsapp|電話|тел)\s*[.:]*\s*",
    re.IGNORECASE,
)


def parse_phone(text: str, region: str | None = None) -> str | Unread:
    """The number that is all of a text, but for a word like "Tel." before it.

    region: the country (ISO 3166) in which a number without a country code is dialled. Read are only
    numbers that its country gives out, by Google's libphonenumber. An extension is not kept: E.164 has
    none.

    >>> parse_phone("+49 (0)30 / 901820"), parse_phone("030 901820", "DE")
    ('+4930901820', '+4930901820')
    """
    import phonenumbers

    if len(text) > _LONGEST:
        return Unread("not_a_phone", "it is longer than any number")
    written = text.strip()
    if written.lower().startswith("tel:"):
        written = written[4:].partition(";")[0]
    written = _LABEL.sub("", written).replace("(0)", "") if written else written
    if written.startswith("00") and region is None:
        written = f"+{written[2:]}"  # as most of the world dials abroad (ITU-T E.123)
    if not written.startswith(("+", "＋")) and region is None:
        return Unread("ambiguous_phone", "there is no country code; say region=, such as 'DE'")
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return Unread("not_a_phone", "it is not written like a telephone number")
    if not phonenumbers.is_valid_number(number):
        return Unread("not_a_phone", "no country gives out such a number")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_region(code: str) -> bool:
    """Whether a country (ISO 3166, two letters) has telephone numbers."""
    import phonenumbers

    return code in phonenumbers.SUPPORTED_REGIONS
