"""The files of a home's cluster: the lock, the password, the folder of its sockets, the logs.

    <home>/cluster.lock   held from the birth of a supervisor to the death of its Redis
    <home>/cluster.json   password and socket folder; 0600; stays, so that clients reconnect
    <home>/redis/         Redis's append-only files
    <home>/logs/          supervisor.log, redis.log, worker.log
    <temp>/scrapeq-…/     control.sock, redis.sock, the workers' temporary files; 0700

Sockets do not live in the home because their path is limited to 104 bytes (macOS; 108 on Linux),
and not in XDG_RUNTIME_DIR because that is wiped when the user logs out, which `scrapeq up`
survives.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from scrapeq.errors import ClusterFailed

LOCK = "cluster.lock"
_SOCKET_PATH_BYTES = 100
_LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class Access:
    """How to reach the cluster of a home: where its sockets are, and Redis's password."""

    folder: Path
    password: str = field(repr=False)

    @property
    def control_socket(self) -> Path:
        """Where the supervisor listens."""
        return self.folder / "control.sock"

    @property
    def redis_socket(self) -> Path:
        """Where Redis listens."""
        return self.folder / "redis.sock"

    @property
    def temporary(self) -> Path:
        """Where workers have their temporary files (of multiprocessing: pymp-…)."""
        return self.folder / "tmp"


def resolve_home(home: Path) -> Path:
    """One name for one home, whatever relative path or link it was given by."""
    return home.resolve()


def read_access(home: Path) -> Access | None:
    """What cluster.json says, or None if there is none, or it is damaged or of another home.

    The last is so in a copied folder: the original's cluster is not to be taken for the copy's.
    Raises ClusterFailed when it belongs to another user: whoever wrote it would be trusted with
    everything that is put into Redis.
    """
    path = home / "cluster.json"
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_uid != os.geteuid():
                raise _foreign(path)
            values = json.load(file)
        if values["home"] != str(home):
            return None
        return Access(Path(values["folder"]), str(values["password"]))
    except PermissionError as error:
        raise _foreign(path) from error
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _foreign(path: Path) -> ClusterFailed:
    return ClusterFailed(
        f"{path} belongs to another user",
        hint="set SCRAPEQ_HOME to a folder of your own, or REDIS_URL to share a Redis",
        home=path.parent,
    )


def make_access(home: Path) -> Access:
    """Like the last time where that is still safe, so that clients reconnect; else new.

    Only for the holder of the home's lock. Raises OSError when the home cannot be written.
    """
    before = read_access(home)
    password = before.password if before else secrets.token_urlsafe(32)
    access = Access(private_folder(home, password), password)
    path = home / "cluster.json"
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"home": str(home), "folder": str(access.folder), "password": password}, file)
    draft.replace(path)
    return access


def private_folder(home: Path, password: str) -> Path:
    """A folder for sockets that only this user can enter.

    It has the same name each time, but another one when the home was removed and made again: the
    old cluster may still be ending. If somebody else was there first (a folder of theirs, a link,
    one that others may enter), a new one with a random name is taken instead.
    """
    name = hashlib.sha256(os.fsencode(home) + password.encode()).hexdigest()[:16]
    name = f"scrapeq-{os.geteuid()}-{name}"
    base = Path(tempfile.gettempdir())
    if len(os.fsencode(base / f"{name}-12345678" / "control.sock")) > _SOCKET_PATH_BYTES:
        base = Path("/tmp")  # noqa: S108 - as safe as any other base: the folder is checked
    folder = base / name
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
        if not ours or stat.S_IMODE(found.st_mode) & 0o077:
            return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=base))
    return folder


def open_log(path: Path) -> int:
    """A descriptor that appends to the log at `path`, private and trimmed."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    trim_log(path)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def trim_log(path: Path, limit_bytes: int = _LOG_BYTES) -> None:
    """Keep a log below `limit_bytes`: its newest half moves to `<name>.1`, the rest is dropped.

    Its writers go on writing to the same file, which is why it is emptied and not renamed.
    """
    try:
        with path.open("r+b") as log:
            if log.seek(0, os.SEEK_END) <= limit_bytes:
                return
            log.seek(-limit_bytes // 2, os.SEEK_END)
            path.with_name(path.name + ".1").write_bytes(log.read(limit_bytes))
            log.truncate(0)
    except OSError:
        return  # no log yet, or a full disk: neither may stop the cluster


def tail(path: Path, lines: int = 8) -> str:
    """The last lines of a log, for an error message; empty if there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 4000))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])
