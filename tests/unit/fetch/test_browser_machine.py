"""How many pages a browser shows at once: as many as memory and CPU bear."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrapeq.fetch.browser import Limits


@pytest.mark.parametrize(
    ("limits", "processes", "pages"),
    [
        (Limits(memory_mb=64_000, cpus=16), 2, 16),
        (Limits(memory_mb=64_000, cpus=2), 2, 4),
        (Limits(memory_mb=64_000, cpus=0.5), 1, 2),
        (Limits(memory_mb=2_000, cpus=16), 1, 5),
        (Limits(memory_mb=500, cpus=16), 4, 1),
        (Limits(memory_mb=None, cpus=1), 1, 4),
    ],
)
def test_as_many_as_memory_and_cpu_bear(limits: Limits, processes: int, pages: int) -> None:
    assert limits.pages(16, processes) == pages


def test_what_a_container_may_take_counts(tmp_path: Path) -> None:
    machine = Limits.here(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert Limits.here(tmp_path) == machine

    (tmp_path / "memory.max").write_text("300000000\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert Limits.here(tmp_path) == Limits(300, 0.5)


def test_a_container_of_the_older_kind_counts_too(tmp_path: Path) -> None:
    for group, file, value in (
        ("memory", "memory.limit_in_bytes", "400000000"),
        ("cpu", "cpu.cfs_quota_us", "25000"),
        ("cpu", "cpu.cfs_period_us", "100000"),
    ):
        (tmp_path / group).mkdir(exist_ok=True)
        (tmp_path / group / file).write_text(value)

    assert Limits.here(tmp_path) == Limits(400, 0.25)
