"""What a card shows of a batch: plain values, from the record and Redis or from a server."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from scrapeq.models.ai_cost import AICost
from scrapeq.models.away import Away
from scrapeq.models.progress import Progress


@dataclass(frozen=True, order=True, slots=True)
class FailedRow:
    """A row that failed: its place in the input, what it asks for, and why."""

    row: int
    url: str
    message: str


class CardFacts(BaseModel):
    """What a card shows beside the batch itself.

    errors: failed and cancelled rows by kind, the commonest first. rows: a few that failed, by kind.
    paused, slow: hosts in words. browsers: those that run, in words. cost: of the language model, if one
    is asked. is_still: nothing moves, so no speed is shown. away: what does not answer. findings: what
    needs a look though it counts as good, in words. is_offline: whether the machine of the workers seems
    to have no network.
    """

    model_config = ConfigDict(frozen=True)

    progress: Progress
    errors: dict[str, int] = {}
    rows: dict[str, list[FailedRow]] = {}
    paused: str = ""
    slow: str = ""
    browsers: str = ""
    cost: AICost | None = None
    is_still: bool = False
    away: Away | None = None
    findings: str = ""
    is_offline: bool = False
