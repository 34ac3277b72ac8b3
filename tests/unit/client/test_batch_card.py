"""What a batch's card says: how far, how it ended, and what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from scrapeq import display
from scrapeq.client.card import batch_card, state_in_words
from scrapeq.dashboards import STYLE
from scrapeq.models import Batch, BatchState, Progress, ScrapingConfig
from scrapeq.models.away import Away
from scrapeq.models.card_facts import FailedRow
from scrapeq.models.monitoring import BrowsersNow
from scrapeq.plots import theme
from tests.contrast import THEMES, blended, contrast


def ended(completed: int, errors: dict[str, int], cancelled: int = 0) -> tuple[Batch, Progress]:
    """A finished batch, 41 s after it began."""
    failed = sum(errors.values()) - cancelled
    counts = {
        "total": completed + failed + cancelled,
        "completed": completed,
        "failed": failed,
        "cancelled": cancelled,
    }
    at = datetime(2026, 3, 1, tzinfo=UTC)
    state = BatchState.FINISHED
    batch = Batch(id="b", config=ScrapingConfig(), state=state, created_at=at, **counts)
    return batch, Progress(elapsed_s=41, **counts)


def card(completed: int, errors: dict[str, int], **more: Any) -> str:
    batch, progress = ended(completed, errors)
    return batch_card(batch, progress, errors=errors, with_actions=True, **more)


def test_where_all_failed_the_headline_says_so_and_nothing_says_100() -> None:
    html = card(0, {"refused": 500})

    assert "0 succeeded, 500 failed" in html
    assert "100 %" not in html
    assert display.FAILED in html
    assert "repeating-linear-gradient" in html


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (14, "14 pages are tried apart: a worker ended while it read them"),
        (1, "1 page is tried apart: a worker ended while it read it"),
    ],
)
def test_pages_that_are_tried_apart_are_told(count: int, words: str) -> None:
    batch, _ = ended(0, {})
    progress = Progress(total=500, pending=500, tried_apart=count)

    assert f"{words}. Run 2" in batch_card(batch, progress, note="run 2", errors={})


def test_where_all_is_good_it_is_100() -> None:
    assert "500 of 500 · 100 %" in card(500, {})
    assert display.FAILED not in card(500, {})


def test_the_last_sentence_counts_and_gives_advice() -> None:
    batch, progress = ended(490, errors := {"refused": 6, "empty": 4})

    sentence = state_in_words(batch, progress, errors)

    assert sentence.startswith("finished: 490 of 500 in 41 s; 6 refused (connection), 4 empty. ")
    assert sentence.endswith("retry_failed() tries the failed rows again")


def test_many_kinds_are_summed_up() -> None:
    batch, progress = ended(
        0, errors := {"empty": 5, "not_html": 4, "tls": 3, "dns": 2, "robots": 1}
    )

    assert ", 3 others" in state_in_words(batch, progress, errors)


@pytest.mark.parametrize(("kind", "offered"), [("refused", True), ("http_4xx", False)])
def test_another_try_is_offered_only_where_it_can_help(kind: str, offered: bool) -> None:
    html = card(1, {kind: 1})

    assert ('data-action="retry_failed"' in html) is offered
    assert ("retry_failed()" in html) is offered


def rows_of(kind: str, message: str = "no answer") -> dict[str, list[FailedRow]]:
    return {kind: [FailedRow(3, "https://user:secret@a.example/x", message)]}


def test_where_all_failed_the_commonest_reason_is_a_sentence_with_what_to_do() -> None:
    html = card(0, {"refused": 480, "dns": 20})

    assert "480 of 500 refused (connection): the server may be down" in html
    assert html.count("the server may be down") == 1
    assert 'data-action="retry_failed"' in html


@pytest.mark.parametrize(
    ("errors", "hosts", "may_be_us"),
    [
        ({"dns": 2}, ["a.example", "b.example"], True),
        ({"dns": 1, "connect_timeout": 1}, ["a.example", "b.example"], True),
        ({"dns": 2}, ["a.example", "a.example"], False),
        ({"dns": 1, "http_5xx": 1}, ["a.example", "b.example"], False),
    ],
)
def test_where_no_host_was_reached_it_may_be_this_machine(
    errors: dict[str, int], hosts: list[str], may_be_us: bool
) -> None:
    left = [FailedRow(row, f"https://{host}/", "no") for row, host in enumerate(hosts)]
    rows = {kind: [left.pop() for _ in range(count)] for kind, count in errors.items()}

    html = card(0, errors, rows=rows)

    assert ("network may be away" in html) is may_be_us


def test_where_nobody_knows_advice_a_message_stands_for_it() -> None:
    html = card(0, {"of_tomorrow": 5}, rows=rows_of("of_tomorrow", "it is a PDF"))

    assert "5 of 5 of tomorrow: it is a PDF" in html


def test_a_kind_opens_and_shows_its_first_rows_without_secrets() -> None:
    html = card(1, {"refused": 12}, rows=rows_of("refused"))

    assert '<details data-group="refused">' in html
    assert "12 refused (connection)</summary>" in html
    assert "https://a.example/x" in html
    assert "secret" not in html
    assert "row 3: no answer" in html
    assert "and 11 more: batch.errors has all" in html


def test_no_failed_row_is_left_out_of_the_count() -> None:
    html = card(1, {"refused": 12, "dns": 4, "tls": 2}, rows=rows_of("refused"))

    assert "6 others</summary>" in html


def test_what_was_cancelled_is_no_error_and_not_done() -> None:
    batch, progress = ended(100, errors := {"cancelled": 390, "refused": 10}, cancelled=390)
    batch = batch.model_copy(update={"state": BatchState.CANCELLED})

    sentence = state_in_words(batch, progress, errors)
    html = batch_card(batch, progress, errors=errors, rows=rows_of("cancelled"))

    assert sentence.startswith("cancelled: 100 of 500 in 41 s; 10 refused (connection); 390 were")
    assert 'data-group="cancelled"' not in html
    assert "100 succeeded, 10 failed, 390 cancelled" in html
    assert display.FAILED in html


def test_where_nothing_failed_the_button_speaks_of_what_was_cancelled() -> None:
    batch, progress = ended(100, errors := {"cancelled": 400}, cancelled=400)

    html = batch_card(batch, progress, errors=errors, with_actions=True)

    assert "Fetch the cancelled</button>" in html
    assert "Retry failed" not in html


def test_words_keep_their_capitals() -> None:
    batch, progress = ended(490, errors := {"tls": 10})

    assert "Not trusted (TLS): check the address" in state_in_words(batch, progress, errors)


def test_a_note_stands_beside_the_end_and_does_not_hide_it() -> None:
    html = card(500, {}, note="run 2 of firms")

    assert "finished: 500 of 500 in 41 s. Run 2 of firms" in html


def test_a_pace_is_seen_behind_the_speed() -> None:
    assert "width:3px" in card(500, {}, pace_per_s=[1.0, 2.0])
    assert "12.2 pages/s on average" in card(500, {}, pace_per_s=[1.0, 2.0])
    assert "on average" not in card(500, {})


def test_one_colour_means_failed_everywhere() -> None:
    assert f"--sq-failed: {display.FAILED}" in STYLE.read_text(encoding="utf-8")
    assert theme.HATCHED["color"] == display.FAILED


@pytest.mark.parametrize(("text", "page"), THEMES)
def test_the_palest_text_can_be_read(text: str, page: str) -> None:
    used = STYLE.read_text(encoding="utf-8") + card(
        1, {"refused": 1}, away=Away("Redis does not answer", "wait")
    )
    used = re.sub(r"rect[^}]*}|path[^}]*}", "", used)
    palest = min(
        float(found) for found in re.findall(r"opacity:\s*(0?\.\d+)", used) if float(found) > 0.6
    )

    assert contrast(blended(text, page, palest), page) >= 4.5
    assert contrast(display.FAILED, page) >= 3
    assert contrast(display.ACCENT, page) >= 3


def test_a_card_says_how_many_browsers_are_up_and_what_they_hold() -> None:
    now = BrowsersNow(up=2, pages=1, rendered=70, memory_mb=1_240)

    assert "2 up, 1 page open, 1,240 MB" in card(1, {}, browsers=now.in_words)
    assert "browsers" not in card(1, {}, browsers=BrowsersNow(rendered=70).in_words)
