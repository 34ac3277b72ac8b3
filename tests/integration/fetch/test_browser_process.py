"""The browser's processes: none is left, whatever happens to the worker."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scrapeq.fetch import find_browser
from scrapeq.fetch.browser import BrowserProcess
from scrapeq.fetch.browser import process as process_module

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
@pytest.mark.parametrize(
    "fault", ["browser killed", "browser frozen", "driver killed", "driver frozen"]
)
def test_a_browser_that_is_hurt_is_replaced_and_leaves_nothing(
    fault: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    needs_service: Callable[[str, object, str], None],
    eventually: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = find_browser()
    needs_service("a browser", found.path, found.missing)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(process_module, "LOOK_S", 0.2)
    monkeypatch.setattr(process_module, "HUNG_S", 2.0)
    before = descendants(os.getpid())

    async def hurt() -> None:
        process = BrowserProcess(found)
        context = await process.context()
        page = await context.new_page()
        [tree] = process._trees.values()
        assert tree.memory_mb() > 20
        hurt = tree.pid if fault.startswith("browser") else tree.driver
        os.kill(hurt, signal.SIGKILL if fault.endswith("killed") else signal.SIGSTOP)
        with pytest.raises(Exception, match=r"closed|Closed"):
            async with asyncio.timeout(60):
                await page.wait_for_selector("never", timeout=0)
        await process.give_back(context)
        async with asyncio.timeout(60):  # a kill is not at once
            while tree.runs:
                await asyncio.sleep(0.02)

        again = await process.context()
        await (await again.new_page()).set_content("<p>here")
        assert [one.pid for one in process._trees.values()] != [tree.pid]
        await process.give_back(again)
        await process.close()

    asyncio.run(hurt())
    eventually(lambda: not alive(descendants(os.getpid()) - before))
    assert not list(tmp_path.glob("*profile*"))
    gc.collect()
    assert "never retrieved" not in caplog.text


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
