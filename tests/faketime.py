"""libfaketime: processes whose machine's clock is moved while they run."""

from __future__ import annotations

from pathlib import Path

_SITE = Path(__file__).parent / "faketime_site"


def find_faketime() -> str | None:
    """The path of the library, if it is installed."""
    folders = [*Path("/usr/lib").glob("*/faketime"), Path("/usr/local/lib/faketime")]
    for folder in folders:
        if (library := folder / "libfaketime.so.1").exists():
            return str(library)
    return None


def faketime_environment(library: str, offset: Path) -> dict[str, str]:
    """What a process needs in its environment. offset: the file that says how many seconds its clock
    is from ours, like "-3600"; it is read at each look at the clock. The monotonic clock is left alone,
    as it is where a machine's clock is set; Python then sleeps in a way of its own."""
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(_SITE),
    }
