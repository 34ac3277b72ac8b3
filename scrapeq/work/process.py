"""The processes of a worker: a main one that keeps house, and children that work on jobs.

Celery starts and ends them; `pipeline/worker.py` says so by its signals. With a pool without child
processes both are the same one.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from scrapeq import cluster
from scrapeq.errors import ConfigError, DatabaseTooNew, MissingExtra, RedisEvicts, ScrapeqError
from scrapeq.frontier import Listener
from scrapeq.project import tracing
from scrapeq.project.services import Services, open_services
from scrapeq.settings import load_settings
from scrapeq.work.duties import Housekeeping, slow_duties, usual_duties
from scrapeq.work.listening import Listening
from scrapeq.work.loop import WorkLoop
from scrapeq.work.shared_answers import SharedAnswers

log = logging.getLogger(__name__)

#: Seconds after which a worker that has to stop ends, whatever still runs.
LAST_MOMENT_S = 6.0
#: What keeps a worker from ever working, until a person does something.
_NEVER = (ConfigError, DatabaseTooNew, MissingExtra, RedisEvicts)

_T = TypeVar("_T")


class WorkProcess:
    """What one process works with, made when it is first needed: a fork starts with nothing."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._services: Services | None = None
        self._loop: WorkLoop | None = None
        self._answers: SharedAnswers | None = None
        self._renders_only, self._takes_notices = False, True
        #: Set when the process is to end.
        self.stopping = threading.Event()

    @property
    def services(self) -> Services:
        """The stores. Raises what `open_services` raises."""
        with self._lock:
            if self._services is None:
                self._services = open_services(start=False)
            return self._services

    @property
    def loop(self) -> WorkLoop:
        """The work loop, which runs. Raises what `open_services` raises."""
        with self._lock:
            if self._loop is None:
                self._loop = WorkLoop(
                    self.services,
                    renders_only=self._renders_only,
                    takes_notices=self._takes_notices,
                )
                self._loop.start()
                if self.stopping.is_set():  # it came too late for `stop`
                    self._loop.stop()
            return self._loop

    @property
    def answers(self) -> SharedAnswers:
        """What language models answered before. Raises what `open_services` raises."""
        with self._lock:
            if self._answers is None:
                self._answers = SharedAnswers(self.services.engine)
            return self._answers

    def stop(self) -> None:
        """Give the jobs back, write what is read, and end the loop."""
        self.stopping.set()
        if self._loop is not None:
            self._loop.stop()

    def begin(self, lifeline: Lifeline, *, scrapes: bool, renders: bool) -> None:
        """This process was forked to work. scrapes, renders: for the queues that the loop works for,
        and who scrapes renders, too; a worker for others has no loop, for it would look like one that
        scrapes."""
        cluster.die_with_owner()
        cluster.die_with_parent()
        # What was loaded stays: the collector need not walk through it again and again.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        tracing.begin()
        lifeline.watch(self.stop)
        self._renders_only, self._takes_notices = renders and not scrapes, scrapes
        if scrapes or renders:
            threading.Thread(target=self._start_loop, daemon=True).start()

    def _start_loop(self) -> None:
        """Have the loop running before the first wake-up, or as soon as there is a Redis."""
        _opened_when_possible(lambda: self.loop, self.stopping)


def _opened_when_possible(make: Callable[[], _T], stopping: threading.Event) -> _T | None:
    """What `make` gives as soon as it raises no error of ours; None if `stopping` is set before. Each
    error is logged once."""
    logged = ""
    while True:
        try:
            return make()
        except ScrapeqError as error:
            if str(error) != logged:
                log.error("%s", error)  # noqa: TRY400 - a traceback would hide what it says
            logged = str(error)
        if stopping.wait(1):
            return None


class Lifeline:
    """A pipe whose writing end is only in the main process: when that closes it, or ends, the
    children know."""

    def __init__(self) -> None:
        self._ends: tuple[int, int] | None = None

    def open(self) -> None:
        """In the main process, before it forks."""
        self._ends = os.pipe()

    def watch(self, when_it_ends: Callable[[], None]) -> None:
        """In a child: call `when_it_ends` when the main process lets go."""
        if self._ends is None:
            return
        reading_end, writing_end = self._ends
        os.close(writing_end)

        def wait() -> None:
            os.read(reading_end, 1)  # nothing is ever written
            when_it_ends()

        threading.Thread(target=wait, daemon=True).start()

    def let_go(self) -> None:
        """In the main process: tell the children to stop."""
        if self._ends is not None:
            os.close(self._ends[1])
            self._ends = None


class MainProcess:
    """The process that Celery starts first: it does the duties, and sees that the end comes."""

    def __init__(self) -> None:
        self.lifeline = Lifeline()
        self._housekeeping: list[Housekeeping] = []
        self._listening: Listening | None = None
        self._stopping = threading.Event()

    def private_broker(self) -> str | None:
        """Before the start: have a Redis to work with. Its URL, if it is a private one.

        Ends the process where it could never work, with the reason in its log: a worker that said
        that it is ready would be waited for. One whose Redis or record is away starts and waits.
        """
        cluster.die_with_owner()
        # Celery collects garbage before it forks, once for each child, and would walk through all that was
        # loaded: a tenth of the start. Children share the memory of what nobody walks through, too.
        gc.freeze()
        self.lifeline.open()
        settings = load_settings()
        url = None
        if not cluster.is_supervised():
            cluster.temporary.clear_left()
            cluster.temporary.use("worker")
        if not settings.shared and not cluster.is_supervised():
            url = cluster.ensure_cluster(settings, workers=0).worker_broker_url
        try:
            open_services(settings, start=False).engine.dispose()
        except _NEVER as error:
            sys.stderr.write(f"this worker cannot start: {error}\n")  # Celery's log comes later
            raise SystemExit(os.EX_CONFIG) from error
        except ScrapeqError as error:
            log.info("this worker waits: %s", error)
        return url

    def is_ready(self, processes: int, queues: Iterable[str]) -> None:
        """Celery listens to these queues, with so many child processes: duties begin."""
        settings = load_settings()
        if settings.shared and settings.database_url is None:
            log.warning(
                "the record is the file %s: workers on other machines need SCRAPEQ_DATABASE_URL",
                settings.database_path,
            )
        if not self._housekeeping:
            threading.Thread(
                target=self._keep_house, args=(processes, tuple(sorted(queues))), daemon=True
            ).start()

    def _keep_house(self, processes: int, queues: tuple[str, ...]) -> None:
        """Begin with the duties, now or as soon as Redis and the record answer."""
        services = _opened_when_possible(lambda: open_services(start=False), self._stopping)
        if services is not None:
            self._housekeeping = [
                Housekeeping(services, usual_duties(processes)),
                *(Housekeeping(services, [one], f"scrapeq-{one.name}") for one in slow_duties()),
            ]
            for one in self._housekeeping:
                one.start()
            name = f"{socket.gethostname()}:{os.getpid()}"
            self._listening = Listening(services, Listener(name, processes, queues))
            self._listening.start()

    def stop(self, own: WorkProcess) -> None:
        """Tell the children to give their jobs back, and see that the end comes in time.

        own: this process's, which works where there are no child processes.
        """
        # Python walks through all that was ever loaded when it ends: seconds on a busy machine.
        gc.freeze()
        self._stopping.set()
        for one in self._housekeeping:
            one.stop()
        if self._listening is not None:
            self._listening.stop()
        self.lifeline.let_go()
        threading.Thread(target=own.stop, daemon=True).start()
        last_moment = threading.Timer(LAST_MOMENT_S, _end_now)
        last_moment.daemon = True
        last_moment.start()


def _end_now() -> None:
    """A task still runs: end this worker and its children. Unfinished work is found by others."""
    from billiard import active_children

    log.warning("a task still runs after %g s: ending without it", LAST_MOMENT_S)
    for child in active_children():
        os.kill(child.pid, signal.SIGKILL)
    os._exit(1)
