"""The frontier against a model of it: whatever happens in whatever order, no job is in two places,
none vanishes, and a claim gives exactly the best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import hypothesis.strategies as st
import redis
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from scrapeq.frontier import Due, Ending, Frontier

BATCHES, HOSTS = ["a", "b|c", "d"], ["h1", "h2", "h3"]
MAX_PER_HOST = 2
LONG_MS = 600_000


@dataclass(frozen=True)
class Known:
    """What the model knows of an open job."""

    order: tuple[int, int]
    batch: str
    host: str
    place: str = "ready"
    token: int = 0
    tries: int = 0
    lost: int = 0


class Model(RuleBasedStateMachine):
    """The same steps in Redis and in a dictionary."""

    client: redis.Redis

    @initialize()
    def start(self) -> None:
        self.client.flushall()
        self.frontier = Frontier(self.client)
        self.frontier.coordination.set_epoch(1)
        self.jobs: dict[str, Known] = {}
        self.stopped: dict[str, str] = {}
        self.ended: list[tuple[str, int]] = []
        self.added = 0

    # -- what the model knows ----------------------------------------------------------------

    def move(self, job_id: str, **changes: Any) -> None:
        self.jobs[job_id] = replace(self.jobs[job_id], **changes)

    def at(self, place: str) -> list[str]:
        """The jobs at a place, best first."""
        found = [job_id for job_id, job in self.jobs.items() if job.place == place]
        return sorted(found, key=lambda job_id: self.jobs[job_id].order)

    def has_room(self, job_id: str) -> bool:
        host = self.jobs[job_id].host
        return sum(self.jobs[other].host == host for other in self.at("running")) < MAX_PER_HOST

    def put_aside(self, job_id: str) -> bool:
        """Whether its batch is stopped; then it is put where such jobs go."""
        state = self.stopped.get(self.jobs[job_id].batch)
        if state == "paused":
            self.move(job_id, place="parked")
        elif state == "cancelled":
            del self.jobs[job_id]
        return state is not None

    def best(self, count: int) -> list[str]:
        """What a claim is to give; as the claim does it."""
        taken: list[str] = []
        while len(taken) < count:
            free = [job_id for job_id in self.at("ready") if self.has_room(job_id)]
            if not free:
                break
            if self.put_aside(free[0]):
                continue
            self.move(free[0], place="running")
            taken.append(free[0])
        return taken

    # -- steps -------------------------------------------------------------------------------

    @rule(
        batch=st.sampled_from(BATCHES),
        host=st.sampled_from(HOSTS),
        priority=st.integers(1, 9),
        count=st.integers(1, 4),
    )
    def add(self, batch: str, host: str, priority: int, count: int) -> None:
        if self.stopped.get(batch) == "cancelled":
            return
        names = [f"job{self.added + number}" for number in range(count)]
        for name in names:
            self.added += 1
            self.jobs[name] = Known((priority, self.added), batch, host)
        assert self.add_to_redis(batch, host, priority, names) == count

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def add_again(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.jobs)))
        assert self.add_to_redis("a", "h1", 1, [name]) == 0

    def add_to_redis(self, batch: str, host: str, priority: int, names: list[str]) -> int:
        return self.frontier.jobs.add(
            batch,
            [Due(name, host, 0) for name in names],
            priority=priority,
            max_per_host=MAX_PER_HOST,
            respect_robots=False,
        )

    @rule(count=st.integers(1, 6), alone=st.booleans())
    def claim(self, count: int, alone: bool) -> None:
        expected = self.best(count)

        given = self.frontier.jobs.claim("w", count, LONG_MS, alone=alone)

        assert [lease.job_id for lease in given.leases] == expected
        assert given.suspects == 0
        for lease in given.leases:
            job = self.jobs[lease.job_id]
            assert (lease.tries, lease.lost) == (job.tries + 1, job.lost)
            self.move(lease.job_id, token=lease.token, tries=lease.tries)

    @precondition(lambda self: self.at("running"))
    @rule(data=st.data(), verb=st.sampled_from(["done", "retry", "release"]))
    def finish(self, data: st.DataObject, verb: Any) -> None:
        job_id = data.draw(st.sampled_from(self.at("running")))
        job = self.jobs[job_id]
        assert (
            self.frontier.jobs.finish(
                [Ending(job_id, job.token, verb, LONG_MS, error_kind="reset")]
            )[0]
            == 1
        )
        self.ended.append((job_id, job.token))
        if verb == "done":
            del self.jobs[job_id]
        elif verb == "retry":  # tries that were lost with their workers do not count any more
            self.move(job_id, place="later", lost=0, tries=job.tries - job.lost)
        else:
            self.move(job_id, place="ready", lost=0, tries=job.tries - job.lost - 1)

    @precondition(lambda self: self.ended)
    @rule(data=st.data(), verb=st.sampled_from(["done", "retry", "release"]))
    def finish_too_late(self, data: st.DataObject, verb: Any) -> None:
        job_id, token = data.draw(st.sampled_from(self.ended))
        assert self.frontier.jobs.finish([Ending(job_id, token, verb, 0)])[0] == 0
        assert self.frontier.jobs.renew("w", LONG_MS, [(job_id, token)]) == {job_id}

    @precondition(lambda self: any(self.jobs[one].lost == 0 for one in self.at("running")))
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Once each: what is lost twice is tried apart, which test_frontier_trials.py shows."""
        running = [one for one in self.at("running") if self.jobs[one].lost == 0]
        job_id = data.draw(st.sampled_from(running))
        self.frontier.coordination.forget_worker("w")  # it has not been heard of since
        self.client.zadd("scrapeq:leases", {job_id: 1})  # its end is in 1970
        job = self.jobs[job_id]
        self.ended.append((job_id, job.token))
        self.move(job_id, place="ready", lost=job.lost + 1)
        self.claim(0, alone=False)  # puts it right

    @precondition(lambda self: self.at("later"))
    @rule(data=st.data())
    def wait_is_over(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.at("later")))
        self.client.zadd("scrapeq:later", {job_id: 1})
        self.move(job_id, place="ready")
        self.claim(0, alone=False)

    @rule(batch=st.sampled_from(BATCHES))
    def pause(self, batch: str) -> None:
        if batch not in self.stopped:
            self.frontier.jobs.stop_batch(batch, "paused")
            self.stopped[batch] = "paused"

    @rule(batch=st.sampled_from(BATCHES))
    def resume(self, batch: str) -> None:
        self.frontier.jobs.release_batch(batch)
        self.stopped.pop(batch, None)
        for job_id in self.at("parked"):
            if self.jobs[job_id].batch == batch:
                self.move(job_id, place="ready")

    @rule(batch=st.sampled_from(BATCHES))
    def cancel(self, batch: str) -> None:
        self.frontier.jobs.stop_batch(batch, "cancelled")
        self.stopped[batch] = "cancelled"
        mine = [job_id for job_id, job in self.jobs.items() if job.batch == batch]
        held = [(one, self.jobs[one].token) for one in mine if self.jobs[one].place == "running"]
        assert self.frontier.jobs.renew("w", LONG_MS, held) == {job_id for job_id, _ in held}
        assert self.frontier.jobs.forget(mine) == len(mine)
        for job_id in mine:
            del self.jobs[job_id]

    # -- what is always true -----------------------------------------------------------------

    @invariant()
    def every_job_is_in_its_one_place(self) -> None:
        if not hasattr(self, "jobs"):
            return
        places: dict[str, list[str]] = {}
        for key, place in {
            **{f"scrapeq:ready:http:{host}": "ready" for host in HOSTS},
            **{f"scrapeq:parked:{batch}": "parked" for batch in BATCHES},
            "scrapeq:later": "later",
            "scrapeq:leases": "running",
        }.items():
            for job_id in self.client.zrange(key, 0, -1):
                places.setdefault(str(job_id), []).append(place)
        assert places == {job_id: [job.place] for job_id, job in self.jobs.items()}

    @invariant()
    def the_model_agrees(self) -> None:
        if not hasattr(self, "jobs"):
            return
        known = self.frontier.views.standings(sorted(self.jobs))
        for job_id, job in self.jobs.items():
            assert known[job_id].known
            assert known[job_id].running == (job.place == "running")
            assert known[job_id].retrying == (job.place == "later")
            assert known[job_id].tries == job.tries
        counts = self.frontier.views.counts()
        assert counts["open"] == len(self.jobs)
        assert counts["running"] == len(self.at("running"))
        assert counts["retrying"] == len(self.at("later"))
        for batch in BATCHES:
            mine = [job for job in self.jobs.values() if job.batch == batch]
            assert self.frontier.views.batch_counts(batch) == (
                sum(job.place == "running" for job in mine),
                sum(job.place == "later" for job in mine),
                0,
            )

    def teardown(self) -> None:
        if not hasattr(self, "jobs"):
            return
        assert self.frontier.jobs.forget(sorted(self.jobs)) == len(self.jobs)
        left = set(self.client.keys("*"))
        lasting = {
            "epoch",
            "seq",
            "token",
            "clock",
            "notices",
            "workers",
            "stopped",
            *(f"host:{one}" for one in HOSTS),
        }
        assert left <= {f"scrapeq:{name}" for name in lasting}


def test_whatever_happens_in_whatever_order(client: redis.Redis) -> None:
    machine = type("Here", (Model,), {"client": client})

    run_state_machine_as_test(
        machine,
        settings=hypothesis.settings(max_examples=60, stateful_step_count=40, deadline=None),
    )
