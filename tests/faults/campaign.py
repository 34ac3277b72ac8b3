"""Many attempts in a random order on one system, counted at their end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from scrapeq import database
from tests.faults.attempt import PATIENCE_S, Attempt, attempt
from tests.faults.count import Count, count
from tests.faults.disk import can_mount
from tests.faults.system import Database, System, eventually
from tests.faults.table import FAULTS, Fault


@dataclass(frozen=True)
class Campaign:
    """What was done to one system; `left_out`: faults that could not be done here."""

    attempts: Sequence[Attempt]
    counts: Sequence[Count]
    left_out: Sequence[Fault]


def run(
    record: Database,
    *,
    seed: int,
    strikes: int,
    rows: int,
    faults: Sequence[Fault] = FAULTS,
    longest_s: float = 60,
    say: Callable[[str], None] = print,
    **shape: Any,
) -> Campaign:
    """Each fault in turn, shuffled anew each round, `strikes` in all, in batches of `rows` rows.

    longest_s: as in `attempt`. shape: of the System. The same seed gives the same order of faults, and the same choices.
    """
    random = Random(seed)
    attempts: list[Attempt] = []
    needs_clock = any(fault.needs_clock for fault in faults)
    needs_shm = can_mount() and any(fault.needs_shm for fault in faults)
    with (
        tempfile.TemporaryDirectory(prefix="scrapeq-", ignore_cleanup_errors=True) as folder,
        System(Path(folder), record, own_clock=needs_clock, own_shm=needs_shm, **shape) as system,
    ):
        here = [fault for fault in faults if fault.possible(system)]
        while len(attempts) < strikes:
            for fault in random.sample(here, len(here))[: strikes - len(attempts)]:
                attempts.append(attempt(system, fault, rows, random, longest_s))
                say(_said(len(attempts), strikes, attempts[-1]))
        # What was not accepted may have been committed: it must not be done twice either.
        engine = system.queue.services.engine
        eventually(lambda: not database.batches.unfinished_batches(engine), PATIENCE_S)
        counts = count(system, attempts)
        missing = [fault for fault in faults if record in fault.databases and fault not in here]
    return Campaign(attempts, counts, missing)


def _said(number: int, of: int, one: Attempt) -> str:
    recovered = "did not recover" if one.recovered_s is None else f"{one.recovered_s:.1f} s"
    ended = f", ended after {one.strike.ended_s:.1f} s" if one.strike.ended_s is not None else ""
    late = "" if one.in_time else "  LATE"
    return f"{number}/{of} {one.fault.name}: {recovered}{ended}{late}"
