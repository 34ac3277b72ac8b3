"""Temporary folders that outlive a killed process no longer than until the next start.

Whoever uses one holds it: a shared lock on a file in it, which the system releases when the last
process that holds it ends, however it ends. `clear_left` removes those that nobody holds. The lock
goes with the open file, so that forks hold the folder too.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

from scrapeq.cluster.files import LOCK

HELD = "held.lock"
_PREFIX = "scrapeq-"


_made: dict[Path, int] = {}


def make(name: str) -> Path:
    """A new folder that only this user may enter, held until `remove`, or until this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{name}-"))
    _made[folder] = hold(folder)
    return folder


def remove(folder: Path) -> None:
    """Remove a folder that was made here; nothing if it was removed before."""
    fd = _made.pop(folder, None)
    if fd is not None:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(fd)


def use(name: str) -> None:
    """Have the temporary files of this process and its children in a folder that is removed with it:
    of multiprocessing (pymp-…), of browsers."""
    folder, made_by = make(name), os.getpid()
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)

    def at_exit() -> None:
        if os.getpid() == made_by:  # a fork that ends takes nothing with it
            remove(folder)

    atexit.register(at_exit)


def hold(folder: Path) -> int:
    """Hold a folder, which is made if it is gone: the open file that does. Raises OSError."""
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(folder / HELD, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            _lock(fd, shared=True)  # waits only for one who clears it at this moment
            if os.path.samestat(os.stat(folder / HELD), os.fstat(fd)):
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)


def clear_left() -> None:
    """Remove the folders of ended processes of this user. Never one that somebody holds, and none
    that nobody ever held: those are not ours."""
    if sys.platform == "win32":
        return
    for base in {Path(tempfile.gettempdir()), Path("/tmp")}:  # noqa: S108 - see private_folder
        for folder in base.glob(f"{_PREFIX}*"):
            try:
                _clear(folder)
            except OSError:  # held, gone meanwhile, or not ours
                continue


def _clear(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        return
    held = os.open(folder / HELD, os.O_RDWR | os.O_NOFOLLOW)
    try:
        _lock(held, shared=False)
        if (folder / LOCK).exists():  # the home of a cluster, which may still be ending
            cluster = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
            try:
                _lock(cluster, shared=False)
            finally:
                os.close(cluster)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(held)


def _lock(fd: int, *, shared: bool) -> None:
    """Lock an open file; shared: wait for it; else BlockingIOError if anybody holds it."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX | fcntl.LOCK_NB)
