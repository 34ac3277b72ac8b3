"""Cards as a person sees them: read at AA, whole on a phone, in light and dark, in every state."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from scrapeq.checks.check import Diagnosis, bad, good, note
from scrapeq.client.card import batch_card
from scrapeq.models import Batch, BatchState, Progress, ScrapingConfig
from scrapeq.models.away import Away
from scrapeq.models.card_facts import FailedRow
from tests.browser.conftest import ARTEFACTS, unreadable
from tests.contrast import THEMES


def picture(state: BatchState, errors: dict[str, int], **counts: int) -> dict[str, Any]:
    """What `batch_card` takes."""
    ended = {name: counts.get(name, 0) for name in ("completed", "failed", "cancelled")}
    batch = Batch(
        id="b",
        name="newspapers-of-the-world-and-their-homepages-in-one-long-word",
        config=ScrapingConfig(),
        state=state,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        total=500,
        **ended,
    )
    left = 500 - sum(ended.values())
    progress = Progress(total=500, pending=left, elapsed_s=41, rate_per_s=12.2, eta_s=9, **ended)
    rows = {
        kind: [FailedRow(n, f"https://a.example/{'long/' * 20}{n}", "no answer") for n in range(10)]
        for kind in errors
    }
    return {"batch": batch, "progress": progress, "errors": errors, "rows": rows}


STATES: dict[str, dict[str, Any]] = {
    "running": picture(BatchState.OPEN, {"refused": 12}, completed=300, failed=12),
    "paused": picture(BatchState.PAUSED, {"refused": 12}, completed=300, failed=12),
    "failed wholly": picture(BatchState.FINISHED, {"refused": 480, "dns": 20}, failed=500),
    "cancelled": picture(BatchState.CANCELLED, {"cancelled": 400}, completed=100, cancelled=400),
    "done with failures": picture(BatchState.FINISHED, {"tls": 10}, completed=490, failed=10),
    "away": picture(BatchState.OPEN, {}, completed=300)
    | {"away": Away("Redis does not answer since 14:02", "see to your Redis"), "is_still": True},
}


@pytest.mark.parametrize("width", [360, 720])
@pytest.mark.parametrize(("text", "page"), THEMES[:2], ids=["light", "dark"])
def test_a_card_is_readable_and_whole(browser, text, page, width):
    cards = "".join(
        batch_card(with_actions=True, pace_per_s=[1, 2, 3], **one) for one in STATES.values()
    )
    shown = browser.new_page(viewport={"width": width, "height": 800})
    shown.set_content(f"<body style='margin:12px;background:{page};color:{text}'>{cards}")
    shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    ARTEFACTS.mkdir(exist_ok=True)
    shown.screenshot(path=ARTEFACTS / f"cards-{page[1:]}-{width}.png", full_page=True)

    assert unreadable(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    for acting in shown.locator("button, summary").all():
        box = acting.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    shown.close()


WELL = [
    good("Python", "3.13.1"),
    good("database", f"{'/long' * 30}/scrapeq.sqlite3, tables of version 11"),
]
ILL = [
    *WELL,
    bad(
        "eviction",
        "this Redis may remove keys (allkeys-lru)",
        "CONFIG SET maxmemory-policy noeviction",
    ),
    note(
        "queues",
        "no worker listens to cleaning (tasks of cleaning)",
        "start a worker without --queues",
    ),
    bad(
        "Redis", "Error connecting to Redis: refused", f"start Redis, or correct {'REDIS_URL' * 12}"
    ),
]


@pytest.mark.parametrize("width", [320, 720])
@pytest.mark.parametrize(("text", "page"), THEMES[:2], ids=["light", "dark"])
def test_a_diagnosis_is_readable_and_whole(browser, text, page, width):
    when = datetime(2026, 3, 1, tzinfo=UTC)
    cards = "".join(
        Diagnosis(version="1.2.3", checked_at=when, checks=tuple(checks))._repr_html_()
        for checks in (ILL, WELL)
    )
    shown = browser.new_page(viewport={"width": width, "height": 800})
    shown.set_content(f"<body style='margin:12px;background:{page};color:{text}'>{cards}")
    shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    ARTEFACTS.mkdir(exist_ok=True)
    shown.screenshot(path=ARTEFACTS / f"doctor-{page[1:]}-{width}.png", full_page=True)

    assert unreadable(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.close()
