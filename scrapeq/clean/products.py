"""The fields of a product as values: a number, a code of a currency, a key that may be one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from scrapeq.clean.locales import decimal_of
from scrapeq.clean.numbers import exact_number, plain_digits
from scrapeq.clean.prices import Price, exact_price, is_currency, numbers_in, parse_currency
from scrapeq.clean.report import Unread

#: Where programs are meant to read, a point is the decimal sign (schema.org, ogp.me).
_FOR_PROGRAMS = frozenset({"json-ld", "microdata", "rdfa", "opengraph", "meta"})
_PLAIN = re.compile(r"-?\d+(?:\.\d+)?")


def clean_product(
    product: Mapping[str, Any], price_source: str = "visible", language: str | None = None
) -> tuple[dict[str, Any], list[Unread]]:
    """The product with its price as a number, its currency by ISO 4217 and its GTIN by its digits, and
    what could not be read, which is left out.

    price_source: where the price is from; language: of the page, which decides the decimal sign of a
    price that only people are meant to read.

    >>> clean_product({"name": "Tea", "price": "1.299,00 €"})[0]
    {'name': 'Tea', 'price': 1299, 'currency': 'EUR'}
    """
    fields = dict(product)
    unread: list[Unread] = []
    if isinstance(written := fields.get("price"), str):
        currency = fields.get("currency")
        code = currency if isinstance(currency, str) and is_currency(currency) else None
        price = _price(written, code, price_source, language)
        if isinstance(price, Unread):
            unread.append(price)
            del fields["price"]
        else:
            amount = Decimal(price.amount)
            whole = amount == amount.to_integral_value()
            fields["price"] = int(amount) if whole else float(amount)
            if price.currency and "currency" not in fields:
                fields["currency"] = price.currency
    if isinstance(written := fields.get("currency"), str) and not is_currency(written):
        found = parse_currency(written)
        if isinstance(found, Unread):
            unread.append(found)
            del fields["currency"]
        else:
            fields["currency"] = found
    if isinstance(written := fields.get("gtin"), str):
        digits = re.sub(r"[\s-]", "", written)
        if is_gtin(digits):
            fields["gtin"] = digits
        else:
            unread.append(
                Unread("not_a_gtin", f"{written[:40]!r} is no GTIN: its check digit differs")
            )
            del fields["gtin"]
    order = ("name", "price", "currency")
    first = {name: fields[name] for name in order if name in fields}
    return {**first, **fields}, unread


def _price(written: str, currency: str | None, source: str, language: str | None) -> Price | Unread:
    bare = plain_digits(written)
    if source in _FOR_PROGRAMS:
        if _PLAIN.fullmatch(bare):
            return Price(Decimal(bare), currency)
        number = exact_number(bare, ".")
        if isinstance(number, Decimal):
            return Price(number, currency)
    numbers = numbers_in(written)
    if len(numbers) > 1 and len(set(numbers)) == 1:  # 499 € 499 €: once for eyes, once for ears
        written = (
            written[: written.index(numbers[0]) + len(numbers[0])]
            if numbers[0] in written
            else written
        )
    price = exact_price(written, None, currency)
    if isinstance(price, Unread) and price.change == "ambiguous_price" and language:
        price = exact_price(written, decimal_of(language), currency)
    return price


def is_gtin(digits: str) -> bool:
    """Whether these are a GTIN of 8, 12, 13 or 14 digits (EAN, UPC, ISBN-13): the last one is the check
    digit (GS1 General Specifications, 7.9).

    >>> is_gtin("4054278533728"), is_gtin("4054278533729")
    (True, False)
    """
    if len(digits) not in {8, 12, 13, 14} or not (digits.isascii() and digits.isdecimal()):
        return False
    *others, check = map(int, digits)
    total = sum(
        digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(others))
    )
    return (total + check) % 10 == 0 and any(others)
