"""Workers on machines of their own, whose links are cut, slow and lossy, and whose clocks are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise

import pytest
import redis

import scrapeq as sq
from scrapeq.frontier import Keys
from scrapeq.settings import DEFAULT_NAMESPACE, load_settings
from scrapeq.testing import LittleWeb
from tests.faketime import faketime_environment, find_faketime
from tests.faults.attempt import Attempt, Submission
from tests.faults.count import Counted, count
from tests.faults.strikes import Strike
from tests.faults.table import FAULTS
from tests.network import Network, why_not

HOSTS, DELAY_S = 6, 0.3
#: Seconds by which the clocks of the two machines are wrong.
CLOCKS_S = (300, -240)
WORKER = "-m celery -A scrapeq.pipeline.worker worker --loglevel=info --concurrency=1"
PATIENCE_S = 180
KEYS = Keys(DEFAULT_NAMESPACE)


@pytest.fixture
def web():
    with LittleWeb(hosts=HOSTS, latency_s=0.3) as web:
        yield web


@pytest.fixture
def queue(redis_server, postgres_url, tmp_path):
    """Submits from outside of all machines, beside Redis and PostgreSQL."""
    settings = load_settings(
        REDIS_URL=redis_server.url,
        SCRAPEQ_DATABASE_URL=postgres_url,
        SCRAPEQ_HOME=tmp_path / "here",
        SCRAPEQ_ALLOW_PRIVATE_ADDRESSES="true",
    )
    return sq.get_job_queue(settings)


@pytest.fixture
def machines(web, queue, redis_server, postgres_url, tmp_path, needs_service):
    """Two, with a worker each. Redis and PostgreSQL are on a third one; the web is on
    the loopback of each, so that only the way to the services is bad."""
    if reason := why_not():
        pytest.skip(reason)  # in CI too: nothing that could be installed would help
    library = find_faketime() or ""
    needs_service("libfaketime", library, "apt install libfaketime")
    name, _, folder = postgres_url.removeprefix("postgresql://postgres@/").partition("?host=")
    workers = []
    with Network() as network:
        services = network.machine(
            {6379: ("127.0.0.1", redis_server.port), 5432: f"{folder}/.s.PGSQL.5432"}
        )
        for number, wrong_s in enumerate(CLOCKS_S):
            machine = network.machine({web.port: None})
            offset = tmp_path / f"clock{number}"
            offset.write_text(f"{wrong_s:+d}")
            environment = {
                **os.environ,
                **faketime_environment(library, offset),
                "REDIS_URL": f"redis://{services.address}:6379/0",
                "SCRAPEQ_DATABASE_URL": f"postgresql://postgres@{services.address}:5432/{name}",
                "SCRAPEQ_HOME": str(tmp_path / f"home{number}"),
                "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
            }
            with (tmp_path / f"log{number}").open("wb") as log:
                command = machine.command([sys.executable, *WORKER.split()])
                workers.append(
                    subprocess.Popen(
                        command,
                        env=environment,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                    )
                )
        yield network.machines[1:]
    for number, worker in enumerate(workers):
        worker.wait()  # it ended with its machine
        print((tmp_path / f"log{number}").read_text(errors="replace")[-4_000:])


def test_bad_links_and_wrong_clocks_cost_nothing(machines, web, queue, redis_server, eventually):
    coordination = queue.services.frontier.coordination
    submitted = []

    def scrape(word, rows):
        urls = [web.url(f"/article/{row}?{word}", host=row % HOSTS) for row in range(rows)]
        batch = sq.scrape(
            urls, queue=queue, delay_between_requests=DELAY_S, max_per_host=1, main_text="off"
        )
        submitted.append(Submission(batch.id, urls))
        return batch

    def held_by(machine):
        """The jobs that its workers have a lease on, with what is known of it."""
        with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
            held = client.hgetall(KEYS.held)
        return {job: lease for job, lease in held.items() if f'"{machine.name}:' in lease}

    second = machines[1]
    eventually(lambda: len(coordination.workers()) == 2)
    # the link of one that works is cut until the other has done all that is left
    batch = scrape("cut", 30)
    cut = eventually(lambda: next((one for one in machines if held_by(one)), None))
    cut.link.is_cut = True
    held = held_by(cut)
    batch.wait(PATIENCE_S)
    cut.link.is_cut = False
    eventually(lambda: len(coordination.workers()) == 2)
    # both are slow and lose packets, and one is cut for a moment
    for machine in machines:
        machine.link.delay_s, machine.link.loss = 0.02, 0.02
    batch = scrape("slow", 30)
    eventually(lambda: batch.progress.done >= 6)
    second.link.is_cut = True
    held |= held_by(second)
    before = batch.progress.done
    eventually(lambda: batch.progress.done >= min(before + 6, 30))
    second.link.is_cut = False
    batch.wait(PATIENCE_S)

    (found,) = count(Counted(queue, web), [Attempt(FAULTS[0], submitted, Strike(held))])
    assert found.ok == found.accepted == 60
    assert found.lost == found.duplicated == 0
    assert found.fetched_again <= len(held)
    starts = defaultdict(list)
    for hit in web.log():
        starts[hit.host].append(hit.at_ms)
    assert len(starts) == HOSTS
    gaps = [b - a for times in starts.values() for a, b in pairwise(sorted(times))]
    assert min(gaps) >= DELAY_S * 1000
