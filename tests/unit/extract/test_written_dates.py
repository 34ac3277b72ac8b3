"""Dates as people write them within a text."""

from __future__ import annotations

import pytest

from scrapeq.extract.written_dates import dates_in


@pytest.mark.parametrize(
    ("text", "language", "day"),
    [
        ("Published 12 March 2021", "en", "2021-03-12"),
        ("Sept. 3rd, 2020 at 5", "en", "2020-09-03"),
        ("DECEMBER 22, 2022", "fr", "2022-12-22"),
        ("15 Dec, 2025", "en", "2025-12-15"),
        ("Thursday, 12. März 2021", "de-AT", "2021-03-12"),
        ("le 1er février 2019", "fr", "2019-02-01"),
        ("4 de julio de 2018", "es", "2018-07-04"),
        ("12 марта 2021 г.", "ru", "2021-03-12"),
        ("2021. március 12.", "hu", "2021-03-12"),
        ("2021年3月12日", "ja", "2021-03-12"),
        ("2021/3/12", "", "2021-03-12"),
        ("2025.12.17 |", "en", "2025-12-17"),
        ("12-Mar-2021", "en", "2021-03-12"),
        ("3/4/2021", "en", "2021-03-04"),
        ("3/4/2021", "en-US", "2021-03-04"),
        ("3/4/2021", "en-GB", "2021-04-03"),
        ("3.4.2021", "en-US", "2021-04-03"),
        ("23/4/2021", "en-US", "2021-04-23"),
        ("4/23/2021", "fr", "2021-04-23"),
        ("07/03/24", "fr", "2024-03-07"),
    ],
)
def test_a_date_is_read_as_its_language_writes_it(text: str, language: str, day: str) -> None:
    assert [str(one.day.date()) for one in dates_in(text, language)] == [day]


@pytest.mark.parametrize(
    "text",
    [
        *("32 March 2021", "March 2021", "2021", "12 Marzipan 2021", "version 2.8.1.2021", "1/2/3"),
        *("call 030-12-3456-78", "13/13/2021", "ngày 12 tháng 3, 2021", "", "1.2.3.4"),
    ],
)
def test_what_is_no_day_is_passed_over(text: str) -> None:
    assert list(dates_in(text, "vi")) == []


def test_every_date_has_its_place() -> None:
    text = "from 1 May 2020 to 2020-05-03"

    assert [text[one.start : one.end] for one in dates_in(text)] == ["1 May 2020", "2020-05-03"]


def test_an_unknown_language_knows_english_months() -> None:
    assert [str(one.day.date()) for one in dates_in("1 May 2020", "x-klingon")] == ["2020-05-01"]
