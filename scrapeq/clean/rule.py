"""A cleaning rule: a value that people call, and that travels as data.

sq.clean.price("1.299,00 €")                       Decimal('1299.00')
df["price"].map(sq.clean.price)                    a column
sq.clean.price.with_options(decimal=",")           the same rule, told what it need not guess
rule_of({"name": "price", "options": {}})          the rule from its JSON
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

from scrapeq.clean.kinds import KINDS, Kind
from scrapeq.clean.report import Unread
from scrapeq.errors import ConfigError

#: JSON's own values.
JSON = str | int | float | bool | None | list[Any] | dict[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Rule:
    """name: one of `RULES`. options: what the rule is told beforehand, such as {"locale": "de"}.

    Calling it gives what a text means, or None where that cannot be read without guessing. It never
    raises, whatever it is given: an empty text, None, NaN and NA give None. Equal rules have equal
    names and options.

    >>> RULES["price"]("1.299,00 €")
    Decimal('1299.00')
    >>> RULES["price"]("call us") is None
    True
    """

    name: str
    options: Mapping[str, JSON] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in KINDS:
            raise ConfigError(
                f"there is no cleaning rule {str(self.name)[:40]!r}",
                hint=_meant(self.name, KINDS, "the rules are"),
            )
        known = self._kind.options
        given = {name: value for name, value in self.options.items() if value is not None}
        for name, value in given.items():
            if name not in known:
                hint = _meant(name, known, "its options are") if known else "it takes none"
                raise ConfigError(
                    f"the cleaning rule {self.name} has no option {str(name)[:40]!r}", hint=hint
                )
            if problem := known[name].problem(value):
                raise ConfigError(
                    f"{name} of the cleaning rule {self.name} is {value!r:.60}", hint=problem
                )
        object.__setattr__(self, "options", given)

    def __call__(self, value: object, /) -> Any:
        """What a value means; None where there is nothing, or nothing that can be read."""
        found = self.read(value)
        return None if isinstance(found, Unread) else found

    def read(self, value: object) -> Any:
        """What a value means, or an `Unread` that says why it cannot be read; None for nothing.

        >>> RULES["number"].read("1,234")
        Unread(change='ambiguous_number', reason="the sign may part thousands or decimals; say decimal='.' or decimal=','")
        """
        if _is_missing(value):
            return None
        return self._kind.read(value, dict(self.options))

    def with_options(self, **options: JSON) -> Self:
        """The rule with these options too; None takes one away.

        >>> RULES["number"].with_options(decimal=",")("1,234")
        1.234

        Raises ConfigError for an option that the rule does not have, or a value it cannot have.
        """
        return type(self)(self.name, {**self.options, **options})

    def for_values(self, values: Iterable[object]) -> Self:
        """The rule with what the values of one column show together: which decimal sign they have,
        whether the day comes first. What was said by an option stays; without evidence it is the
        same rule.

        >>> RULES["number"].for_values(["1,234", "0,5"])
        clean.number.with_options(decimal=',')
        """
        shown = self._kind.evidence(values, dict(self.options))
        return self.with_options(**shown) if shown else self

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: name, options."""
        return {"name": self.name, "options": dict(self.options)}

    @property
    def about(self) -> str:
        """What it gives, in a sentence."""
        return self._kind.about

    @property
    def _kind(self) -> Kind:
        return KINDS[self.name]

    def __hash__(self) -> int:
        return hash((self.name, json.dumps(self.options, sort_keys=True)))

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        return f"clean.{self.name}" + (f".with_options({options})" if options else "")


def rule_of(data: Rule | str | Mapping[str, Any]) -> Rule:
    """The rule that `to_json` was called on; a name alone is the rule without options.

    >>> rule_of({"name": "price", "options": {"decimal": ","}})
    clean.price.with_options(decimal=',')

    Raises ConfigError for what is no rule, with the nearest name.
    """
    if isinstance(data, Rule):
        return data
    if isinstance(data, str):
        return Rule(data)
    options = data.get("options", {}) if isinstance(data, Mapping) else None
    if not isinstance(options, Mapping) or set(data) - {"name", "options"} or "name" not in data:
        raise ConfigError(
            f"a cleaning rule cannot be read from {data!r:.80}",
            hint='write its name, or {"name": "price", "options": {"decimal": ","}}',
        )
    return Rule(str(data["name"]), options)


def as_json(value: Any) -> JSON:
    """What a rule gave as a JSON value: dates by ISO 8601, exact numbers as numbers, a quantity as
    amount and unit.

    >>> as_json(Decimal("12.50")), as_json(dt.date(2024, 1, 5))
    (12.5, '2024-01-05')
    """
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_json(one) for name, one in value._asdict().items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value  # type: ignore[no-any-return] # a text, a number, a truth, None


def _is_missing(value: object) -> bool:
    """None, NaN, and pandas' NA and NaT, without loading pandas; texts of white space too."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    if isinstance(value, float):
        return value != value  # noqa: PLR0124 - NaN is what is not itself
    if isinstance(value, Decimal):
        return value.is_nan()
    return type(value).__name__ in {"NAType", "NaTType"}


def _meant(name: object, known: Iterable[str], listed: str) -> str:
    names = list(known)
    near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"{listed} {', '.join(names)}"


#: Every rule without options, by its name.
RULES: Mapping[str, Rule] = {name: Rule(name) for name in KINDS}
