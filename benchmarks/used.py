"""What a piece of work takes of this process: time, CPU, and memory at its peak. Linux only.

No import beyond the standard library: it runs in the environments of peers too.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def measured() -> Iterator[dict[str, float]]:
    """When the block has ended: wall_s, cpu_s, and peak_mb (10^6 bytes), what was resident at most beyond
    what was there before it."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
    before_mb = resident_mb("VmRSS")
    found: dict[str, float] = {}
    wall_s, cpu_s = time.monotonic(), time.process_time()
    yield found
    found["wall_s"] = time.monotonic() - wall_s
    found["cpu_s"] = time.process_time() - cpu_s
    found["peak_mb"] = resident_mb("VmHWM") - before_mb


def resident_mb(field: str, pid: int | str = "self") -> float:
    """VmRSS, what a process has resident now, or VmHWM, what it had at most; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith(field)), 0.0)
