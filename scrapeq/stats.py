"""Arithmetic of progress: shares, rates, time to the end, percentiles, the verdict on health.

No clock and no I/O: times come in as arguments. None always means that it cannot be known.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from scrapeq.models import ErrorKind
from scrapeq.models.error_words import errors_in_words
from scrapeq.models.fault import UNREACHED, Fault, by_fault, fault_of
from scrapeq.models.health import HealthStatus, HealthVerdict

#: A rate over less time than this is an accident of the moment.
SHORTEST_SPAN_S = 1.0


def percentage(done: int, total: int) -> float:
    """How much is done, 0 to 100; nothing to do is 100."""
    return min(100.0, 100.0 * done / total) if total > 0 else 100.0


def success_rate(completed: int, failed: int) -> float | None:
    """Good ones among the finished, 0 to 100; None while nothing is finished."""
    finished = completed + failed
    return 100.0 * completed / finished if finished else None


def rate_per_s(samples: Sequence[tuple[float, int]]) -> float | None:
    """How many were finished a second between the first and the last sample.

    `samples` are (time in seconds, how many are done), oldest first; the caller chooses the window.
    Where the count falls (failed jobs were put back), what came before is left out. None with
    fewer than two samples or less than `SHORTEST_SPAN_S` between them; 0.0 if nothing moved.
    """
    start = 0
    for index in range(1, len(samples)):
        if samples[index][1] < samples[index - 1][1]:
            start = index
    usable = samples[start:]
    if len(usable) < 2:
        return None
    (first_s, first_done), (last_s, last_done) = usable[0], usable[-1]
    span_s = last_s - first_s
    return (last_done - first_done) / span_s if span_s >= SHORTEST_SPAN_S else None


def eta_s(remaining: int, rate: float | None) -> float | None:
    """Seconds to the end at this rate; 0.0 with nothing left, None if nothing moves."""
    if remaining <= 0:
        return 0.0
    return remaining / rate if rate else None


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which `share` (0 to 1) of the values lie; None without values.

    Between two values it is interpolated on a straight line, as numpy and spreadsheets do.
    """
    _check_share(share)
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


#: Upper ends of the histogram's buckets in seconds: 1 ms to 1,000 s, 20 to each power of ten, so
#: that neighbours are 12 % apart and a quantile read from the counts is wrong by 12 % at most.
#: The numbers of the buckets are stored: never change these edges, only add others under a new name.
BUCKET_EDGES_S: tuple[float, ...] = tuple(10.0 ** (step / 20 - 3) for step in range(121))

#: A histogram: how many values fell into each bucket, by its number. Empty ones are left out.
Histogram = Mapping[int, int]


def bucket(value_s: float) -> int:
    """The number of the bucket: 0 holds all up to 1 ms, 121 all above 1,000 s."""
    return bisect_left(BUCKET_EDGES_S, value_s)


def histogram(values_s: Iterable[float]) -> dict[int, int]:
    """The counts of many values."""
    return dict(Counter(map(bucket, values_s)))


def merge(histograms: Iterable[Histogram]) -> dict[int, int]:
    """The counts of several histograms together, as if all values had gone into one."""
    total: Counter[int] = Counter()
    for one in histograms:
        total.update(one)
    return dict(total)


def quantile_s(counts: Histogram, share: float) -> float | None:
    """The value in seconds below which `share` (0 to 1) of the counted values lie.

    Within a bucket it is interpolated on the logarithmic scale; what lies above the last edge is
    given as that edge. None if nothing was counted.
    """
    _check_share(share)
    numbers = sorted(number for number, count in counts.items() if count > 0)
    if not numbers:
        return None
    ends = list(accumulate(counts[number] for number in numbers))
    wanted = share * ends[-1]
    index = bisect_left(ends, wanted)
    number = numbers[index]
    if number >= len(BUCKET_EDGES_S):
        return BUCKET_EDGES_S[-1]
    upper = BUCKET_EDGES_S[number]
    lower = BUCKET_EDGES_S[number - 1] if number else upper
    within = 1 - (ends[index] - wanted) / counts[number]
    return float(lower * (upper / lower) ** within)


def expected_s(running_s: float, usual_s: float, latencies: Histogram, limit_s: float) -> float:
    """How long a try takes in all that has run for `running_s`: as long as usual; if it has taken
    longer already, as half of those lately that took longer still; if none did, its time limit."""
    if running_s < usual_s:
        return usual_s
    slower = {number: count for number, count in latencies.items() if number > bucket(running_s)}
    return quantile_s(slower, 0.5) or limit_s


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, not {share}; write 0.95 for 95 %")


# Health. The thresholds are for a queue that is watched by people: they should speak before a
# night is lost, and be silent about pages that do not exist and about a site or two that is down.

#: With fewer finished lately, a share of failures says nothing about servers.
FEWEST_FINISHED = 10
#: When most pages fail by their servers, it is the network, a proxy, or our pace.
MOST_PAGES = 50.0
#: Due jobs are claimed within a second. A worker that is full of slow pages claims again when one of
#: them ends, which takes 60 s at most (`total_timeout_s`); twice that is no accident.
STALLED_S = 120.0
#: Bytes of free disk below which the next pages, a checkpoint or Redis's log may find no room.
LEAST_FREE = 50_000_000
NO_REDIS = "Redis cannot be reached"
MAKE_ROOM = (
    "make room on the disk of SCRAPEQ_HOME, or set it to a folder on another; work goes on by itself then, and "
    "SCRAPEQ_STORED_PAGES_MB keeps fewer pages"
)
_LISTEN_TO_ALL = "start a worker without --queues: it listens to all of them"


def health_verdict(
    *,
    redis_reachable: bool,
    workers_alive: int,
    scrapers: int | None = None,
    waiting_jobs: int = 0,
    completed: int = 0,
    errors: Mapping[str, int] | None = None,
    window_s: float = 900,
    unattended: Mapping[str, int] | None = None,
    stalled_s: float = 0.0,
    free_bytes: int | None = None,
) -> HealthVerdict:
    """The verdict on the whole system from a few facts; `SystemHealth` shows it with them.

    workers_alive: processes, whatever they listen to; scrapers: those that take jobs, by default all of
    them. completed and errors (kind: count) are of the last `window_s` seconds. unattended: messages that
    carry work, by the Celery queue that nobody listens to. stalled_s: for how long jobs have been due and
    none was claimed; a job that waits for its host's pace, or for a retry, is not due. free_bytes: room on the
    disk of the record and of the private Redis, None where they are elsewhere.

    A failed page counts by whose fault it is (`models.fault`). Those that do not exist are no illness:
    a note tells of them.
    """
    bad: list[str] = []
    hints: dict[str, None] = {}
    if full := full_disk(free_bytes):
        bad.append(full)
        hints[MAKE_ROOM] = None
    if not redis_reachable:
        return HealthVerdict("UNHEALTHY", (*bad, NO_REDIS), (), tuple(hints))
    doubtful: list[str] = []
    scrapers = workers_alive if scrapers is None else scrapers
    if scrapers <= 0 and waiting_jobs:
        who = "no workers are alive" if workers_alive <= 0 else "no worker listens to scraping"
        bad.append(f"{who} and {_waiting(waiting_jobs, 'job')}")
        if workers_alive > 0:
            hints[_LISTEN_TO_ALL] = None
    elif workers_alive <= 0:
        doubtful.append("no workers are alive")
    for queue, messages in (unattended or {}).items():
        hints[_LISTEN_TO_ALL] = None
        waiting = _waiting(messages, "message")
        bad.append(f"{waiting} in the queue {queue}, and no worker listens to it")
    if scrapers and stalled_s >= STALLED_S:
        hints["see the workers' logs, or start them anew"] = None
        doubtful.append(
            f"jobs have been due for {stalled_s / 60:,.0f} min, and no worker takes one"
        )
    kinds = errors or {}
    faults = by_fault(kinds)
    finished = completed + sum(faults.values())
    lately = f"of the last {window_s / 60:,.0f} min"
    if own := faults[Fault.OURS]:
        words = errors_in_words(_only(kinds, Fault.OURS))
        reason = (
            f"{own:,} of the {finished:,} pages {lately} failed by scrapeq's own fault: {words}"
        )
        hints["the workers' logs have the tracebacks; batch.errors says what to set"] = None
        (bad if 100 * own >= MOST_PAGES * finished else doubtful).append(reason)
    by_servers = faults[Fault.SERVER]
    if finished >= FEWEST_FINISHED and 100 * by_servers >= MOST_PAGES * finished:
        words = errors_in_words(_only(kinds, Fault.SERVER))
        doubtful.append(
            f"{by_servers:,} of the {finished:,} pages {lately} failed at their servers: {words}"
        )
    status: HealthStatus = "UNHEALTHY" if bad else "DEGRADED" if doubtful else "HEALTHY"
    notes = _notes(kinds, finished, lately)
    return HealthVerdict(status, (*bad, *doubtful), notes, tuple(hints))


def full_disk(free_bytes: int | None) -> str:
    """What is said of a disk that is full; "" of one that has room."""
    if free_bytes is None or free_bytes >= LEAST_FREE:
        return ""
    left, least = f"{free_bytes / 1e6:,.0f} MB are left", f"{LEAST_FREE / 1e6:,.0f} MB are needed"
    return f"the disk of the record is full: {left}, and {least}"


def _waiting(count: int, what: str) -> str:
    return f"1 {what} waits" if count == 1 else f"{count:,} {what}s wait"


def _only(kinds: Mapping[str, int], fault: Fault) -> dict[str, int]:
    return {
        kind: count
        for kind, count in kinds.items()
        if fault_of(kind) is fault and kind != ErrorKind.CANCELLED
    }


def _notes(kinds: Mapping[str, int], finished: int, lately: str) -> tuple[str, ...]:
    """What is worth saying of pages that failed by no fault of ours."""
    of_pages = _only(kinds, Fault.PAGE)
    failed = sum(of_pages.values())
    if not failed:
        return ()
    note = f"{failed:,} of the {finished:,} pages {lately} failed by their addresses: "
    note += errors_in_words(of_pages)
    if failed == finished and set(of_pages) <= UNREACHED:
        note += "; no server was reached, so the network may be away"
    return (note,)
