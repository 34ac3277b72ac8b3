"""The card of a batch, and its line of text: plain values in, HTML or text out."""

from __future__ import annotations

from collections.abc import Mapping

from scrapeq import display
from scrapeq.models import Batch, BatchState, ErrorKind, Progress
from scrapeq.models.actions import possible_actions
from scrapeq.models.error_words import ADVICE, error_words, errors_in_words, is_retryable
from scrapeq.project.away import Away

#: Kinds of error that the last sentence of a batch names.
MOST_KINDS = 3


def batch_card(
    batch: Batch,
    progress: Progress,
    *,
    note: str = "",
    errors: Mapping[str, int],
    paused: str = "",
    slow: str = "",
    is_still: bool = False,
    away: Away | None = None,
    with_actions: bool = False,
) -> str:
    """HTML of a batch.

    errors: failed and cancelled rows by kind. paused, slow: hosts in words. is_still: nothing moves,
    so no speed is shown. away: what does not answer; the card is then grey, and says so and what to do.
    """
    facts: dict[str, object] = {}  # a fact keeps its place as long as the batch runs
    if not progress.is_done:
        rate, left_s = (None, None) if is_still else (progress.rate_per_s, progress.eta_s)
        facts["speed"] = "–" if rate is None else f"{rate:,.1f} pages/s"
        facts["left"] = display.seconds(left_s)
    facts["elapsed"] = display.seconds(progress.elapsed_s)
    if paused:
        facts["paused hosts"] = paused
    if slow:
        facts["slow hosts"] = slow
    if progress.from_store:
        facts["stored pages"] = display.count(progress.from_store)
    if errors:
        facts["errors"] = errors_in_words(errors)
    can_retry = any(is_retryable(kind) for kind in errors)
    actions = possible_actions(batch, can_retry=can_retry) if with_actions else []
    words = note or state_in_words(batch, progress, errors)
    if away:
        words = f"{away.advice}. {note}" if note else away.advice
    return display.card(
        batch.name or batch.id,
        facts,
        progress.counts,
        words or None,
        corner=progress.headline,
        is_bad=progress.all_failed,
        actions={action.value: action.label for action in actions},
        away=away.what if away else None,
    )


def state_in_words(batch: Batch, progress: Progress, errors: Mapping[str, int]) -> str:
    """How a batch ended, and what to do about what failed; "" while it is open.

    "finished: 490 of 500 in 41 s; 6 refused (connection), 4 empty. retry_failed() tries them again".
    """
    if batch.state is not BatchState.FINISHED:
        return "" if batch.state is BatchState.OPEN else batch.state.value
    elapsed = display.seconds(progress.elapsed_s)
    sentence = f"finished: {progress.completed:,} of {progress.total:,} in {elapsed}"
    if not errors:
        return sentence
    kinds = dict(list(errors.items())[:MOST_KINDS])
    others = sum(errors.values()) - sum(kinds.values())
    sentence += f"; {errors_in_words(kinds)}{f', {others:,} others' if others else ''}"
    commonest = next(iter(errors))
    if advice := _advice(commonest):
        sentence += f". {error_words(commonest).capitalize()}: {advice}"
    if any(is_retryable(kind) for kind in errors):
        sentence += ". retry_failed() tries the failed rows again"
    return sentence


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
