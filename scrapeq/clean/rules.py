"""What is to be done to records besides cleaning their text."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scrapeq.errors import ConfigError


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
    urls: tuple[str, ...] = Field((), description="Fields that become canonical URLs (WHATWG).")
    required: tuple[str, ...] = Field(
        (), description="Fields without which a record is dropped: missing, None or empty."
    )
    duplicates: bool | tuple[str, ...] = Field(
        False,
        description="True drops records that are equal to an earlier one, names of fields those "
        "that are equal in these.",
    )

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
