"""Dates and times as documents write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scrapeq.documents.moments import moment, pdf_moment


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mon, 02 Mar 2026 09:00:00 +0100", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("02 Mar 2026 09:00:00 GMT", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T09:00:00.123456789+01:00", datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03", datetime(2026, 3, 1, tzinfo=UTC)),
        (" 2026 ", datetime(2026, 1, 1, tzinfo=UTC)),
        ("yesterday", None),
        ("2026-13-45", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_in_utc_or_none(written: str | None, expected: datetime | None) -> None:
    assert moment(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("D:20260314091500+01'00'", datetime(2026, 3, 14, 8, 15, tzinfo=UTC)),
        ("D:20260314091500-0330", datetime(2026, 3, 14, 12, 45, tzinfo=UTC)),
        ("D:20260314091500Z", datetime(2026, 3, 14, 9, 15, tzinfo=UTC)),
        ("20260314", datetime(2026, 3, 14, tzinfo=UTC)),
        ("D:2026", datetime(2026, 1, 1, tzinfo=UTC)),
        ("D:20261399", None),
        ("D:00000101000000Z", None),
        ("Sat Mar 14 09:15:00 2026", datetime(2026, 3, 14, 9, 15, tzinfo=UTC)),
        ("never", None),
    ],
)
def test_a_date_of_a_pdf_is_in_utc_or_none(written: str, expected: datetime | None) -> None:
    assert pdf_moment(written) == expected
