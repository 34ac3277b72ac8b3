"""Budgets that all workers share: room is taken before a call, and given back when it is settled.

What they hold is derived from the record: where Redis does not know a budget, whoever asks seeds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scrapeq.frontier.scripts import Scripts


@dataclass(frozen=True, slots=True)
class Granted:
    """The call may be made; then it is settled."""


@dataclass(frozen=True, slots=True)
class MustWaitForOthers:
    """Calls under way hold the rest of the budget: ask again when some are settled."""


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The budget has no room for the call. spent: with what calls under way may cost."""

    spent: int


@dataclass(frozen=True, slots=True)
class UnknownBudget:
    """Redis does not know it; `epoch` is for seeding it."""

    epoch: int


BudgetAnswer = Granted | MustWaitForOthers | NoRoom | UnknownBudget


class Budgets:
    """Budgets by name, in whole numbers of whatever is spent."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def reserve(self, name: str, call: str, most: int, budget: int, hold_ms: int) -> BudgetAnswer:
        """Whether a call may be made that costs `most` at the most. Asked again for the same call, it
        is granted again. After `hold_ms` without being settled it counts as spent."""
        answer, *fact = self._scripts.run("budget", ["reserve", name, call, most, budget, hold_ms])
        if answer == "granted":
            return Granted()
        if answer == "wait":
            return MustWaitForOthers()
        return NoRoom(int(fact[0])) if answer == "spent" else UnknownBudget(int(fact[0]))

    def seed(
        self, name: str, epoch: int, spent: int, calls: Mapping[str, int], hold_ms: int
    ) -> bool:
        """Tell what the record says; False if Redis was emptied since `epoch` was read."""
        under_way = [part for call in calls.items() for part in call]
        return bool(self._scripts.run("budget", ["seed", name, epoch, hold_ms, spent, *under_way]))

    def settle(self, name: str, call: str, cost: int) -> None:
        """What a call cost; nothing if it is not under way, as after Redis was emptied."""
        self._scripts.run("budget", ["settle", name, call, cost])
