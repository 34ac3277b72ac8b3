"""The card of a batch, and its line of text: plain values in, HTML or text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scrapeq import display, urls
from scrapeq.models import AICost, Batch, BatchState, ErrorKind, Progress
from scrapeq.models.actions import Action, possible_actions
from scrapeq.models.away import Away
from scrapeq.models.card_facts import FailedRow
from scrapeq.models.error_words import ADVICE, error_words, errors_in_words, is_retryable

#: What is said where several hosts were asked, and none could be reached.
OFFLINE = "no host could be reached: is this machine online?"
#: Kinds of error that the last sentence of a batch names.
MOST_KINDS = 3
#: Kinds of a page whose host was not reached. Where no other came, from whatever host, it may be us.
_UNREACHED = frozenset({ErrorKind.DNS, ErrorKind.REFUSED, ErrorKind.CONNECT_TIMEOUT})


def batch_card(
    batch: Batch,
    progress: Progress,
    *,
    note: str = "",
    errors: Mapping[str, int],
    rows: Mapping[str, Sequence[FailedRow]] | None = None,
    pace_per_s: Sequence[float] = (),
    paused: str = "",
    slow: str = "",
    browsers: str = "",
    cost: AICost | None = None,
    is_still: bool = False,
    away: Away | None = None,
    findings: str = "",
    is_offline: bool = False,
    with_actions: bool = False,
) -> str:
    """HTML of a batch.

    errors: failed and cancelled rows by kind. rows: a few that failed, by kind. pace_per_s: pages a
    second, step by step. paused, slow: hosts in words. browsers: those that run, in words.
    cost: of the language model, if one is asked.
    is_still: nothing moves, so no speed is shown.
    away: what does not answer; the card is then grey, and says so and what to do. findings: what needs
    a look though it counts as good, in words. is_offline: whether this machine seems to have no network.
    """
    facts: dict[str, object] = {}  # a fact keeps its place as long as the batch runs
    if not progress.is_done:
        rate, left_s = (None, None) if is_still else (progress.rate_per_s, progress.eta_s)
        facts["speed"] = "–" if rate is None else f"{rate:,.1f} pages/s"
        facts["left"] = display.seconds(left_s)
    elif pace_per_s and progress.elapsed_s:
        facts["speed"] = f"{progress.done / progress.elapsed_s:,.1f} pages/s on average"
    facts["elapsed"] = display.seconds(progress.elapsed_s)
    if paused:
        facts["paused hosts"] = paused
    if slow:
        facts["slow hosts"] = slow
    if browsers:
        facts["browsers"] = browsers
    if cost is not None:
        facts["language model"] = str(cost)
    if progress.from_store:
        facts["stored pages"] = display.count(progress.from_store)
    if progress.rendered:
        facts["rendered pages"] = display.count(progress.rendered)
    can_retry = any(is_retryable(kind) for kind in errors)
    actions = possible_actions(batch, can_retry=can_retry) if with_actions else []
    labels = {action.value: action.label for action in actions}
    if Action.RETRY_FAILED in labels and not progress.failed:
        labels[Action.RETRY_FAILED.value] = "Fetch the cancelled"
    summary = away.advice if away else state_in_words(batch, progress, errors)
    offline = OFFLINE if is_offline else ""
    found = "" if findings in note else findings  # the note of what was done already has it
    words = display.sentences(offline, summary, found, progress.apart_in_words, note)
    return display.card(
        batch.name or batch.id,
        facts,
        progress.counts,
        words or None,
        corner=progress.headline,
        is_bad=progress.all_failed,
        reason=why_all_failed(progress, errors, rows or {}),
        sparks={"speed": pace_per_s},
        groups=_groups(errors, rows or {}),
        actions=labels,
        away=away.what if away else None,
    )


def state_in_words(batch: Batch, progress: Progress, errors: Mapping[str, int]) -> str:
    """How a batch ended, and what to do about what failed; "" while it is open.

    "finished: 490 of 500 in 41 s; 6 refused (connection), 4 empty. retry_failed() tries the failed
    rows again". What was cancelled is no error and not done.
    """
    elapsed = display.seconds(progress.elapsed_s)
    sentence = f"finished: {progress.completed:,} of {progress.total:,} in {elapsed}"
    if batch.state is BatchState.CANCELLED:
        sentence = f"cancelled: {progress.completed:,} of {progress.total:,} in {elapsed}"
    elif batch.state is not BatchState.FINISHED:
        return "" if batch.state is BatchState.OPEN else batch.state.value
    failures = {kind: count for kind, count in errors.items() if kind != ErrorKind.CANCELLED}
    kinds = dict(list(failures.items())[:MOST_KINDS])
    others = sum(failures.values()) - sum(kinds.values())
    if failures:
        sentence += f"; {errors_in_words(kinds)}{f', {others:,} others' if others else ''}"
    if progress.cancelled:
        sentence += f"; {progress.cancelled:,} were cancelled"
    commonest = next(iter(failures), "")
    if (advice := _advice(commonest)) and not progress.all_failed:  # else the card says it above
        words = error_words(commonest)
        sentence += f". {words[:1].upper()}{words[1:]}: {advice}"
    if any(is_retryable(kind) for kind in errors) and "retry_failed()" not in sentence:
        what = "failed" if failures else "cancelled"
        sentence += f". retry_failed() tries the {what} rows again"
    return sentence


def why_all_failed(
    progress: Progress, errors: Mapping[str, int], rows: Mapping[str, Sequence[FailedRow]]
) -> str:
    """The commonest reason where not one page is good, and what to do; "" for any other batch."""
    failures = [kind for kind in errors if kind != ErrorKind.CANCELLED]
    if not progress.all_failed or not failures:
        return ""
    if _UNREACHED.issuperset(failures) and len(_hosts(rows)) > 1:
        words = errors_in_words({one: errors[one] for one in failures})
        return f"no host could be reached ({words}): this machine's network may be away"
    kind = failures[0]
    example = next((one.message for one in rows.get(kind, ()) if one.message), "")
    advice = _advice(kind) or example
    return f"{errors[kind]:,} of {progress.failed:,} {error_words(kind)}{advice and f': {advice}'}"


def _hosts(rows: Mapping[str, Sequence[FailedRow]]) -> set[str]:
    """The hosts of the rows that are known."""
    return {urls.host_key(one.url) for some in rows.values() for one in some}


def _groups(
    errors: Mapping[str, int], rows: Mapping[str, Sequence[FailedRow]]
) -> list[display.Group]:
    """The kinds of failure in words, each with its first rows; what was cancelled is none."""
    groups, others = [], 0
    for kind, count in errors.items():
        shown = rows.get(kind, ())
        if kind == ErrorKind.CANCELLED:
            continue
        if not shown:
            others += count
            continue
        items = [(display.address(one.url), f"row {one.row}: {one.message}") for one in shown]
        more = count - len(shown)
        groups.append(
            display.Group(
                key=kind,
                label=errors_in_words({kind: count}),
                items=items,
                more=f"and {more:,} more: batch.errors has all" if more > 0 else "",
                is_bad=True,
            )
        )
    if others:
        label = f"{others:,} {'others' if groups else 'failed'}"
        groups.append(display.Group("", label, [], "batch.errors has all", is_bad=True))
    return groups


def with_findings(note: str, found: str) -> str:
    """A note with what was found behind it, unless it has that already."""
    if not found or found in note:
        return note
    return f"{note}; {found}" if note else found


def text_line(progress: Progress) -> str:
    """A bar of text, for a terminal."""
    counts = {
        "completed": progress.completed,
        "failed": progress.failed,
        "cancelled": progress.cancelled,
    }
    line = display.text_bar(counts, progress.total)
    return line if progress.is_done else f"{line} · {display.seconds(progress.eta_s)} left"


def one_line(batch: Batch, progress: Progress) -> str:
    """How far a batch is, for a repr."""
    line = f"{progress.done:,} of {progress.total:,} done, {progress.failed:,} failed"
    line += f", {progress.cancelled:,} cancelled" if progress.cancelled else ""
    state = "" if batch.state is BatchState.FINISHED else f", {batch.state.value}"
    away = f"; {progress.away}" if progress.away else ""
    return f"{display.plain(batch.name or batch.id, 80)!r}: {line}{state}{away}"


def _advice(kind: str) -> str:
    try:
        return ADVICE.get(ErrorKind(kind), "")
    except ValueError:  # a kind of a newer version
        return ""
