"""Prices: an amount and the ISO 4217 code of its currency, from what shops write."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from scrapeq.clean.locales import LANGUAGES, current_currencies, folded, locale_of
from scrapeq.clean.numbers import exact_number, plain_digits
from scrapeq.clean.report import Unread

#: Signs and words that mean one currency.
_ONE = {
    "€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "us$": "USD",
    "c$": "CAD", "ca$": "CAD", "can$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD",
    "hk$": "HKD", "s$": "SGD", "sg$": "SGD", "nt$": "TWD", "mx$": "MXN", "r$": "BRL",
    "fr.": "CHF", "sfr.": "CHF", "zł": "PLN", "kč": "CZK", "ft": "HUF", "lei": "RON", "лв": "BGN",
    "лв.": "BGN", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "₴": "UAH", "грн": "UAH", "грн.": "UAH",
    "₺": "TRY", "tl": "TRY", "₪": "ILS", "₹": "INR", "₩": "KRW", "원": "KRW", "円": "JPY",
    "元": "CNY", "rmb": "CNY", "฿": "THB", "₫": "VND", "₱": "PHP", "₦": "NGN", "₸": "KZT",
    "₼": "AZN", "₾": "GEL", "₡": "CRC", "₲": "PYG", "₵": "GHS",
}  # fmt: skip
#: Signs that several currencies share; the first is taken if there is no better knowledge, None
#: stands for no such habit.
_SHARED: dict[str, tuple[str | None, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "ARS", "CLP", "COP"),
    "¥": (None, "JPY", "CNY"),
    "kr": (None, "SEK", "NOK", "DKK", "ISK"),
    "kr.": (None, "SEK", "NOK", "DKK", "ISK"),
    "rs": (None, "INR", "PKR", "LKR", "NPR"),
    "rs.": (None, "INR", "PKR", "LKR", "NPR"),
}
# Where these are used, thousands are parted by a comma or by a dot (CLDR's number formats of their
# countries). Currencies of countries that disagree (EUR, CHF, CAD, ZAR) are in neither.
_COMMA_PARTS = frozenset(
    [
        *("AUD", "CNY", "GBP", "HKD", "ILS", "INR", "JPY", "KRW", "MXN", "NGN", "NZD", "PHP"),
        *("PKR", "SGD", "THB", "TWD", "USD"),
    ]
)
_DOT_PARTS = frozenset(
    ["ARS", "BRL", "CLP", "COP", "DKK", "IDR", "ISK", "NOK", "RON", "TRY", "VND"]
)

_NUMBER = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[ ']\d{3})+(?:[.,]\d+)?(?![\d])|\d(?:[\d.,']*\d)?|[.,]\d+"
)
_SIGN = "|".join(re.escape(sign) for sign in sorted([*_ONE, *_SHARED], key=len, reverse=True))
_BEFORE = re.compile(rf"(?:(?<![^\W\d_])({_SIGN})|\b([A-Z]{{3}}))\s?(-?)$", re.IGNORECASE)
_AFTER = re.compile(
    rf"(?:[.,]\s?-{{1,2}})?\s?(?:({_SIGN})(?![^\W\d_])|([A-Z]{{3}})\b)", re.IGNORECASE
)

_RAISED_CENTS = re.compile(r"(?<=\d)([⁰¹²³⁴⁵⁶⁷⁸⁹]{2})(?![⁰¹²³⁴⁵⁶⁷⁸⁹\d])")
_RAISED = re.compile(r"\d[⁰¹²³⁴⁵⁶⁷⁸⁹]")
#: Behind an amount: a letter that touches it ($1.2M, €10k), or a word ("1,2 Mio. €").
_MULTIPLES = {
    "k": 10**3, "thousand": 10**3, "tsd": 10**3,
    "m": 10**6, "mn": 10**6, "mm": 10**6, "mio": 10**6, "mln": 10**6, "million": 10**6,
    "millions": 10**6, "millionen": 10**6,
    "b": 10**9, "bn": 10**9, "mrd": 10**9, "billion": 10**9, "milliarden": 10**9,
}  # fmt: skip
_MULTIPLE = re.compile(
    r"(k|m|mn|mm|mio\.?|mln\.?|b|bn|mrd\.?)(?![^\W_])"
    r"|\s(thousand|tsd\.?|mn|mio\.?|mln\.?|millions?|millionen|bn|mrd\.?|billion|milliarden)(?![^\W_])",
    re.IGNORECASE,
)
#: A letter apart may be a unit as well; lakh, crore, trillion and their like are not read.
_UNCLEAR = re.compile(
    r"\s?(?:[kmbt]|tn|lakh|lac|crore|cr|trillion|milliard|billiard|billionen)(?![^\W_])",
    re.IGNORECASE,
)

_LONGEST = 300  # characters; what is longer is a text with a number in it


@dataclass(frozen=True, slots=True)
class Price:
    """An amount; its currency, None if it names none or a sign that could be several."""

    amount: int | float | Decimal
    currency: str | None
    shared_sign: str | None = None


def parse_price(
    text: str, decimal: str | None = None, currency: str | None = None
) -> Price | Unread:
    """The one price in a text; words beside it ("from $12.00", "12,50 € incl. VAT") do not matter.

    `decimal` and `currency` are what is known beforehand (see CleaningRules). A single sign before
    three digits parts thousands if the currency's countries write it so ($1,234); otherwise it
    needs `decimal`. Two amounts, a range or a percentage beside others are not read.
    """
    price = exact_price(text, decimal, currency)
    if isinstance(price, Unread):
        return price
    exact = Decimal(price.amount)
    whole = exact.as_tuple().exponent == 0
    return replace(price, amount=int(exact) if whole else float(exact))


def exact_price(
    text: str, decimal: str | None = None, currency: str | None = None
) -> Price | Unread:
    """The same with a Decimal that has the digits that are written."""
    if len(text) > _LONGEST:
        return Unread("not_a_price", f"it has more than {_LONGEST} characters")
    # Shops raise the decimals: 12⁹⁹ is 12.99. One raised digit is a footnote or a power.
    text = _RAISED_CENTS.sub(lambda cents: f".{unicodedata.normalize('NFKC', cents[1])}", text)
    if _RAISED.search(text):
        return Unread("ambiguous_price", "raised digits stand behind others")
    written = plain_digits(text)
    found = [
        match
        for match in _NUMBER.finditer(written)
        if not re.match(r"\s?%", written[match.end() :])
    ]
    if len(found) != 1:
        return (
            Unread("ambiguous_price", f"there are {len(found)} numbers in it")
            if found
            else Unread("not_a_price", "there is no amount in it")
        )
    before, after = written[: found[0].start()], written[found[0].end() :]
    times, after = _multiple(after)
    if not times:
        return Unread("ambiguous_price", "the letter behind the number may multiply it")
    code, sign, is_negative = _currency(before, after)
    if code is None and sign is not None:
        shared = _SHARED[sign]
        code = currency if currency in shared else shared[0]
    elif code is None:
        code = currency
        if code is None and re.search(r"[^\W\d_]", before + after):
            return Unread("not_a_price", "there are words and no currency beside the number")
    amount = _amount(found[0][0], decimal, code)
    if isinstance(amount, Unread):
        return Unread(amount.change.replace("number", "price"), amount.reason)
    if times != 1:
        amount *= times
        if amount == amount.to_integral_value():
            amount = Decimal(int(amount))
    return Price(-amount if is_negative else amount, code, sign if code is None else None)


def _amount(number: str, decimal: str | None, code: str | None) -> Decimal | Unread:
    """The amount; what its decimal sign is may be known from its currency."""
    amount = exact_number(number, decimal)
    if isinstance(amount, Unread) and amount.change == "ambiguous_number":
        part = re.sub(r"\d", "", number)
        if part == "," and code in _COMMA_PARTS:
            return exact_number(number, ".")
        if part == "." and code in _DOT_PARTS:
            return exact_number(number, ",")
    return amount


def _multiple(after: str) -> tuple[int, str]:
    """What the amount is multiplied by, 0 if that is not clear, and what stands behind that."""
    if found := _MULTIPLE.match(after):
        return _MULTIPLES[(found[1] or found[2]).rstrip(".").lower()], after[found.end() :]
    return (0 if _UNCLEAR.match(after) else 1), after


def _currency(before: str, after: str) -> tuple[str | None, str | None, bool]:
    """The code, the sign if only a shared one was found, and whether a minus stands before."""
    left, right = _BEFORE.search(before), _AFTER.match(after)
    ahead = before[: left.start()] if left else before
    is_negative = bool(left and left[3]) or bool(re.search(r"(?:^|[\s(])-\s?$", ahead))
    shared = None
    for match in (left, right):
        if match is None:
            continue
        if match[2]:
            if match[2].isupper() and match[2] in _codes():
                return match[2], None, is_negative
        elif match[1].lower() in _ONE:
            return _ONE[match[1].lower()], None, is_negative
        else:
            shared = match[1].lower()
    return None, shared, is_negative


@cache
def _codes() -> frozenset[str]:
    """ISO 4217's codes, old ones too, from CLDR's data in Babel."""
    from babel import Locale

    return frozenset(Locale("en").currencies)


def is_currency(code: str) -> bool:
    """Whether it is a code of ISO 4217."""
    return code in _codes()


def parse_currency(text: str, shared: str | None = None) -> str | Unread:
    """The code of the currency that a price, a code, a sign or a name says ("12 €", "EUR", "US$",
    "Swiss franc").

    shared: what a sign means that several currencies have, as in `parse_price`.

    >>> parse_currency("kr 100", "SEK"), parse_currency("Euro"), parse_currency("12.50 CHF")
    ('SEK', 'EUR', 'CHF')
    """
    if len(text) > _LONGEST:
        return Unread("not_a_currency", f"it has more than {_LONGEST} characters")
    written = plain_digits(text)
    amounts = list(_NUMBER.finditer(written))
    if len(amounts) > 1:
        return Unread("ambiguous_currency", f"there are {len(amounts)} numbers in it")
    if amounts:
        before, after = written[: amounts[0].start()], written[amounts[0].end() :]
        after = _multiple(after)[1]
    else:
        before, after = "", written.strip(" ()[]")
    code, sign, _ = _currency(before, after)
    if code is None and sign is not None:
        known = _SHARED[sign]
        code = shared if shared in known else known[0]
        if code is None:
            return Unread("ambiguous_currency", f"several currencies are written {sign!r}")
    if code is None and not amounts:
        code = _currency_names().get(folded(written))
        if code == "":
            return Unread("ambiguous_currency", "several currencies have this name")
    return code or Unread("not_a_currency", "there is no currency in it")


@cache
def _currency_names() -> dict[str, str]:
    """Codes by the names of those that are in use, "" where one name means several."""
    names: dict[str, str] = {}
    for language in LANGUAGES:
        locale = locale_of(language)
        for code, name in locale.currencies.items() if locale else ():
            if code in current_currencies():
                key = folded(name)
                names[key] = code if names.get(key, code) == code else ""
    return names


def numbers_in(text: str) -> list[str]:
    """The numbers of a text as they are written: what shows the decimal sign of a column."""
    return _NUMBER.findall(plain_digits(text)) if len(text) <= _LONGEST else []
