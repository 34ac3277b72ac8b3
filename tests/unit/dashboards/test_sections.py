"""Strangers' words in the dashboard's parts are text."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from scrapeq.client.schedules import ScheduleRow
from scrapeq.dashboards import SECTIONS, frames_choice, sections

EVIL = "\"'><img src=x onerror=alert(1)>\u202e"


def test_a_table_is_chosen_by_its_very_name_whatever_that_is():
    options = frames_choice([(EVIL, EVIL, 1_000), ("firms", "link", 3)])

    values = [html.unescape(value) for value in re.findall(r'value="([^"]*)"', options)]
    assert [json.loads(value) for value in values] == [[EVIL, EVIL], ["firms", "link"]]
    assert "<img" not in options
    assert "\u202e" not in options.replace(values[0], "")
    assert "firms · link (3 rows)" in options


def schedule(**changes) -> ScheduleRow:
    when = datetime(2026, 3, 1, 6, tzinfo=UTC)
    return ScheduleRow(
        "prices", "each day at 06:00", "waiting", when, when, "b1", 7, 0, 0, None
    )._replace(**changes)


@pytest.fixture
def drawn(monkeypatch):
    """`drawn(row, ...)`: the part of the schedules, where the batch b1 is in the list of batches."""

    def draw(*rows: ScheduleRow) -> str:
        monkeypatch.setattr(sections, "schedule_rows", lambda _queue: list(rows))
        project = SimpleNamespace(queue=None, batches=lambda: [SimpleNamespace(id="b1")])
        return SECTIONS["schedules"](project)  # type: ignore[arg-type] # all that it asks

    return draw


def test_a_schedule_shows_its_next_and_last_time_and_links_to_its_run(drawn):
    found = drawn(
        schedule(), schedule(schedule="other", batch_id="gone", state="overdue", failed=3)
    )

    assert found.count("01 Mar 06:00") == 4
    assert found.count("<a ") == 1
    assert '<a href="#sq-batch-b1"' in found
    assert '<b class="sq-failure">overdue</b>' in found
    assert '<b class="sq-failure">3</b>' in found


def test_a_schedule_that_has_no_next_time_or_no_run_yet_says_so(drawn):
    found = drawn(schedule(next_at=None, last_at=None, batch_id=None, failed=None, state="ended"))

    assert "none yet" in found
    assert "ended" in found
    assert "None" not in found
    assert "01 Mar" not in drawn(schedule(state="paused", last_at=None))
    assert "by the calendar" in drawn()
    assert "and 2 more" in drawn(*[schedule()] * (sections.MOST_SCHEDULES + 2))


def test_what_strangers_write_in_a_schedule_is_text(drawn):
    found = drawn(schedule(schedule=EVIL, when=EVIL, error=EVIL, batch_id=EVIL))

    assert "<img" not in found
    assert "\u202e" not in found
    assert found.count("&lt;img") == 4
