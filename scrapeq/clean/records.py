"""Records cleaned and validated, with a report."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from scrapeq import urls
from scrapeq.clean.content import clean_value
from scrapeq.clean.dates import parse_date, shown_order
from scrapeq.clean.kinds import KINDS
from scrapeq.clean.locales import day_comes_first
from scrapeq.clean.numbers import parse_number, plain_digits, shown_mark
from scrapeq.clean.prices import Price, numbers_in, parse_price
from scrapeq.clean.report import CleanResult, Report, Unread
from scrapeq.clean.rule import Rule, as_json, rule_of
from scrapeq.clean.rules import CleaningRules
from scrapeq.clean.texts import REASONS, Layout
from scrapeq.errors import InputError
from scrapeq.models import Failure


def clean_records(
    data: dict[str, Any] | Sequence[dict[str, Any]],
    rules: CleaningRules | dict[str, Any] | None = None,
) -> CleanResult:
    """Clean copies of one record or of many, and the report of what was changed or dropped.

    Texts everywhere in the records are cleaned, also in lists and dicts within them, and empty ones
    become None. The rules then add, in this order: dates, prices, numbers, URLs, rules of single fields,
    required fields, duplicates. Evidence (which decimal sign, whether the day comes first) is looked for in all
    values of one field. What cannot be read without guessing stays and is reported.

    Raises InputError if the data is neither a dict nor a list of dicts, ConfigError for wrong rules.
    """
    wanted = CleaningRules.build(rules)
    is_single = isinstance(data, dict)
    if not isinstance(data, (dict, list, tuple)):
        raise InputError(
            f"records cannot be read from {type(data).__name__}",
            hint="give one dict, or a list of dicts with the same names",
        )
    given: list[Any] = [data] if isinstance(data, dict) else list(data)
    for row, record in enumerate(given):
        if not isinstance(record, dict):
            raise InputError(
                f"record {row} is {type(record).__name__}, not a dict",
                hint="give one dict, or a list of dicts with the same names",
            )
    report = Report()
    rows = [None if is_single else row for row in range(len(given))]
    records = [_clean_texts(record, row, report) for row, record in zip(rows, given, strict=True)]
    for name in wanted.dates:
        day_first = wanted.day_first
        if day_first is None and wanted.locale:
            day_first = day_comes_first(wanted.locale)
        if day_first is None:
            day_first = shown_order(record.get(name) for record in records)
        _rewrite(records, rows, report, name, _date_reader(day_first, wanted.locale), rule="dates")
    for name in wanted.prices:
        _prices(records, rows, report, name, wanted)
    for name in wanted.numbers:
        decimal = wanted.mark or shown_mark(
            plain_digits(value).lstrip("+-( ").rstrip(" )-")
            for record in records
            if isinstance(value := record.get(name), str)
        )
        _rewrite(records, rows, report, name, _number_reader(decimal), rule="numbers")
    for name in wanted.urls:
        _rewrite(records, rows, report, name, _read_url, rule="urls")
    for name, rules_of_field in wanted.fields.items():
        for one in rules_of_field:
            informed = _informed(
                rule_of(one), wanted.locale, [record.get(name) for record in records]
            )
            _rewrite(records, rows, report, name, _rule_reader(informed), rule=informed.name)
    kept = _complete(list(zip(rows, records, strict=True)), report, wanted.required)
    if wanted.duplicates:
        names = wanted.duplicates if isinstance(wanted.duplicates, tuple) else None
        kept = _single(kept, report, names)
    result = [record for _, record in kept]
    return CleanResult((result[0] if result else None) if is_single else result, report)


def _clean_texts(record: dict[str, Any], row: int | None, report: Report) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for name, value in record.items():
        changed: set[str] = set()
        ((key, better),) = clean_value({name: value}, Layout.TEXT, changed).items()
        if key in cleaned:
            key = name
        if isinstance(better, str) and not better:
            better = None
            if value:
                changed.add("emptied")
        cleaned[key] = better
        is_text = isinstance(value, str)  # a list or dict is not shown: it may be huge
        for change in sorted(changed):
            report.add(
                row,
                key,
                change,
                REASONS[change],
                rule="text",
                before=value if is_text else None,
                after=better if is_text else None,
            )
    return cleaned


Reader = Callable[[Any], tuple[Any, str, str] | Unread]


def _rewrite(
    records: list[dict[str, Any]],
    rows: list[int | None],
    report: Report,
    name: str,
    read: Reader,
    *,
    rule: str,
) -> None:
    """Replace the values of a field by what they mean; `read` gives value, slug and reason."""
    for row, record in zip(rows, records, strict=True):
        value = record.get(name)
        if value is None:
            continue
        result = read(value)
        if isinstance(result, Unread):
            report.add(row, name, result.change, result.reason, rule=rule, before=value)
        elif result[0] != value or type(result[0]) is not type(value):
            record[name] = result[0]
            report.add(row, name, result[1], result[2], rule=rule, before=value, after=result[0])


def _informed(rule: Rule, locale: str | None, values: list[Any]) -> Rule:
    """The rule with the locale of all rules, if it takes one, and with what a column shows."""
    if locale and "locale" in KINDS[rule.name].options and "locale" not in rule.options:
        rule = rule.with_options(locale=locale)
    return rule.for_values(values)


def _rule_reader(rule: Rule) -> Reader:
    """What a rule makes of a value, as JSON has it; of a list, of each of its values that it reads."""

    def read(value: Any) -> tuple[Any, str, str] | Unread:
        if isinstance(value, list):
            return _each(rule, value)
        found = rule.read(value)
        if isinstance(found, Unread):
            return found
        return as_json(found), rule.name if found is not None else "emptied", rule.about

    return read


def _each(rule: Rule, values: list[Any]) -> tuple[Any, str, str] | Unread:
    """A list with what the rule makes of each of its values; those that it cannot read stay. `Unread`
    where it can read none."""
    found = [rule.read(one) for one in values]
    unread = [one for one in found if isinstance(one, Unread)]
    if unread and len(unread) == len(values):
        return unread[0]
    read = [
        one if isinstance(new, Unread) else as_json(new)
        for new, one in zip(found, values, strict=True)
    ]
    if rule.name == "lines":
        read = [line for one in read for line in (one if isinstance(one, list) else [one])]
    return read, rule.name, rule.about


def _date_reader(day_first: bool | None, locale: str | None) -> Reader:
    def read(value: Any) -> tuple[Any, str, str] | Unread:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return Unread("not_a_date", f"a {type(value).__name__} is no date")
        result = parse_date(value, day_first, locale)
        if isinstance(result, Unread):
            return result
        return result, "date", "dates are written as ISO 8601 has it"

    return read


def _number_reader(decimal: str | None) -> Reader:
    def read(value: Any) -> tuple[Any, str, str] | Unread:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            return Unread("not_a_number", f"a {type(value).__name__} is no number")
        result = parse_number(value, decimal) if isinstance(value, str) else value
        if isinstance(result, Unread):
            return result
        return result, "number", "numbers are numbers, not text"

    return read


def _read_url(value: Any) -> tuple[Any, str, str] | Unread:
    found = urls.parse(value)
    if isinstance(found, Failure):
        return Unread("not_a_url", found.message)
    return found.href, "url", "URLs are written in their canonical form"


_PRICE = "a price is an amount, with its currency beside it"


def _prices(
    records: list[dict[str, Any]],
    rows: list[int | None],
    report: Report,
    name: str,
    rules: CleaningRules,
) -> None:
    beside = f"{name}_currency"
    texts = [value for record in records if isinstance(value := record.get(name), str)]
    decimal = rules.mark or shown_mark(one for text in texts for one in numbers_in(text))
    for row, record in zip(rows, records, strict=True):
        value = record.get(name)
        if value is None:
            continue
        price = _read_price(value, decimal, rules.currency)
        if isinstance(price, Unread):
            report.add(row, name, price.change, price.reason, rule="prices", before=value)
            continue
        if price.amount is not value:
            record[name] = price.amount
            report.add(row, name, "price", _PRICE, rule="prices", before=value, after=price.amount)
        if price.shared_sign:
            reason = f"several currencies are written {price.shared_sign!r}; say currency=…"
            report.add(row, beside, "ambiguous_currency", reason, rule="prices", before=value)
        known = record.get(beside)
        if price.currency and known != price.currency:
            record[beside] = price.currency
            if known is not None:
                reason = "the price itself names another currency"
                report.add(
                    row,
                    beside,
                    "currency",
                    reason,
                    rule="prices",
                    before=known,
                    after=price.currency,
                )
        record.setdefault(beside, None)


def _read_price(value: Any, decimal: str | None, currency: str | None) -> Price | Unread:
    if isinstance(value, str):
        return parse_price(value, decimal, currency)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Price(value, currency)
    return Unread("not_a_price", f"a {type(value).__name__} is no price")


Numbered = list[tuple[int | None, dict[str, Any]]]


def _complete(kept: Numbered, report: Report, required: tuple[str, ...]) -> Numbered:
    complete: Numbered = []
    for row, record in kept:
        missing = [name for name in required if record.get(name) in (None, "", [], {})]
        if missing:
            reason = f"without {', '.join(missing)}"
            report.add(row, "", "dropped_required", reason, rule="required", before=record)
        else:
            complete.append((row, record))
    return complete


def _single(kept: Numbered, report: Report, names: tuple[str, ...] | None) -> Numbered:
    """The first of each set of equal records; equal in all fields, or in the named ones."""
    first: dict[str, int | None] = {}
    single: Numbered = []
    for row, record in kept:
        relevant = record if names is None else {name: record.get(name) for name in names}
        key = json.dumps(relevant, sort_keys=True, default=repr)
        if key in first:
            reason = f"equal to record {first[key]}"
            report.add(row, "", "dropped_duplicate", reason, rule="duplicates", before=record)
        else:
            first[key] = row
            single.append((row, record))
    return single
