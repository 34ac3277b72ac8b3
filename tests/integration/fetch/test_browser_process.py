"""The browser's processes: none is left, whatever happens to the worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapeq.fetch import find_browser

PROGRAM = """
import asyncio, os, sys
from scrapeq.fetch import find_browser
from scrapeq.fetch.browser.process import BrowserProcess

async def main():
    process = BrowserProcess(find_browser())
    context = await process.context()
    await (await context.new_page()).set_content("<p>here")
    print("up", flush=True)
    sys.stdin.readline()
    await process.give_back(context)
    await process.close()

asyncio.run(main())
"""


def descendants(pid: int) -> set[int]:
    """Processes below one, by what Linux says of each thread's children."""
    found: set[int] = set()
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found |= {child} | descendants(child)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that run; a zombie does not."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            running.add(pid)
    return running


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", ["a clean end", "a kill"])
def test_no_process_and_no_folder_is_left(
    how: str,
    tmp_path: Path,
    needs_service: Callable[[str, object, str], None],
    eventually: Callable[..., Any],
) -> None:
    found = find_browser()
    needs_service("a browser", found.path, found.missing)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as program:
        assert program.stdout is not None
        assert program.stdin is not None
        assert program.stdout.readline() == "up\n"
        below = descendants(program.pid)
        assert len(below) > 2  # Playwright's driver, the browser, and what it starts
        if how == "a kill":
            program.send_signal(signal.SIGKILL)
        else:
            program.stdin.write("\n")
            program.stdin.flush()
        program.wait(60)

    eventually(lambda: not alive(below))
    eventually(lambda: not list(tmp_path.iterdir()))
