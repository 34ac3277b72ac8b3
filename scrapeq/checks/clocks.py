"""How far the clock of a service is from that of this machine.

No decision rests on two clocks, so work goes on with any: what differs is what people read, as times in
tables, and schedules.
"""

from __future__ import annotations

from scrapeq.checks.check import Check, good, note
from scrapeq.display import seconds

#: Seconds between two clocks that nobody sees in a table of minutes, and far above what a busy machine
#: needs for one question.
FAR_S = 5.0


def clock_check(name: str, ahead_s: float) -> Check:
    """ahead_s: by how much that clock is ahead of this machine's."""
    if abs(ahead_s) <= FAR_S:
        return good(name, "as this machine's")
    side = "ahead of" if ahead_s > 0 else "behind"
    return note(
        name,
        f"{seconds(abs(ahead_s))} {side} this machine's; work goes on, but times in tables are not right",
        "let both set their clocks by NTP: timedatectl set-ntp true",
    )
