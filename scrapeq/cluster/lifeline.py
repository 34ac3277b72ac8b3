"""Children that end with the process they work for, whatever way it ended.

A supervised worker inherits the reading end of a pipe whose only writing end the supervisor
holds: the end of file says that the supervisor is gone, even after kill -9, on every system.
Linux can tell a child of its parent's death besides; the kernel does so when the *thread* that
forked the child ends, so whoever forks such children does it from a thread that lives as long.
"""

from __future__ import annotations

import ctypes
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable

OWNER_FD = "SCRAPEQ_OWNER_FD"  # "<fd>:<inode>": a number alone could be another file by now

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def is_supervised() -> bool:
    """Whether this process is a worker of a private cluster, or a child of one."""
    return OWNER_FD in os.environ


def die_with_owner() -> None:
    """End this process, and its process group, when the cluster's supervisor is gone.

    For the main process of a worker and again in each of its pool children, which are forks.
    Does nothing in a worker that no supervisor started: that one is its user's.
    """
    if not is_supervised():
        return
    die_with_parent()
    fd = _owner_fd(os.environ[OWNER_FD])
    if fd is not None:
        os.set_inheritable(fd, False)  # forks keep it; programs started from here need it not
        threading.Thread(target=_end_at_eof, args=(fd,), name="lifeline", daemon=True).start()


def die_with_parent() -> None:
    """Have Linux kill this process when its parent process ends; nothing on other systems.

    To be called in the child, by children that are worth nothing without their parent.
    """
    parent = os.getppid()
    set_death_signal(parent)()


def set_death_signal(parent: int) -> Callable[[], None]:
    """A function for the child, between fork and exec, that ties its life to `parent`."""
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it ended between the fork and this line
            os._exit(1)

    return tie


def describe_owner_fd(fd: int) -> str:
    """The value of the environment variable that hands `fd` to a child."""
    return f"{fd}:{os.fstat(fd).st_ino}"


def _owner_fd(described: str) -> int | None:
    """The pipe, or None where it was not inherited (a spawned child, a restarted program)."""
    try:
        fd, inode = map(int, described.split(":"))
        found = os.fstat(fd)
    except (ValueError, OSError):
        return None
    return fd if stat.S_ISFIFO(found.st_mode) and found.st_ino == inode else None


def _end_at_eof(fd: int) -> None:
    os.read(fd, 1)  # nothing is ever written: this returns when the last writer is gone
    # The supervisor made a session, and so a group, of each worker. A process that has since
    # moved to another group ends alone.
    if os.getpgrp() == os.getsid(0):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)
