"""How each fault is done: context managers that break something and mend it at their end.

Each yields a Strike. What is killed is first stopped, so that nothing changes between counting
what it held and its end.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import sqlalchemy as sa

from scrapeq import cluster, database
from scrapeq.client.handle import BatchHandle
from scrapeq.errors import ScrapeqError
from scrapeq.models import BatchState, Lane, ScrapingConfig
from scrapeq.pipeline.monitor import health
from tests.faults.system import HOSTS, KEYS, System, eventually

#: How often the processes that read pages are killed in one strike, and how far apart.
READER_KILLS, READER_KILLS_EVERY_S = 15, 0.2

#: How often all workers are killed that have the same work.
SAME_WORK_KILLS = 6

HOUR_S = 3_600


@dataclass
class Strike:
    """What a fault took, and when.

    held: the jobs whose leases it broke, with the token that each had: they may be fetched again.
    held_up: jobs that it keeps waiting, if it does.
    since: from when on time until recovery counts. ended_s: how long what was told to end took, or the
    pictures that were looked at.
    """

    held: dict[str, str] = field(default_factory=dict)
    held_up: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)
    ended_s: float | None = None


# -- workers ---------------------------------------------------------------------------------------


def _anew(system: System, held: dict[str, str]) -> bool:
    """Whether some of the jobs are held by another lease."""
    return any(token != held[job_id] for job_id, token in system.tokens(set(held)).items())


@contextmanager
def child_killed(system: System) -> Iterator[Strike]:
    yield kill(system, [_busiest(system)])


@contextmanager
def worker_killed(system: System) -> Iterator[Strike]:
    main = _busiest_main(system)
    yield kill(system, [main, *system.children(main)])


@contextmanager
def main_killed(system: System) -> Iterator[Strike]:
    main = _busiest_main(system)
    yield kill(system, [main], and_with_it=system.children(main))


@contextmanager
def all_workers_killed(system: System) -> Iterator[Strike]:
    mains = system.mains()
    yield kill(system, [*mains, *(child for main in mains for child in system.children(main))])


@contextmanager
def same_work_killed_twice(system: System) -> Iterator[Strike]:
    with all_workers_killed(system) as first:
        eventually(lambda: _anew(system, first.held), 60)
        with all_workers_killed(system) as second:
            second.held = first.held | second.held
            yield second


@contextmanager
def same_work_killed_six_times(system: System) -> Iterator[Strike]:
    """Each time when some of what was held has a worker again; counted from the last kill."""
    held: dict[str, str] = {}
    for _ in range(SAME_WORK_KILLS - 1):
        with all_workers_killed(system) as strike:
            held |= strike.held
        eventually(partial(_anew, system, held), 60)
    with all_workers_killed(system) as strike:
        strike.held = held | strike.held
        yield strike


@contextmanager
def priority_beside_suspects(system: System) -> Iterator[Strike]:
    """While what lost its workers twice is tried apart, a batch of priority 1 comes for another host."""
    with same_work_killed_twice(system) as strike:
        suspects, tried = KEYS.suspects(Lane.HTTP), f"{KEYS.prefix}tried"
        with system.redis() as client:
            eventually(lambda: client.zcard(suspects) or client.scard(tried), 60)
        began_s = time.monotonic()
        urls = [system.web.url(f"/forum/{n}?at={began_s}", host=HOSTS + 1) for n in range(20)]
        before = system.web.hits(host=HOSTS + 1)
        system.queue.submit_batch(urls, ScrapingConfig(main_text="off"), priority=1)
        eventually(lambda: system.web.hits(host=HOSTS + 1) > before)
        strike.ended_s = time.monotonic() - began_s
        yield strike


@contextmanager
def child_frozen(system: System) -> Iterator[Strike]:
    child = _busiest(system)
    with _frozen([child]):
        yield Strike(_held_by(system, [child]))


@contextmanager
def worker_frozen(system: System) -> Iterator[Strike]:
    main = _busiest_main(system)
    pids = [main, *system.children(main)]
    with _frozen(pids):
        yield Strike(_held_by(system, pids))


@contextmanager
def worker_told_to_stop(system: System) -> Iterator[Strike]:
    main = _busiest_main(system)
    yield _stop(system, main, most_s=60)


@contextmanager
def worker_stopped_as_docker_does(system: System) -> Iterator[Strike]:
    main = _busiest_main(system)
    yield _stop(system, main, most_s=10)


@contextmanager
def readers_killed(system: System) -> Iterator[Strike]:
    """A few times in a row, so that some are in the middle of a page."""
    for _ in range(READER_KILLS):
        send_signal(system.readers(), signal.SIGKILL)
        time.sleep(READER_KILLS_EVERY_S)
    yield Strike()


# -- clocks ----------------------------------------------------------------------------------------


@contextmanager
def clock_set_back(system: System) -> Iterator[Strike]:
    with _clock_moved(system, -HOUR_S) as strike:
        yield strike


@contextmanager
def clock_set_ahead(system: System) -> Iterator[Strike]:
    with _clock_moved(system, HOUR_S) as strike:
        yield strike


@contextmanager
def _clock_moved(system: System, seconds: int) -> Iterator[Strike]:
    strike = Strike(all_held(system))
    system.move_clock(seconds)
    yield strike
    strike.held = all_held(system) | strike.held
    system.move_clock(0)
    strike.since = time.monotonic()


# -- hosts -----------------------------------------------------------------------------------------


@contextmanager
def led_to_a_paced_host(system: System) -> Iterator[Strike]:
    """Twice as many rows as all workers have places lead to the one host with a long Crawl-delay."""
    engine = system.queue.services.engine
    held_up = [
        job.id
        for batch in database.batches.unfinished_batches(engine)
        for some in database.jobs.all_open_jobs(engine, batch.id)
        for job in some
    ]
    slow = system.web.url("/forum/", host=HOSTS)
    urls = [
        system.web.url(f"/redirect-to?url={slow}{number}", host=number % HOSTS)
        for number in range(2 * system.places)
    ]
    config = ScrapingConfig(main_text="off", max_per_host=system.places)
    before = system.web.hits("/redirect-to")
    batch = system.queue.submit_batch(urls, config, priority=1)
    eventually(lambda: system.web.hits("/redirect-to") - before >= system.places)
    yield Strike(held_up=held_up)
    system.queue.cancel_batch(batch.id)


# -- verbs -----------------------------------------------------------------------------------------


@contextmanager
def verbs_during_an_outage(system: System) -> Iterator[Strike]:
    """Redis is killed and stays away; the open batches are paused and resumed, another is cancelled."""
    engine = system.queue.services.engine
    ids = [batch.id for batch in database.batches.unfinished_batches(engine)]
    paced = system.queue.submit_batch(
        [system.web.url(f"/forum/{n}?at={time.time()}", host=HOSTS) for n in range(20)]
    )
    strike = Strike(all_held(system))
    supervisor, pid = _supervisor(system), _redis(system)
    with _frozen([supervisor]):  # which would start it again at once
        _end_redis(pid, signal.SIGKILL)
        for verb in (system.queue.pause_batch, system.queue.resume_batch):
            for batch_id in ids:
                with contextlib.suppress(ScrapeqError):
                    verb(batch_id)
        with contextlib.suppress(ScrapeqError):
            system.queue.cancel_batch(paced.id)
        yield strike
    _redis_is_back(system, strike)
    _resume_paused(system, ids)
    eventually(lambda: _is_cancelled(system, paced.id))


@contextmanager
def verbs_in_a_killed_kernel(system: System) -> Iterator[Strike]:
    """A kernel that pauses and resumes the open batches all the time is killed, five times."""
    engine = system.queue.services.engine
    ids = [batch.id for batch in database.batches.unfinished_batches(engine)]
    for number in range(5):
        kernel = system.program("verbs.py", "steer", *ids)
        assert kernel.stdout
        kernel.stdout.readline()
        time.sleep(0.02 + 0.03 * number)
        _end(kernel)
    strike = Strike(all_held(system))
    yield strike
    _resume_paused(system, ids)
    strike.since = time.monotonic()


@contextmanager
def submitter_frozen(system: System) -> Iterator[Strike]:
    """Within a named submit; another kernel submits the name meanwhile, and the first goes on then."""
    name = f"n{time.time_ns()}"
    urls = [system.web.url(f"/forum/{n}?name={name}", host=HOSTS + 1) for n in range(50)]
    words = ("verbs.py", "submit", name, "9", *urls)
    first = system.program(*words)
    assert first.stdout
    first.stdout.readline()
    second = system.program(*words)
    assert second.stdout
    second.stdout.readline()
    os.kill(second.pid, signal.SIGCONT)  # it stands still for a moment only
    there = second.stdout.readline()
    strike = Strike()
    yield strike
    os.kill(first.pid, signal.SIGCONT)
    assert first.stdout.readline() == there, "two runs of one name"
    _end(first)
    _end(second)
    assert [one.run for one in system.queue.list_batches() if one.name == name] == [1]
    strike.since = time.monotonic()


def _resume_paused(system: System, batch_ids: list[str]) -> None:
    """What the record says is paused goes on, as somebody would have it who sees that."""
    engine = system.queue.services.engine
    for batch_id in batch_ids:
        batch = database.batches.find_batch(engine, batch_id)
        if batch and batch.state is BatchState.PAUSED:
            system.queue.resume_batch(batch_id)


def _is_cancelled(system: System, batch_id: str) -> bool:
    """Whether it is; cancelled again, as the error of the first time advises, if it is not."""
    with contextlib.suppress(ScrapeqError):
        system.queue.cancel_batch(batch_id)
    batch = database.batches.find_batch(system.queue.services.engine, batch_id)
    return batch is not None and batch.state is BatchState.CANCELLED


def _end(program: subprocess.Popen[bytes]) -> None:
    program.kill()
    program.wait()
    for pipe in (program.stdin, program.stdout):
        if pipe:
            pipe.close()


# -- Redis -----------------------------------------------------------------------------------------


@contextmanager
def redis_killed(system: System) -> Iterator[Strike]:
    strike = Strike(all_held(system))  # leases that end before it is up again
    _end_redis(_redis(system), signal.SIGKILL)
    yield strike
    _redis_is_back(system, strike)


@contextmanager
def redis_told_to_stop(system: System) -> Iterator[Strike]:
    strike = Strike(all_held(system))
    _end_redis(_redis(system), signal.SIGTERM)
    yield strike
    _redis_is_back(system, strike)


@contextmanager
def redis_rolled_back(system: System) -> Iterator[Strike]:
    file = system.append_only_file()
    then_bytes = file.stat().st_size
    time.sleep(1)  # what is lost is what happens in this second
    strike = Strike(all_held(system))
    supervisor, pid = _supervisor(system), _redis(system)
    with _frozen([supervisor]):  # which would start it again at once
        _end_redis(pid, signal.SIGKILL)
        os.truncate(file, min(then_bytes, file.stat().st_size))
    yield strike
    _redis_is_back(system, strike)


@contextmanager
def redis_emptied(system: System) -> Iterator[Strike]:
    with system.redis() as client:
        strike = Strike(all_held(system))
        client.flushall()
    yield strike
    strike.since = time.monotonic()


@contextmanager
def redis_full(system: System) -> Iterator[Strike]:
    with system.redis() as client:
        client.config_set("maxmemory", 1)  # whatever it holds is more
        strike = Strike()
        yield strike
        client.config_set("maxmemory", 0)
    strike.since = time.monotonic()


@contextmanager
def connections_reset(system: System) -> Iterator[Strike]:
    with system.redis() as client:
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    yield Strike()


@contextmanager
def redis_frozen(system: System) -> Iterator[Strike]:
    pid = _redis(system)
    strike = Strike(all_held(system))
    with _frozen([pid]):
        yield strike
    _redis_is_back(system, strike)


@contextmanager
def redis_frozen_under_a_card(system: System) -> Iterator[Strike]:
    """Somebody looks, twice: at a card that was drawn before, and at the health of all."""
    batch = BatchHandle(system.queue, system.queue.list_batches(1)[0].id)
    batch.card()
    with redis_frozen(system) as strike:
        began_s = time.monotonic()
        card, healthy = batch.card(), health(queue=system.queue)._repr_html_()
        strike.ended_s = time.monotonic() - began_s
        assert "Redis does not answer" in healthy
        # The card of a batch that is done asks Redis for nothing.
        assert "Redis does not answer" in card or batch.progress.is_done
        yield strike


# -- the record ------------------------------------------------------------------------------------


@contextmanager
def database_locked(system: System) -> Iterator[Strike]:
    engine = system.queue.services.engine
    if system.record == "sqlite":
        holder = sqlite3.connect(str(engine.url.database), isolation_level=None, timeout=60)
        holder.execute("BEGIN IMMEDIATE")
        strike = Strike()
        try:
            yield strike
        finally:
            holder.close()
    else:
        with engine.connect() as connection:
            connection.execute(sa.text("LOCK TABLE jobs, pages, batches IN ACCESS EXCLUSIVE MODE"))
            strike = Strike()
            yield strike
    strike.since = time.monotonic()


@contextmanager
def disk_full(system: System) -> Iterator[Strike]:
    assert system.disk
    system.disk.fill()
    strike = Strike()
    try:
        yield strike
    finally:
        system.disk.free()
    if system.postgres and not system.postgres.running:
        system.postgres.start()
    strike.since = time.monotonic()


@contextmanager
def postgresql_crashed(system: System) -> Iterator[Strike]:
    assert system.postgres
    system.postgres.crash()
    strike = Strike()
    yield strike
    system.postgres.start()
    strike.since = time.monotonic()


@contextmanager
def sessions_ended(system: System) -> Iterator[Strike]:
    assert system.postgres
    system.postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    yield Strike()


# -- two at once -------------------------------------------------------------------------------------


@contextmanager
def stopped_while_database_is_locked(system: System) -> Iterator[Strike]:
    with database_locked(system):
        strike = _stop(system, _busiest_main(system), most_s=60)
    yield strike
    strike.since = time.monotonic()


@contextmanager
def stopped_while_redis_is_frozen(system: System) -> Iterator[Strike]:
    main = _busiest_main(system)
    with redis_frozen(system) as frozen:
        strike = _stop(system, main, most_s=60, held=frozen.held)
    yield strike
    strike.since = time.monotonic()


# -- owners ----------------------------------------------------------------------------------------


@contextmanager
def kernel_killed(system: System) -> Iterator[Strike]:
    strike = Strike(all_held(system))
    _end(system.kernel)
    eventually(lambda: not system.processes())
    strike.ended_s = time.monotonic() - strike.since
    yield strike
    system.start_kernel()
    _redis_is_back(system, strike)


@contextmanager
def supervisor_killed(system: System) -> Iterator[Strike]:
    workers = [pid for main in system.mains() for pid in (main, *system.children(main))]
    strike = kill(system, [_supervisor(system)], and_with_it=workers)
    yield strike
    _redis_is_back(system, strike)


# -- what they are made of -------------------------------------------------------------------------


def _busiest(system: System) -> int:
    """The worker process with the most leases."""
    held: dict[int, set[str]] = eventually(system.held_by_pid)
    return max(held, key=lambda pid: len(held[pid]))


def _busiest_main(system: System) -> int:
    """The worker whose children have the most leases."""
    held: dict[int, set[str]] = eventually(system.held_by_pid)
    return max(
        system.mains(),
        key=lambda main: sum(len(held.get(child, ())) for child in system.children(main)),
    )


def _held_by(system: System, pids: list[int]) -> dict[str, str]:
    held = system.held_by_pid()
    return system.tokens({job_id for pid in pids for job_id in held.get(pid, ())})


def all_held(system: System) -> dict[str, str]:
    return _held_by(system, list(system.held_by_pid()))


def kill(system: System, pids: list[int], and_with_it: list[int] | None = None) -> Strike:
    """Kill processes at once; `and_with_it`: those that end because of it."""
    everybody = [*pids, *(and_with_it or [])]
    send_signal(everybody, signal.SIGSTOP)
    held = _held_by(system, everybody)
    send_signal(pids, signal.SIGKILL)
    return Strike(held)


def _stop(system: System, main: int, most_s: float, held: dict[str, str] | None = None) -> Strike:
    """Tell a worker to stop; kill what is still there after `most_s`."""
    children = system.children(main)
    held = _held_by(system, children) if held is None else held
    began = time.monotonic()
    os.kill(main, signal.SIGTERM)
    try:
        eventually(lambda: not any(map(lives, [main, *children])), most_s)
    except TimeoutError:
        send_signal([main, *children], signal.SIGKILL)
    return Strike(held, ended_s=time.monotonic() - began)


@contextmanager
def _frozen(pids: list[int]) -> Iterator[None]:
    send_signal(pids, signal.SIGSTOP)
    try:
        yield
    finally:
        send_signal(pids, signal.SIGCONT)


def send_signal(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def lives(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def _supervisor(system: System) -> int:
    pid = cluster.status(system.home).supervisor_pid
    assert pid
    return pid


def _redis(system: System) -> int:
    return int(eventually(lambda: cluster.status(system.home).redis_pid))


def _end_redis(pid: int, number: int) -> None:
    os.kill(pid, number)
    eventually(lambda: not lives(pid))


def _redis_is_back(system: System, strike: Strike) -> None:
    eventually(system.redis_answers)
    strike.since = time.monotonic()
