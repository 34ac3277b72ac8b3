"""What every run of the tests has, the doctests and the notebooks included.

- Tests run in random order: modules, and tests within a module. The cells of a notebook keep theirs.
  `--order 7` repeats the order of a run that printed 7; `--order file` is the order of the files.
- With xdist, modules that take long begin first, so that no core is left with one of them at the
  end. A module stays in one process (`--dist loadscope`), which is given the next one when it is done.
- Examples in docstrings run where users read them, in scrapeq. `--doctest-modules` alone would import every
  file of tests once more.
- Nothing that a test started is left when the tests end, also when they are interrupted.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule  # it has no public name

_TESTS = Path(__file__).parent / "tests"
#: What takes longest, first: see `pytest --durations`.
_LONG = (
    "tests/acceptance/test_hostile_web.py",
    "tests/integration/fetch/test_catalogue.py",
    "tests/faults/test_faults.py",
    "tests/integration/cli/test_command_line.py",
    "tests/integration/api/test_api_document.py",
    "tests/browser/",
    "tests/acceptance/",
    "notebooks/sharing_a_cluster.ipynb",
    "notebooks/",
    "tests/integration/",
    "tests/contract/",
)
#: Variables that xdist's workers inherit from their controller: the order of the tests, and what
#: marks every process that comes from this run.
_ORDER, _MARK = "TESTS_ORDER", "TESTS_RUN"
_LEFT = pytest.StashKey[list[str]]()

# What is loaded and collected stays to the end: see pytest_runtestloop.
gc.disable()

if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ[_MARK] = f"{os.getpid()}-{time.time_ns()}"
# A shell that runs the tests in its background ignores interrupts, and every child would, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--order", help="of the tests: a number that a run printed, or file; long ones first"
    )
    parser.addoption(
        "--ending-s",
        type=float,
        default=20,
        help="seconds that processes may take to end when all tests have (10 for a private cluster)",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_ORDER] = config.option.order or str(random.randrange(1_000_000))
    config.option.order = os.environ[_ORDER]


def pytest_report_header(config: pytest.Config) -> str:
    return f"order of the tests: --order {config.option.order}"


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Leave examples in docstrings out of what tests say."""
    collectors = yield
    if file_path.is_relative_to(_TESTS):
        return [one for one in collectors if not isinstance(one, DoctestModule)]
    return collectors


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put long files first, and shuffle, before pytest itself puts tests together that share a fixture's parameter."""
    files = [list(group) for _, group in groupby(items, key=lambda item: item.path)]
    if config.option.order != "file":
        order = random.Random(config.option.order)
        order.shuffle(files)
        for tests in files:
            if tests[0].path.suffix != ".ipynb":
                order.shuffle(tests)
    files.sort(key=lambda tests: _length(tests[0]))
    items[:] = [test for tests in files for test in tests]


def _length(test: pytest.Item) -> int:
    """The place of its module among those that take long; the others are last."""
    places = (place for place, start in enumerate(_LONG) if test.nodeid.startswith(start))
    return next(places, len(_LONG))


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Collect garbage from here on, and of what the tests leave alone. To walk through ten thousand tests and
    all modules, again and again, takes each process 1.5 s of CPU before the first test, and more later."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)  # when xdist has ended its workers
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run, and end them, if processes are left."""
    if hasattr(session.config, "workerinput"):
        return
    deadline = time.monotonic() + session.config.option.ending_s
    while (left := dict(_processes_of_this_run())) and time.monotonic() < deadline:
        time.sleep(0.1)
    session.config.stash[_LEFT] = list(left.values())
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while left.keys() & dict(_processes_of_this_run()).keys():
        time.sleep(0.01)  # a kill is not at once
    if left and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    if exitstatus:
        terminalreporter.write_line(
            f"--order {terminalreporter.config.option.order} repeats the order of these tests"
        )
    left = terminalreporter.config.stash.get(_LEFT, [])
    if left:
        terminalreporter.section("processes that tests left behind", red=True)
        for process in left:
            terminalreporter.write_line(process, red=True)


def _processes_of_this_run() -> Iterator[tuple[int, str]]:
    """Every other process with our mark, and what it is; none where there is no /proc."""
    mark = f"{_MARK}={os.environ[_MARK]}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone, or somebody else's
            variables = _environment_of(folder).split(b"\0")
            if mark in variables and int(folder.name) != os.getpid():
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                test = next((v for v in variables if v.startswith(b"PYTEST_CURRENT_TEST=")), b"")
                started_by = test.decode(errors="replace").partition("=")[2] or "no test"
                yield int(folder.name), f"{folder.name} {command[:200]}, started by {started_by}"


def _environment_of(folder: Path) -> bytes:
    """The variables of a process. The kernel has none for a moment while it starts another program, which its
    parent takes for started already. OSError: it is dead, or the kernel's own."""
    for _ in range(20):
        if found := (folder / "environ").read_bytes():
            break
        (folder / "exe").readlink()
        time.sleep(0.001)
    return found


def pytest_unconfigure() -> None:
    """Let Python end without a walk through all that was ever loaded."""
    gc.freeze()
