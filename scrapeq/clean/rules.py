"""What is to be done to records besides cleaning their text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from scrapeq.clean.locales import decimal_of, locale_of
from scrapeq.clean.rule import rule_of
from scrapeq.errors import ConfigError

#: The words of a name: created_at, createdAt, "Created at".
_NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: The last word of a name, and what such a field holds nearly always. Words with two meanings (score,
#: stock, amount) are not here: what cannot be read would be reported for no reason.
_WORDS: dict[str, frozenset[str]] = {
    "dates": frozenset({"date", "datetime", "published", "updated", "created", "modified"}),
    "prices": frozenset({"price", "cost", "fee"}),
    "numbers": frozenset({"rating", "quantity", "qty", "count"}),
    "urls": frozenset({"url", "link", "href", "uri", "website", "homepage"}),
}
_EMAILS = frozenset({"email", "mail"})


class CleaningRules(BaseModel):
    """Which fields of a record hold what; every field is optional, names are those of the records.

    What cannot be read without guessing stays as it is and is named in the report.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dates: tuple[str, ...] = Field((), description="Fields that become ISO 8601 dates or times.")
    day_first: bool | None = Field(
        None,
        description="Whether 05/06/2024 is the fifth of June. None: what other values of the same "
        "field show; ambiguous if they show nothing.",
    )
    prices: tuple[str, ...] = Field(
        (),
        description="Fields that become an amount, with its ISO 4217 currency in a field beside "
        "it: price and price_currency.",
    )
    currency: str | None = Field(
        None,
        pattern="^[A-Z]{3}$",
        description="ISO 4217 code of prices that name none, and of the signs that several "
        "currencies share ($, ¥, kr, Rs).",
    )
    numbers: tuple[str, ...] = Field((), description="Fields that become numbers.")
    decimal: Literal[".", ","] | None = Field(
        None,
        description="The decimal sign of numbers and prices. None: what the number itself or "
        "others of the same field show; 1,234 is ambiguous if they show nothing.",
    )
    locale: str | None = Field(
        None,
        description='A language, with a country where it matters ("de", "en-US"): how its people write '
        "numbers, prices and dates, where nothing else says it.",
    )
    fields: dict[str, tuple[dict[str, Any], ...]] = Field(
        default_factory=dict,
        description='Rules of `sq.clean` by field: {"phone": "phone", "size": {"name": "quantity", '
        '"options": {"unit": "cm"}}, "note": ["plain_text", "line"]}.',
    )
    urls: tuple[str, ...] = Field((), description="Fields that become canonical URLs (WHATWG).")
    required: tuple[str, ...] = Field(
        (), description="Fields without which a record is dropped: missing, None or empty."
    )
    duplicates: bool | tuple[str, ...] = Field(
        False,
        description="True drops records that are equal to an earlier one, names of fields those "
        "that are equal in these.",
    )

    @field_validator("fields", mode="before")
    @classmethod
    def _rules_are_known(cls, value: Any) -> Any:
        """A rule, its name, its JSON, or a list of them, for each field; kept as JSON."""
        if not isinstance(value, Mapping):
            raise ValueError('write rules by field, like {"phone": "phone"}')  # noqa: TRY004 - pydantic's
        return {
            str(name): tuple(
                rule_of(one).to_json()
                for one in (rules if isinstance(rules, (list, tuple)) else [rules])
            )
            for name, rules in value.items()
        }

    @field_validator("locale")
    @classmethod
    def _locale_is_known(cls, value: str | None) -> str | None:
        if value is not None and locale_of(value) is None:
            raise ValueError('write a language like "de" or "en-US"')
        return value

    @property
    def mark(self) -> str | None:
        """The decimal sign, if it is said."""
        return self.decimal or (decimal_of(self.locale) if self.locale else None)

    @classmethod
    def by_names(cls, data: dict[str, Any] | Sequence[dict[str, Any]]) -> Self:
        """The rules that the names of the fields suggest: a `product_price` is a price, a
        `publishedAt` a date. Rows are never dropped."""
        records = [data] if isinstance(data, dict) else data
        if not isinstance(records, (list, tuple)):
            return cls()
        names = dict.fromkeys(
            name
            for record in records
            if isinstance(record, dict)
            for name in record
            if isinstance(name, str)
        )
        found: dict[str, list[str]] = {rule: [] for rule in _WORDS}
        fields: dict[str, str] = {}
        for name in names:
            words = _NAME_WORDS.findall(name)
            last = words[-1].lower() if words else ""
            if last in _EMAILS:
                fields[name] = "email"
            for rule, known in _WORDS.items():
                if last in known or (rule == "dates" and last == "at" and len(words) > 1):
                    found[rule].append(name)
        return cls.model_validate({**found, "fields": fields})

    @classmethod
    def build(cls, rules: CleaningRules | dict[str, Any] | None) -> CleaningRules:
        """The rules from any of the forms; raises ConfigError naming each mistake."""
        if isinstance(rules, cls):
            return rules
        try:
            return cls.model_validate(rules or {})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()
            )
            raise ConfigError(
                f"the cleaning rules cannot be met: {problems}",
                hint=f"the rules are {', '.join(cls.model_fields)}",
            ) from None
