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


def test_one_colour_means_failed_everywhere() -> None:
    assert f"--sq-failed: {display.FAILED}" in STYLE.read_text(encoding="utf-8")
    assert theme.HATCHED["color"] == display.FAILED


@pytest.mark.parametrize(("text", "page"), THEMES)
def test_the_palest_text_can_be_read(text: str, page: str) -> None:
    used = STYLE.read_text(encoding="utf-8") + card(
        1, {"refused": 1}, missing="Redis does not answer"
    )
    used = re.sub(r"rect[^}]*}|path[^}]*}", "", used)
    palest = min(
        float(found) for found in re.findall(r"opacity:\s*(0?\.\d+)", used) if float(found) > 0.6
    )

    assert contrast(blended(text, page, palest), page) >= 4.5
    assert contrast(display.FAILED, page) >= 3
    assert contrast(display.ACCENT, page) >= 3
