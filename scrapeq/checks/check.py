"""One thing that was looked at, and all of them together as a value that shows itself."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from scrapeq import display

if TYPE_CHECKING:
    import pandas as pd


class CheckState(StrEnum):
    """What a check found."""

    GOOD = "good"  # nothing to do
    NOTE = "note"  # work goes on; somebody may want to know, or to do something
    BAD = "bad"  # something does not work until somebody does what the hint says


class Check(BaseModel):
    """One thing looked at. result: what was found; hint: what to do, "" where there is nothing to do."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: CheckState
    result: str
    hint: str = ""


def good(name: str, result: str) -> Check:
    """Nothing to do."""
    return Check(name=name, state=CheckState.GOOD, result=result)


def note(name: str, result: str, hint: str) -> Check:
    """Work goes on."""
    return Check(name=name, state=CheckState.NOTE, result=result, hint=hint)


def bad(name: str, result: str, hint: str) -> Check:
    """Something does not work."""
    return Check(name=name, state=CheckState.BAD, result=result, hint=hint)


class Diagnosis(BaseModel):
    """What `sq.doctor()` found: `checks` in the order in which things depend on each other.

    version: of this scrapeq. In a notebook it is a card.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    checked_at: datetime
    checks: tuple[Check, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is bad; a note is no illness."""
        return not self.bad

    @property
    def bad(self) -> tuple[Check, ...]:
        """What does not work."""
        return tuple(one for one in self.checks if one.state is CheckState.BAD)

    @property
    def df(self) -> pd.DataFrame:
        """A row for each check: `name` str · `state` category (good, note, bad) · `result` str ·
        `hint` str, what to do ("" where there is nothing)."""
        import pandas as pd

        states = pd.CategoricalDtype([state.value for state in CheckState])
        return pd.DataFrame(
            {
                "name": [one.name for one in self.checks],
                "state": pd.Categorical([one.state.value for one in self.checks], dtype=states),
                "result": [one.result for one in self.checks],
                "hint": [one.hint for one in self.checks],
            }
        )

    def in_words(self) -> str:
        """How many are of each state: "1 bad, 2 notes, 11 good"."""
        counts = Counter(one.state for one in self.checks)
        words = {
            CheckState.BAD: "bad",
            CheckState.NOTE: "note" if counts[CheckState.NOTE] == 1 else "notes",
            CheckState.GOOD: "good",
        }
        return ", ".join(
            f"{counts[state]} {word}" for state, word in words.items() if counts[state]
        )

    def __repr__(self) -> str:
        named = "; ".join(f"{one.name}: {one.result}" for one in self.bad)
        return f"<Diagnosis {self.in_words()}{': ' if named else ''}{display.plain(named, 300)}>"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return display.checklist(
            f"scrapeq {self.version}",
            [display.Item(one.name, one.state.value, one.result, one.hint) for one in self.checks],
            corner=self.in_words(),
            is_bad=not self.is_good,
            note=f"checked {display.moment(self.checked_at)}",
        )
