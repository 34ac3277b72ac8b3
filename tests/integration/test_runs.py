"""What a run of the tests does besides: see the conftest.py at the top."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: It starts a process that nobody ends and that no end of a pipe ends either.
LEAVES_ONE = """
import subprocess, time
from pathlib import Path

def test_it():
    command = ["sleep", "1000"]
    left = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    left.returncode = 0  # so that Python does not warn of it
    Path("left").write_text(str(left.pid))
    {then}
"""
MANY = """
import pytest

@pytest.mark.parametrize("number", range(20))
def test_it(number):
    print(f"number {number}.")
"""

Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """`run(module, *arguments)`: pytest over one module, in a folder of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(module: str, *arguments: str) -> subprocess.Popen[str]:
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        (tmp_path / "test_module.py").write_text(module)
        own = {name: value for name, value in os.environ.items() if "XDIST" not in name}
        own["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and they take seconds
        own["PYTHONPATH"] = os.pathsep.join([str(ROOT), own.get("PYTHONPATH", "")])
        command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-s"]
        started.append(
            subprocess.Popen(
                [*command, *arguments], cwd=tmp_path, env=own, stdout=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
def test_a_process_that_a_test_leaves_fails_the_run_and_is_ended(run: Run, tmp_path: Path) -> None:
    tests = run(LEAVES_ONE.format(then="pass"), "--ending-s", "0.1")

    printed, _ = tests.communicate()

    left = (tmp_path / "left").read_text()
    assert tests.returncode == 1
    assert "1 passed" in printed
    assert f"{left} sleep 1000 , started by test_module.py::test_it (call)" in printed
    assert has_ended(left)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart by /proc")
def test_an_interrupted_run_leaves_no_process(run: Run, tmp_path: Path) -> None:
    tests = run(
        LEAVES_ONE.format(then='print("ready", flush=True); time.sleep(1000)'), "--ending-s=0.1"
    )
    assert tests.stdout
    while "ready" not in tests.stdout.readline():
        assert tests.poll() is None

    tests.send_signal(signal.SIGINT)
    printed, _ = tests.communicate()

    left = (tmp_path / "left").read_text()
    assert tests.returncode == pytest.ExitCode.INTERRUPTED
    assert f"{left} sleep 1000" in printed
    assert has_ended(left)


def test_the_order_is_random_and_can_be_repeated(run: Run) -> None:
    first, again, other, of_the_file = (
        re.findall(r"number (\d+)\.", run(MANY, "--order", order).communicate()[0])
        for order in ("1", "1", "2", "file")
    )

    assert first == again
    assert len({tuple(first), tuple(other), tuple(of_the_file)}) == 3
    assert of_the_file == [str(number) for number in range(20)]
    assert sorted(first) == sorted(of_the_file)


def has_ended(pid: str) -> bool:
    """Whether it is gone, or dead and not yet fetched by its parent."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
