"""How the browser's faults are done: as `strikes.py`, in the middle of rows that are rendered.

`ended_s`: until the hurt browsers are gone with the folders of their profiles; and with their drivers,
which start other browsers, where these were killed too.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from scrapeq import database
from scrapeq.fetch.browser.machine import BrowserTree
from tests.faults.disk import fill
from tests.faults.strikes import Strike, all_held, kill, lives, send_signal
from tests.faults.system import System, eventually


@contextmanager
def browsers_killed(system: System) -> Iterator[Strike]:
    browsers, strike = _begin(system)
    send_signal([one.pid for one in browsers], signal.SIGKILL)
    _until_gone(browsers, strike)
    yield strike


@contextmanager
def renderers_killed(system: System) -> Iterator[Strike]:
    renderers = eventually(system.renderers)
    strike = Strike(all_held(system))
    send_signal(renderers, signal.SIGKILL)
    yield strike


@contextmanager
def browsers_frozen(system: System) -> Iterator[Strike]:
    browsers, strike = _begin(system)
    send_signal([one.pid for one in browsers], signal.SIGSTOP)
    _until_gone(browsers, strike)
    yield strike
    strike.since = time.monotonic()


@contextmanager
def drivers_killed(system: System) -> Iterator[Strike]:
    browsers, strike = _begin(system)
    send_signal([one.driver for one in browsers], signal.SIGKILL)
    _until_gone(browsers, strike, with_drivers=True)
    yield strike


@contextmanager
def rendering_worker_killed(system: System) -> Iterator[Strike]:
    eventually(system.browsers)
    main = eventually(lambda: next((one for one in system.mains() if _renders(system, one)), None))
    workers = {main, *system.children(main)}
    browsers = [one for one in system.browsers() if _is_below(system, one.pid, workers)]
    strike = kill(system, list(workers))
    _until_gone(browsers, strike, with_drivers=True)
    yield strike


@contextmanager
def shm_full(system: System) -> Iterator[Strike]:
    filler = system.shm / "filler"
    browsers, strike = _begin(system)
    fill(filler)
    try:
        send_signal([one.pid for one in browsers], signal.SIGKILL)
        _until_gone(browsers, strike)
        yield strike
    finally:
        filler.unlink()
    strike.since = time.monotonic()


def _begin(system: System) -> tuple[list[BrowserTree], Strike]:
    browsers: list[BrowserTree] = eventually(system.browsers)
    return browsers, Strike(all_held(system))


def _until_gone(browsers: list[BrowserTree], strike: Strike, *, with_drivers: bool = False) -> None:
    def is_left(browser: BrowserTree) -> bool:
        folder = browser.folder is not None and browser.folder.exists()
        return folder or browser.runs or (with_drivers and lives(browser.driver))

    eventually(lambda: not any(map(is_left, browsers)))
    strike.ended_s = time.monotonic() - strike.since


def _renders(system: System, main: int) -> bool:
    """Whether a worker holds a row that is shown in its browser."""
    held = system.held_by_pid()
    ids = {job_id for child in system.children(main) for job_id in held.get(child, ())}
    jobs = database.jobs.get_jobs(system.queue.services.engine, sorted(ids))
    return any("/drawn/" in job.url for job in jobs.values())


def _is_below(system: System, pid: int, above: set[int]) -> bool:
    below, waiting = set(), list(above)
    while waiting:
        children = system.children(waiting.pop())
        below |= set(children)
        waiting += children
    return pid in below
