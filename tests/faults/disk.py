"""A small disk that can be filled: a tmpfs, which only root may mount."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def can_mount() -> bool:
    """Whether this user may mount a tmpfs here (in some containers not even root may)."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=4k", "probe", "/mnt"]
    try:
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def fill(file: Path) -> None:
    """Let a file take all the room that is left where it is."""
    with file.open("ab", buffering=0) as filler:
        for size in (1 << 20, 4096):
            try:
                while filler.write(b"\0" * size) == size:
                    pass
            except OSError:  # no space is left
                continue


class SmallDisk:
    """A disk of so many MB, mounted at `folder` until it is closed."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        folder.mkdir()
        size = ["-o", f"size={megabytes}m,mode=0755"]
        subprocess.run(["mount", "-t", "tmpfs", *size, "scrapeq", str(folder)], check=True)

    def fill(self) -> None:
        """Leave no room at all."""
        fill(self._filler)

    def free(self) -> None:
        """Have the room again."""
        self._filler.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it; what still has files open there keeps them until it ends."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
