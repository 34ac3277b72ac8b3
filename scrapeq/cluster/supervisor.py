"""The process that runs a home's private Redis and workers, and ends with its last owner.

    python -m scrapeq.cluster.supervisor '{"home": …, "redis": …, "worker_app": …, "lock_fd": …}'

Started by `start.py`, which holds the home's lock and hands it down. It is in a session of its
own, so that an interrupt in a notebook does not reach it. Its parent has ended, so that a kernel that
ends its children on shutdown leaves a detached cluster alone.

Everything happens in one thread: Linux ends Redis when the *thread* that started it ends.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scrapeq.cluster import control, redis_server, temporary
from scrapeq.cluster.child import Child
from scrapeq.cluster.files import LOCK, Access, open_log, read_access, tail, trim_log
from scrapeq.cluster.lifeline import OWNER_FD, describe_owner_fd, set_death_signal

WORKER = "scrapeq.pipeline.cluster_worker"  # starts the Celery app that it is given
FIRST_OWNER_S = 10.0  # who starts a supervisor connects within milliseconds
LINGER_S = 1.5  # the next cell's kernel, or the next line of a script, finds warm workers
WORKER_END_S = 5.0  # with the next, under the 10 s in which nothing may be left
REDIS_END_S = 2.0
RESTART_END_S = 8.0  # a worker that has to stop exits within 8 s
KILLED = {"signal 9", "signal 15"}  # by somebody else: this says nothing about the files
LOOK_AROUND_EVERY_S = 5.0
PING_EVERY_S = 0.005  # Valkey answers 12 ms after its start


class Supervisor:
    """The state of one cluster, and one turn of its loop after the other."""

    def __init__(
        self, home: Path, access: Access, redis: str, worker_app: str, *, lock_fd: int, held_fd: int
    ) -> None:
        self._home = home
        self._access = access
        self._redis_binary = redis
        self._worker_app = worker_app
        self._lock_fd = lock_fd
        self._held_fd = held_fd
        self._logs = home / "logs"
        self._data = home / "redis"
        self._death_signal = set_death_signal(os.getpid())
        # Workers inherit the reading end; it ends when this process does
        self._lifeline_fd, self._lifeline_owner_fd = os.pipe()

        self._started_at = time.monotonic()
        self._redis = Child("Redis", self._start_redis)
        self._redis_ready = False
        self._redis_was_ready = False
        self._has_cleared = False
        self._failed_starts = 0
        self._moved_aside = False
        self._workers: list[Child] = []
        self._worker_count = 0

        self._selector = selectors.DefaultSelector()
        self._owners: set[socket.socket] = set()
        self._waiting: set[socket.socket] = set()
        self._detached = False
        self._alone_until: float | None = self._started_at + FIRST_OWNER_S
        self._look_at = 0.0
        self._failure = ""
        self._stopping = False

    # the loop

    def run(self, listener: socket.socket) -> None:
        """Supervise until there is no owner left or somebody says stop; then end everything."""
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._signals(), selectors.EVENT_READ, _drain)
        while not self._stopping:
            self._turn(time.monotonic())
            if not self._stopping:
                self._wait(self._next_event(time.monotonic()))
        # From here on no owner can join: the next one finds no socket, waits for the lock and
        # starts a new supervisor.
        self._access.control_socket.unlink(missing_ok=True)
        self._selector.unregister(listener)
        listener.close()
        self._end_all()

    def _turn(self, now: float) -> None:
        if self._redis.reap(now):
            self._redis_died(now)
        for worker in self._workers:
            if worker.reap(now):
                log(f"{worker.name} ended ({worker.last_end})")
        if self._redis.start_if_due(now):
            log(f"Redis starts, process {self._redis.pid}")
        if self._redis.pid and not self._redis_ready:
            self._ping()
        if self._redis_ready:
            for worker in self._workers:
                if worker.start_if_due(now):
                    log(f"{worker.name} starts, process {worker.pid}")
        if now >= self._look_at:
            self._look_at = now + LOOK_AROUND_EVERY_S
            self._look_around()
        if self._alone_until is not None and now >= self._alone_until:
            log("no owner is left")
            self._stopping = True

    def _look_around(self) -> None:
        for name in ("supervisor", "redis", "worker"):
            trim_log(self._logs / f"{name}.log")
        try:
            in_place = os.path.samestat(os.stat(self._home / LOCK), os.fstat(self._lock_fd))
        except OSError:
            in_place = False
        if not in_place:  # whoever comes next locks another file, and would not find us
            log("the home was removed")
            self._stopping = True
        base = self._access.temporary
        held = {_folder(base, n, one) for n, one in enumerate(self._workers, 1) if one.pid}
        _clear_left(base, held)

    def _next_event(self, now: float) -> float:
        """Seconds until there is something to do that no signal and no socket announces."""
        times = [self._look_at]
        if self._alone_until is not None:
            times.append(self._alone_until)
        if self._redis.pid and not self._redis_ready:
            times.append(now + PING_EVERY_S)
        for child in [self._redis, *self._workers]:
            if child.kill_at:
                times.append(child.kill_at)
            if not child.pid and (self._redis_ready or child is self._redis):
                times.append(child.start_at)
        return max(0.0, min(times) - now)

    def _wait(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            key.data(key.fileobj)

    def _signals(self) -> socket.socket:
        """A socket that becomes readable when a child ends, or when a signal stops this process."""
        reader, writer = socket.socketpair()
        reader.setblocking(False)
        writer.setblocking(False)
        self._signal_writer = writer
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        # Handlers and not SIG_IGN, which the children would inherit
        signal.signal(signal.SIGHUP, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_signal)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        return reader

    def _stop_signal(self, _number: int, _frame: object) -> None:
        self._stopping = True  # and no more: a handler may interrupt a line that is being logged

    # Redis

    def _start_redis(self) -> subprocess.Popen[bytes]:
        self._redis_ready = False
        self._data.mkdir(mode=0o700, exist_ok=True)
        output = open_log(self._logs / "redis.log")
        try:
            # It inherits the locks, so that no other Redis starts on these files, and nobody clears
            # its socket, while this one still lives, even if the supervisor has ended.
            process = self._spawn(
                [self._redis_binary, "-"],
                output,
                stdin=subprocess.PIPE,
                pass_fds=[self._lock_fd, self._held_fd],
            )
        finally:
            os.close(output)
        try:
            with process.stdin as stdin:  # type: ignore[union-attr]  # it is a PIPE
                stdin.write(redis_server.configuration(self._data, self._access).encode())
        except BrokenPipeError:
            pass  # it ended at once, which the next turn sees and its log explains
        return process

    def _ping(self) -> None:
        try:
            redis_server.ask(self._access, "PING", timeout_s=0.2)
        except redis_server.NotReady:
            return
        log(f"Redis answers, process {self._redis.pid}")
        self._redis_ready = self._redis_was_ready = True
        self._failed_starts, self._moved_aside = 0, False
        for connection in self._waiting.copy():
            self._answer(connection, self._place())
        if not self._has_cleared:  # now, since nobody waits for it
            self._has_cleared = True
            temporary.clear_left()

    def _redis_died(self, now: float) -> None:
        """It is started again after a while; but one that never came up will not come up."""
        how = self._redis.last_end
        log(f"Redis ended ({how})")
        was_ready, self._redis_ready = self._redis_ready, False
        if was_ready or how in KILLED:
            return
        self._failed_starts += 1
        if self._failed_starts < 2:
            return
        if how.startswith(("exit status", "signal")) and self._files_may_be_damaged():
            self._move_data_aside()
            self._redis.start_at = now
        elif not self._redis_was_ready:
            self._failure = f"the private Redis does not start ({how})"
            for connection in self._waiting.copy():
                self._answer(connection, self._place())
            self._stopping = True

    def _files_may_be_damaged(self) -> bool:
        if self._moved_aside or not self._data.is_dir() or not any(self._data.iterdir()):
            return False
        return "No space left" not in tail(self._logs / "redis.log")  # they are good, then

    def _move_data_aside(self) -> None:
        """Two starts failed on these files: start empty, since the database can rebuild it all."""
        aside = self._home / "redis.damaged"
        shutil.rmtree(aside, ignore_errors=True)
        self._moved_aside = True
        try:
            self._data.rename(aside)
        except OSError as error:
            log(f"Redis cannot start with its files, and they cannot be moved: {error}")
            return
        log(f"Redis cannot start with its files: they are now in {aside}, and it starts empty")

    # workers

    def _want_workers(self, count: int) -> None:
        """Have at least `count` worker processes; there are never fewer than before."""
        missing = count - self._worker_count
        if missing > 0:
            number = len(self._workers) + 1
            start = functools.partial(self._start_worker, number, missing)
            self._workers.append(Child(f"worker {number}", start))
            self._worker_count = count

    def _start_worker(self, number: int, concurrency: int) -> subprocess.Popen[bytes]:
        own = _folder(self._access.temporary, number, self._workers[number - 1])
        own.mkdir(mode=0o700, exist_ok=True)
        output = open_log(self._logs / "worker.log")
        name = f"scrapeq-{os.getpid()}-{number}@{socket.gethostname()}"
        command = [sys.executable, "-m", WORKER, self._worker_app, str(concurrency), name]
        try:
            return self._spawn(
                command,
                output,
                stdin=subprocess.DEVNULL,
                pass_fds=[self._lifeline_fd],
                temporary=own,
            )
        finally:
            os.close(output)

    def _spawn(
        self,
        command: list[str],
        output: int,
        stdin: int,
        pass_fds: list[int],
        temporary: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        # The home is the working folder because Python and Celery import from it first: in a
        # user's folder, a file named redis.py or queue.py would be taken for the library.
        return subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd=self._home,
            env={
                **os.environ,
                "SCRAPEQ_HOME": str(self._home),
                # What is left there by a killed process ends with us, or before.
                "TMPDIR": str(temporary or self._access.temporary),
                OWNER_FD: describe_owner_fd(self._lifeline_fd),
            },
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=self._death_signal,  # noqa: PLW1509 - there is one thread, so it is safe
        )

    # requests

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # it left at once, or we are out of descriptors
            return
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ, self._receive)

    def _receive(self, connection: socket.socket) -> None:
        """Take a request. They are smaller than what a socket delivers in one piece."""
        try:
            line = connection.recv(control.MAX_LINE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            line = b""
        if not line:
            self._hang_up(connection)
            return
        try:
            message = json.loads(line)
            operation, workers = message["operation"], int(message.get("workers", 0))
        except (ValueError, KeyError, TypeError):
            self._hang_up(connection)
            return
        self._do(connection, operation, workers)

    def _do(self, connection: socket.socket, operation: str, workers: int) -> None:
        if operation == "status":
            self._answer(connection, self._status())
        elif operation in {"own", "detach", "hello"}:
            if operation == "own":
                self._owners.add(connection)
            elif operation == "detach":
                self._detached = True
            self._want_workers(workers)
            self._waiting.add(connection)
            if self._redis_was_ready:
                self._answer(connection, self._place())
        elif operation == "restart_workers":
            for worker in self._workers:
                worker.end(time.monotonic(), RESTART_END_S)
            self._answer(connection, self._place())
        elif operation == "release":
            self._owners.discard(connection)
            if self._owners or self._detached:
                self._answer(connection, self._place())
            else:
                self._stopping = True
        elif operation == "stop":
            log("told to stop")
            self._stopping = True
        self._count_owners()

    def _count_owners(self) -> None:
        if self._owners or self._detached:
            self._alone_until = None
        elif self._alone_until is None:
            self._alone_until = time.monotonic() + LINGER_S

    def _answer(self, connection: socket.socket, message: dict[str, Any]) -> None:
        self._waiting.discard(connection)
        try:
            connection.send(control.encode(message))
        except OSError:  # it is gone, or does not read what it asked for
            self._hang_up(connection)

    def _hang_up(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._owners.discard(connection)
        self._waiting.discard(connection)
        connection.close()
        self._count_owners()

    def _place(self) -> dict[str, Any]:
        if self._failure:
            return {"error": self._failure, "log": tail(self._logs / "redis.log")}
        return {"supervisor_pid": os.getpid(), "worker_count": self._worker_count}

    def _status(self) -> dict[str, Any]:
        problems = [child.problem for child in [self._redis, *self._workers] if child.problem]
        return {
            "supervisor_pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self._started_at, 3),
            "owners": len(self._owners),
            "detached": self._detached,
            "redis_pid": self._redis.pid,
            "redis_restarts": self._redis.restarts,
            "worker_count": self._worker_count,
            "worker_pids": [worker.pid for worker in self._workers if worker.pid],
            "worker_restarts": sum(worker.restarts for worker in self._workers),
            "problem": "; ".join(problems),
        }

    # the end

    def _end_all(self) -> None:
        """Workers first, so that they can still put back what they hold; then Redis."""
        _end(self._workers, WORKER_END_S)
        _end([self._redis], REDIS_END_S)
        shutil.rmtree(self._access.folder, ignore_errors=True)
        log("everything has ended")


def _folder(base: Path, number: int, worker: Child) -> Path:
    """The folder for the temporary files of a worker, another after each start. Its name is short, for
    sockets lie in it."""
    return base / f"w{number}-{worker.restarts}"


def _clear_left(base: Path, held: set[Path]) -> None:
    """Remove the folders of workers that have ended: profiles of browsers lie in them."""
    for folder in base.glob("w*-*"):
        if folder not in held:
            shutil.rmtree(folder, ignore_errors=True)


def _drain(reader: socket.socket) -> None:
    reader.recv(4096)


def _end(children: list[Child], most_s: float) -> None:
    for child in children:
        child.end(time.monotonic(), most_s)
    while any(child.pid for child in children):
        for child in children:
            child.reap(time.monotonic())
        time.sleep(0.01)


def log(message: str) -> None:
    """A line in supervisor.log, which is this process's standard error."""
    with contextlib.suppress(OSError):  # a full disk
        print(time.strftime("%Y-%m-%d %H:%M:%S"), message, file=sys.stderr, flush=True)


def main() -> None:
    """Listen, leave the process that started this one, and supervise.

    The first process ends when the socket listens, with status 0: so its parent knows that it
    can connect, and has nothing left to reap later.
    """
    values = json.loads(sys.argv[1])
    home = Path(values["home"])
    access = read_access(home)
    if access is None:
        raise SystemExit(f"{home / 'cluster.json'} cannot be read")
    os.umask(0o077)
    access.control_socket.unlink(missing_ok=True)  # of a supervisor that was killed
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(access.control_socket))
    listener.listen(128)
    listener.setblocking(False)
    if os.fork():
        os._exit(0)
    locks = {name: int(values[name]) for name in ("lock_fd", "held_fd")}
    for fd in locks.values():
        os.set_inheritable(fd, False)
    shutil.rmtree(access.temporary, ignore_errors=True)  # of a supervisor that was killed
    access.temporary.mkdir(mode=0o700)
    supervisor = Supervisor(home, access, values["redis"], values["worker_app"], **locks)
    supervisor.run(listener)
    # Who waits for the end sees its connection close: only now, with the process itself
    os._exit(0)


if __name__ == "__main__":
    main()
