"""What asking needs besides the endpoint, as this folder needs it: in memory, or shared with other workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from scrapeq.llm.breaker import Breaker
from scrapeq.settings import Settings


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that was paid for, as the record keeps it."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    finish_reason: str | None = None


class Answers(Protocol):
    """Answers that were paid for before, by the digest of their question."""

    def find(self, key: str) -> Kept | None:
        """The answer; where another one asks at this moment, it is waited for.

        None: there is none, and whoever called is to ask, and then calls `keep` or `give_up`.
        """

    def keep(self, key: str, kept: Kept) -> None:
        """The answer for everybody who asks the same from now on."""

    def give_up(self, key: str) -> None:
        """There is no answer that is worth keeping; the next one may ask."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one try cost. cost_nano: None where no price of the model is known. is_unknown: whether it is
    to be paid for is not known, so these are the most that it may be."""

    model: str
    input_tokens: int
    output_tokens: int
    cost_nano: int | None
    is_unknown: bool = False


class BudgetSpent(Exception):
    """The budget has no room for another call; the text is for the row."""


class Ledger(Protocol):
    """Counts calls, and keeps a budget over all workers; of one batch, or of none."""

    @property
    def budget_usd(self) -> float | None:
        """What may be spent; None: calls are counted and never refused."""

    def reserve(self, most_nano: int) -> str:
        """A call that may cost so much may be made: its name. Calls under way that may leave room when
        they are settled are waited for. Raises BudgetSpent."""

    def settle(self, call: str, spent: Spent | None) -> None:
        """What the call cost; None: nothing. Called once for each name."""

    def count_cached(self) -> None:
        """An answer was there already, and cost nothing."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The settings and, where there are such, what is shared with other workers.

    longest_pause_s: seconds that an endpoint whose breaker is open is waited for, before that is the
    result.
    """

    settings: Settings
    breaker: Breaker | None = None
    answers: Answers | None = None
    ledger: Ledger | None = None
    longest_pause_s: float = 0.0
