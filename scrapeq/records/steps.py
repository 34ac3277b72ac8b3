"""The rules of `scrapeq.clean` that a field asks for, one after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from scrapeq.clean.report import Unread
from scrapeq.clean.rule import Rule, rule_of
from scrapeq.models.record import CleanStep


def stepped(value: Any, steps: Sequence[CleanStep]) -> Any:
    """`value` after all steps; None where one leaves nothing, `Unread` where one cannot read it."""
    for step in steps:
        if value is None:
            return None
        value = rule_for(step).read(value)
        if isinstance(value, Unread):
            return value
    return value


def rule_for(step: CleanStep) -> Rule:
    """The rule that a step names. Raises ConfigError."""
    return _rule(step.name, json.dumps(step.options, sort_keys=True))


@lru_cache(maxsize=1_000)
def _rule(name: str, options: str) -> Rule:
    return rule_of({"name": name, "options": json.loads(options)})
