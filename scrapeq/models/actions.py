"""What people may do with a batch: one list for handles, cards, dashboards and magics."""

from __future__ import annotations

from enum import StrEnum

from scrapeq.models.batch import Batch, BatchState


class Action(StrEnum):
    """The name of a method of a handle, with no arguments needed."""

    PAUSE = "pause"  # start nothing more; what runs ends
    RESUME = "resume"  # go on after a pause
    CANCEL = "cancel"  # stop every open row
    RETRY_FAILED = "retry_failed"  # try failed and cancelled rows again

    @property
    def label(self) -> str:
        """What a button says."""
        return self.value.replace("_", " ").capitalize()

    @property
    def done(self) -> str:
        """What to say when it was done; "" where the handle has a note of its own."""
        return _DONE.get(self, "")


_DONE = {Action.PAUSE: "paused", Action.RESUME: "resumed", Action.CANCEL: "cancelled"}


def possible_actions(batch: Batch, *, can_retry: bool) -> list[Action]:
    """What makes sense now. `can_retry`: it has rows that another try may help."""
    found = []
    if batch.done < batch.total:
        found.append(Action.RESUME if batch.state is BatchState.PAUSED else Action.PAUSE)
        found.append(Action.CANCEL)
    if can_retry and (batch.failed or batch.cancelled):
        found.append(Action.RETRY_FAILED)
    return found
