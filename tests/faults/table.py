"""The faults as data: what each does, how it is undone, and what is promised of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from scrapeq.fetch import find_browser
from tests.faketime import find_faketime
from tests.faults import browser_strikes, strikes
from tests.faults.disk import can_mount
from tests.faults.strikes import Strike
from tests.faults.system import Database, System


@dataclass(frozen=True)
class Fault:
    """One way to break something.

    does, undone: in words. strike: does it, and undoes it at the end of its block. lasts_s: least
    and most seconds until it is undone. recovered: "work" when what was held runs again or is
    done, counted from the strike; "progress" when another row is done, counted from the undoing.
    main_text: of the rows; with "fast" they are read in processes of their own. renders: the rows are
    shown in browsers, and there are fewer of them; needs_shm: with a small /dev/shm. within_s: what is
    promised of that; ends_within_s: of the end of what was told to end (of browsers with their
    profiles), of the pictures that were looked at (a second each), or of the time until a batch beside suspects sends its first request.
    """

    name: str
    does: str
    undone: str
    strike: Callable[[System], AbstractContextManager[Strike]]
    recovered: Literal["work", "progress"]
    within_s: float
    lasts_s: tuple[float, float] = (0, 0)
    past_lease: bool = False
    ends_within_s: float | None = None
    databases: tuple[Database, ...] = ("sqlite", "postgresql")
    needs_disk: bool = False
    needs_clock: bool = False
    main_text: Literal["off", "fast"] = "off"
    renders: bool = False
    needs_shm: bool = False

    def possible(self, system: System) -> bool:
        """Whether it can be done to this system."""
        if self.needs_clock and find_faketime() is None:
            return False
        if (self.renders and find_browser().path is None) or (self.needs_shm and not can_mount()):
            return False
        return system.record in self.databases and (not self.needs_disk or system.disk is not None)


_SUPERVISED = "the supervisor starts it again"

FAULTS = (
    Fault("pool child killed", "kill -9", "Celery forks another", strikes.child_killed, "work", 15),
    Fault(
        "worker killed",
        "kill -9 of all its processes",
        _SUPERVISED,
        strikes.worker_killed,
        "work",
        15,
    ),
    Fault("worker's main process killed", "kill -9", _SUPERVISED, strikes.main_killed, "work", 15),
    Fault("all workers killed", "kill -9", _SUPERVISED, strikes.all_workers_killed, "work", 15),
    Fault(
        "the same work killed twice",
        "kill -9 of all workers, and again when they have the same work",
        _SUPERVISED,
        strikes.same_work_killed_twice,
        "work",
        15,
    ),
    Fault(
        "the same work killed six times",
        "the same six times",
        _SUPERVISED,
        strikes.same_work_killed_six_times,
        "work",
        15,
    ),
    Fault(
        "a better priority beside suspects",
        "the same twice, and a batch of priority 1 for another host",
        _SUPERVISED,
        strikes.priority_beside_suspects,
        "work",
        15,
        ends_within_s=2,
    ),
    Fault(
        "clock set back",
        "the clock of all processes but the submitter's goes back by an hour",
        "it is put right",
        strikes.clock_set_back,
        "progress",
        10,
        (1, 8),
        needs_clock=True,
    ),
    Fault(
        "clock set ahead",
        "the same an hour ahead",
        "it is put right",
        strikes.clock_set_ahead,
        "progress",
        10,
        (1, 8),
        needs_clock=True,
    ),
    Fault(
        "pool child frozen",
        "SIGSTOP past its lease",
        "SIGCONT",
        strikes.child_frozen,
        "work",
        15,
        past_lease=True,
    ),
    Fault(
        "worker frozen",
        "SIGSTOP past its lease",
        "SIGCONT",
        strikes.worker_frozen,
        "work",
        15,
        past_lease=True,
    ),
    Fault(
        "worker told to stop",
        "SIGTERM",
        _SUPERVISED,
        strikes.worker_told_to_stop,
        "work",
        2,
        ends_within_s=8,
    ),
    Fault(
        "worker stopped as docker does",
        "SIGTERM, 10 s, SIGKILL",
        _SUPERVISED,
        strikes.worker_stopped_as_docker_does,
        "work",
        2,
        ends_within_s=8,
    ),
    Fault(
        "readers killed",
        "kill -9 of all that read pages, 15 times in 3 s",
        "others start",
        strikes.readers_killed,
        "progress",
        10,
        main_text="fast",
    ),
    Fault(
        "rows led to a paced host",
        "redirects, twice as many as there are places, to a host with a Crawl-delay of 5 s",
        "they are cancelled",
        strikes.led_to_a_paced_host,
        "work",
        15,
    ),
    Fault(
        "verbs during an outage",
        "kill -9 of Redis; batches are paused, resumed and cancelled",
        _SUPERVISED,
        strikes.verbs_during_an_outage,
        "progress",
        10,
        (1, 4),
    ),
    Fault(
        "verbs in a killed kernel",
        "kill -9 of a kernel that pauses and resumes, five times",
        "what the record calls paused is resumed",
        strikes.verbs_in_a_killed_kernel,
        "progress",
        10,
    ),
    Fault(
        "submitter frozen",
        "SIGSTOP inside a named submit; another kernel submits the name",
        "SIGCONT",
        strikes.submitter_frozen,
        "progress",
        10,
        (1, 4),
    ),
    Fault("Redis killed", "kill -9", _SUPERVISED, strikes.redis_killed, "progress", 10),
    Fault("Redis told to stop", "SIGTERM", _SUPERVISED, strikes.redis_told_to_stop, "progress", 10),
    Fault(
        "Redis rolled back",
        "kill -9, its file cut by a second",
        _SUPERVISED,
        strikes.redis_rolled_back,
        "progress",
        10,
    ),
    Fault("Redis emptied", "FLUSHALL", "not at all", strikes.redis_emptied, "progress", 10),
    Fault(
        "Redis full",
        "maxmemory below what it holds",
        "maxmemory 0",
        strikes.redis_full,
        "progress",
        10,
        (1, 4),
    ),
    Fault(
        "connections reset",
        "CLIENT KILL of all",
        "not at all",
        strikes.connections_reset,
        "progress",
        10,
    ),
    Fault("Redis frozen", "SIGSTOP", "SIGCONT", strikes.redis_frozen, "progress", 10, (1, 8)),
    Fault(
        "Redis frozen under a card",
        "SIGSTOP; a card and the health are looked at",
        "SIGCONT",
        strikes.redis_frozen_under_a_card,
        "progress",
        10,
        (1, 8),
        ends_within_s=2.5,
    ),
    Fault(
        "Redis frozen past the leases",
        "SIGSTOP",
        "SIGCONT",
        strikes.redis_frozen,
        "progress",
        10,
        past_lease=True,
    ),
    Fault(
        "database locked",
        "another writer holds it",
        "its transaction ends",
        strikes.database_locked,
        "progress",
        10,
        (1, 8),
    ),
    Fault(
        "database's disk full",
        "a file takes all that is left",
        "the file is removed",
        strikes.disk_full,
        "progress",
        10,
        (1, 8),
        needs_disk=True,
    ),
    Fault(
        "PostgreSQL crashed",
        "SIGQUIT: its next start must recover",
        "started again",
        strikes.postgresql_crashed,
        "progress",
        10,
        (1, 4),
        databases=("postgresql",),
    ),
    Fault(
        "database sessions ended",
        "pg_terminate_backend of all",
        "not at all",
        strikes.sessions_ended,
        "progress",
        10,
        databases=("postgresql",),
    ),
    Fault(
        "stopped, the database locked",
        "SIGTERM for a worker while another writer holds the database",
        _SUPERVISED,
        strikes.stopped_while_database_is_locked,
        "progress",
        10,
        ends_within_s=8,
    ),
    Fault(
        "stopped, Redis frozen",
        "SIGTERM for a worker while Redis has SIGSTOP",
        _SUPERVISED,
        strikes.stopped_while_redis_is_frozen,
        "progress",
        10,
        ends_within_s=8,
    ),
    Fault(
        "kernel killed",
        "kill -9 of the owner",
        "another kernel starts",
        strikes.kernel_killed,
        "progress",
        10,
        ends_within_s=10,
    ),
    Fault(
        "supervisor killed",
        "kill -9",
        "its owner asks for another",
        strikes.supervisor_killed,
        "progress",
        10,
    ),
    Fault(
        "browser killed",
        "kill -9 of the first process of every browser",
        "others start",
        browser_strikes.browsers_killed,
        "progress",
        15,
        ends_within_s=10,
        renders=True,
    ),
    Fault(
        "renderers killed",
        "kill -9 of all processes that show pages",
        "others start",
        browser_strikes.renderers_killed,
        "progress",
        15,
        renders=True,
    ),
    Fault(
        "browser frozen",
        "SIGSTOP of the first process of every browser",
        "after 8 s without an answer others are started",
        browser_strikes.browsers_frozen,
        "progress",
        15,
        ends_within_s=12,
        renders=True,
    ),
    Fault(
        "browser's driver killed",
        "kill -9 of Playwright's process, of every browser",
        "others start",
        browser_strikes.drivers_killed,
        "progress",
        15,
        ends_within_s=10,
        renders=True,
    ),
    Fault(
        "worker killed while it renders",
        "kill -9 of all its processes",
        _SUPERVISED,
        browser_strikes.rendering_worker_killed,
        "work",
        15,
        ends_within_s=10,
        renders=True,
    ),
    Fault(
        "/dev/shm full",
        "a file takes all that is left, and every browser is killed: others start without it",
        "the file is removed",
        browser_strikes.shm_full,
        "progress",
        15,
        (1, 4),
        ends_within_s=10,
        renders=True,
        needs_shm=True,
    ),
)
