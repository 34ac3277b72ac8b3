"""The pace of a batch: pages a second, in a few steps, whatever its length."""

from __future__ import annotations

import pytest

from scrapeq.client.pace import LEAST_STEPS, MOST_STEPS, Pace


def paced(samples: list[tuple[float, int]]) -> list[float]:
    pace = Pace()
    for at_s, done in samples:
        pace.add(at_s, done)
    return pace.per_s


def test_each_whole_second_has_its_pages() -> None:
    assert paced([(100 + n / 2, 5 * n) for n in range(15)])[1:] == [10] * 6


def test_little_is_no_picture() -> None:
    assert paced([(float(n), n) for n in range(LEAST_STEPS)]) == []
    assert paced([]) == []


@pytest.mark.parametrize("length_s", [60, 3_600, 100_000])
def test_a_long_one_has_longer_steps_and_the_same_speed(length_s: int) -> None:
    seen = paced([(float(at), 7 * at) for at in range(length_s)])

    assert MOST_STEPS / 2 - 2 <= len(seen) <= MOST_STEPS
    assert sum(seen[1:]) / len(seen[1:]) == pytest.approx(7, rel=0.05)


def test_a_silence_is_level_and_a_retry_is_nothing() -> None:
    assert paced([(0.0, 0), (10.0, 100), (11.0, 100)])[1:] == [10] * 10
    assert min(paced([(float(n), 50 - n) for n in range(20)])) == 0
