"""The table that the harness prints: a line for each fault, and one for all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from statistics import median

from tests.faults.attempt import Attempt
from tests.faults.count import Count
from tests.faults.table import FAULTS

_HEAD = (
    "| fault | times | attempted | accepted | ok | lost | duplicated | fetched again (of broken leases) "
    "| recovered, s: median, worst | promised, s | ended, s: worst | promised, s |"
)


def table(attempts: Sequence[Attempt], counts: Sequence[Count]) -> str:
    """A table in Markdown."""
    lines = [_HEAD, "|---|" + "---:|" * (_HEAD.count("|") - 2)]
    together = list(zip(attempts, counts, strict=True))
    for fault in FAULTS:
        some = [(attempt, count) for attempt, count in together if attempt.fault is fault]
        if some:
            lines.append(_line(fault.name, *zip(*some, strict=True)))
    lines.append(_line("**all**", attempts, counts))
    return "\n".join(lines)


def _line(name: str, attempts: Sequence[Attempt], counts: Sequence[Count]) -> str:
    total = reduce(add, counts, Count())
    faults = {attempt.fault for attempt in attempts}
    recovered = [attempt.recovered_s for attempt in attempts]
    seconds = [one for one in recovered if one is not None]
    worst = "never" if None in recovered else f"{max(seconds):.1f}"
    ended = [attempt.strike.ended_s for attempt in attempts if attempt.strike.ended_s is not None]
    alone = len(faults) == 1
    fault = next(iter(faults))
    cells = [
        name,
        len(attempts),
        total.attempted,
        total.accepted,
        total.ok,
        total.lost,
        total.duplicated,
        f"{total.fetched_again} of {total.may_be_fetched_again}",
        f"{median(seconds):.1f}, {worst}" if seconds else worst,
        f"{fault.within_s:g}" if alone else "",
        f"{max(ended):.1f}" if alone and ended else "",
        f"{fault.ends_within_s:g}" if alone and fault.ends_within_s else "",
    ]
    return (
        "| " + " | ".join(f"{one:,}" if isinstance(one, int) else str(one) for one in cells) + " |"
    )
