"""Temporary folders: the next start clears what nobody holds, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scrapeq.cluster import temporary

#: Makes a folder, says where it is, and holds it until it is killed.
HOLDER = """
import sys
from scrapeq.cluster import temporary
print(temporary.make("test"), flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, of this test alone."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def holder() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A process that holds a folder, and the folder; it is killed at the end."""
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_what_a_killed_process_left_is_cleared_by_the_next_start() -> None:
    with holder() as (_, folder):
        (folder / "pymp-abc").mkdir()
        temporary.clear_left()
        assert (folder / "pymp-abc").is_dir()

    assert folder.is_dir()
    temporary.clear_left()
    assert not folder.exists()


def test_a_home_whose_cluster_still_ends_is_left_alone() -> None:
    import fcntl

    with holder() as (_, folder):
        (folder / "cluster.lock").touch()
    with (folder / "cluster.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        temporary.clear_left()
        assert folder.is_dir()

    temporary.clear_left()
    assert not folder.exists()


def _never_held(folder: Path) -> None:
    folder.mkdir()


def _a_link(folder: Path) -> None:
    target = folder.with_name("target")
    target.mkdir()
    (target / temporary.HELD).touch()
    folder.symlink_to(target)


def _a_link_inside(folder: Path) -> None:
    folder.mkdir()
    (folder / temporary.HELD).symlink_to(__file__)


def _another_users(folder: Path) -> None:
    folder.mkdir()
    (folder / temporary.HELD).touch()
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    os.chown(folder, 1, 1)


@pytest.mark.parametrize("make", [_never_held, _a_link, _a_link_inside, _another_users])
def test_what_is_not_ours_is_left_alone(base: Path, make: Callable[[Path], None]) -> None:
    folder = base / "scrapeq-something"
    make(folder)

    temporary.clear_left()

    assert folder.exists()


def test_a_folder_that_is_cleared_at_this_moment_is_made_again(base: Path) -> None:
    folder = base / "scrapeq-home-x"

    fd = temporary.hold(folder)

    temporary.clear_left()
    assert folder.is_dir()
    os.close(fd)
    temporary.clear_left()
    assert not folder.exists()


def test_what_was_made_here_can_be_removed_twice() -> None:
    folder = temporary.make("test")

    temporary.remove(folder)
    temporary.remove(folder)

    assert not folder.exists()
