"""The breaker of a host: when it opens, whom it lets through, when it gives up, and what it costs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import redis

from scrapeq.frontier import (
    BreakerPolicy,
    CallAllowed,
    Due,
    Ending,
    Frontier,
    GivenUp,
    HostEvent,
    connect,
)
from scrapeq.models import BreakerOpen, HostVerdict, SlotOwner, SlotTaken

Add = Callable[..., int]
Eventually = Callable[..., Any]

LONG_MS = 600_000
#: Pauses of 100, 200, 300, 300 s; given up when they come to 600 s: after the third probe.
#: A host that never answered well, as most here, is given up after a tenth of `give_up_s`.
RULES = BreakerPolicy(failures=3, open_s=100, longest_s=300, give_up_s=6000)


@pytest.fixture
def frontier(client: redis.Redis) -> Frontier:
    return Frontier(client, RULES)


@pytest.fixture
def other(client: redis.Redis, redis_url: str) -> Iterator[Frontier]:
    """A second frontier with a connection of its own."""
    with contextlib.closing(connect(redis_url)) as connected:
        yield Frontier(connected, RULES)


@pytest.fixture
def take(frontier: Frontier) -> Callable[..., list[Any]]:
    def take_(count: int = 100, lease_ms: int = LONG_MS, **named: Any) -> list[Any]:
        return list(frontier.jobs.claim("w", count, lease_ms, **named).leases)

    return take_


def open_ms(answer: object) -> int:
    """For how long nobody may ask."""
    assert isinstance(answer, BreakerOpen)
    return answer.open_ms


def end(
    frontier: Frontier, lease: Any, verdict: HostVerdict, verb: Any = "done", **named: Any
) -> list[HostEvent]:
    """End a lease with what its try reports of the host; the events."""
    named = {"error_kind": "reset", "error_message": "it hung up", **named}
    ending = Ending(lease.job_id, lease.token, verb, verdict=verdict, **named)
    ended, events = frontier.jobs.finish([ending])
    assert ended == 1
    return events


@pytest.fixture
def pause_is_over(client: redis.Redis) -> Callable[..., None]:
    """`pause_is_over(host="h")`: its pause ended in 1970."""

    def over(host: str = "h") -> None:
        client.hset(f"scrapeq:host:{host}", "open_until_ms", 1)
        if client.zscore("scrapeq:throttled:http", host) is not None:
            client.zadd("scrapeq:throttled:http", {host: 1})

    return over


@pytest.fixture
def open_breaker(add: Add, take: Callable[..., list[Any]], frontier: Frontier) -> Any:
    """`open_breaker(host="h")`: three first tries fail; the names of the jobs that wait."""

    def open_(host: str = "h", waiting: int = 10) -> list[str]:
        doomed = [f"{host} doomed {number}" for number in range(3)]
        names = [f"{host} {number}" for number in range(waiting)]
        add(*doomed, host=host)
        events = [event for lease in take() for event in end(frontier, lease, "failed")]
        assert [event.event for event in events] == ["opened"]
        add(*names, host=host)
        return names

    return open_


def state(frontier: Frontier, host: str = "h") -> str:
    return next((one.state for one in frontier.views.paused() if one.host == host), "closed")


# -- when it opens and closes


@pytest.mark.parametrize(
    ("verdicts", "state_after"),
    [
        ("f f", "closed"),
        ("f f f", "open"),
        ("f f g f f", "closed"),  # a good answer, also a 404, begins anew
        ("f f - f", "open"),  # what says nothing of the host changes nothing
        ("f f g f f f", "open"),
        ("l", "open"),  # who asks to be left alone is
        ("g l g", "open"),
        ("f f f g", "open"),  # only the probe's word counts while it is open
        ("f f f f f f f", "open"),
        ("f f f / g", "closed"),
        ("l / g", "closed"),
        ("f f f / -", "half_open"),  # the next one may probe
        ("f f f / - g", "closed"),
        ("f f f / f", "open"),
        ("f f f / f / g f f", "closed"),  # and counts from the start again
        ("f f f / f / f", "open"),
        ("f f f / f / f / f", "given_up"),
        ("f f f / f / f / f / g", "closed"),  # a host that comes back is picked up by itself
        ("f f f / f / f / f / f", "given_up"),
        ("f f f / f / f / f / + f", "open"),  # new jobs give it all the patience again
        ("f f f / f / f / f + g", "closed"),  # and a probe at once
        ("l / l / l", "open"),
        ("l / l / l / l", "open"),  # it is there, and has ten times the patience
        ("g f f f / f / f / f", "open"),  # so has a host that answered well before
        ("l / f", "open"),
    ],
)
def test_the_breaker_goes_by_what_the_tries_say(
    verdicts: str,
    state_after: str,
    add: Add,
    take: Any,
    frontier: Frontier,
    other: Frontier,
    client: redis.Redis,
    pause_is_over: Any,
) -> None:
    """f failed, g good, l limited, - nothing; / the pause is over; + new jobs.

    Tries that are under way when it opens are taken beforehand, as with many requests at a time.
    """
    words: dict[str, HostVerdict] = {"f": "failed", "g": "good", "l": "limited", "-": ""}
    add(*(f"job{number}" for number in range(60)))
    under_way = take(8)
    frontiers = [frontier, other]
    for place, step in enumerate(verdicts.split()):
        if step == "/":
            pause_is_over()
            under_way = []
        elif step == "+":
            add("new")
        else:
            if not under_way:
                under_way = take(1)
                assert len(under_way) == 1
            end(frontiers[place % 2], under_way.pop(0), words[step], pause_ms=100_000)

    assert state(frontier) == state_after


@pytest.fixture
def strict(client: redis.Redis) -> Frontier:
    """Other rules: a host that never answered well gets two pages, any other five tries."""
    return Frontier(client, BreakerPolicy(failures=5, first_failures=2))


@pytest.mark.parametrize("verdict", ["failed", "unreachable"])
def test_a_host_that_never_answered_well_gets_fewer_pages(
    verdict: HostVerdict, add: Add, take: Any, strict: Frontier
) -> None:
    add(*(f"job{number}" for number in range(12)))
    first, second, *others = take()
    assert end(strict, first, verdict) == []

    assert [event.event for event in end(strict, second, verdict)] == ["opened"]

    add(*(f"other{number}" for number in range(12)), host="well")
    good, *others = take()
    end(strict, good, "good")
    events = [end(strict, lease, verdict) for lease in others[:5]]
    assert [len(some) for some in events] == [0, 0, 0, 0, 1]


def test_the_tries_of_one_page_say_less_than_those_of_two(
    add: Add, take: Any, strict: Frontier, client: redis.Redis
) -> None:
    add("a")
    for _ in range(4):
        assert end(strict, take()[0], "unreachable", "retry", wait_ms=0) == []
        client.zadd("scrapeq:later", {"a": 1})

    assert state(strict) == "closed"


def test_a_second_try_waits_for_pages_that_may_tell_more(
    add: Add, take: Any, frontier: Frontier, client: redis.Redis
) -> None:
    """As many as the breaker still needs: with three failures, two more pages."""
    add("a", "b", "c", "d", max_per_host=1)
    (a,) = take()
    end(frontier, a, "failed", "retry", wait_ms=0)
    client.zadd("scrapeq:later", {"a": 1})

    (b,) = take()
    end(frontier, b, "good")
    (c,) = take()
    end(frontier, c, "good")
    (again,) = take()

    assert [one.job_id for one in (a, b, c, again)] == ["a", "b", "c", "a"]


def test_only_the_first_try_of_a_job_counts(
    add: Add, take: Any, frontier: Frontier, client: redis.Redis
) -> None:
    """The pages that are left at the end of a batch are the broken ones, again and again."""
    add(*(f"job{number}" for number in range(2)))
    for _ in range(5):
        for lease in take():
            assert end(frontier, lease, "failed", "retry", wait_ms=0) == []
        client.zadd("scrapeq:later", {"job0": 1, "job1": 1})

    assert state(frontier) == "closed"
    add("third")
    assert [event.event for event in end(frontier, take(9)[-1], "failed")] == ["opened"]


def test_every_try_counts_that_found_nobody(
    add: Add, take: Any, frontier: Frontier, client: redis.Redis
) -> None:
    """Or the same few pages would be tried again and again, for as long as a black hole keeps them."""
    add("a", "b")
    told = []
    for lease in take():
        told += end(frontier, lease, "unreachable", "retry", wait_ms=0)
    client.zadd("scrapeq:later", {"a": 1})
    told += end(frontier, take()[0], "unreachable", "retry", wait_ms=0)

    assert [event.event for event in told] == ["opened"]


def test_a_first_try_counts_though_one_was_lost_with_its_worker(
    add: Add, take: Any, frontier: Frontier, eventually: Eventually
) -> None:
    add("a", "b", "c")
    take(1, lease_ms=1)
    eventually(lambda: not take(0) and not frontier.views.counts()["running"])
    leases = take()

    assert [one.lost for one in leases] == [1, 0, 0]
    events = [event for lease in leases for event in end(frontier, lease, "failed")]
    assert [event.event for event in events] == ["opened"]


def test_a_redirect_is_a_good_answer_of_the_host_that_gave_it(
    add: Add, take: Any, frontier: Frontier
) -> None:
    add(*(f"job{number}" for number in range(8)))
    where = ["", "", "elsewhere", "", "", "elsewhere", "elsewhere", ""]

    events = [
        event
        for lease, about in zip(take(), where, strict=True)
        for event in end(frontier, lease, "failed", about=about)
    ]

    assert [(event.host, event.event) for event in events] == [("elsewhere", "opened")]
    assert (state(frontier), state(frontier, "elsewhere")) == ("closed", "open")


def test_whose_lease_is_over_is_not_heard(
    add: Add, take: Any, frontier: Frontier, eventually: Eventually
) -> None:
    add("a", "b", "c")
    old = take(lease_ms=1)
    eventually(lambda: not take(0) and not frontier.views.counts()["running"])
    new = take()

    for lease in old:
        ending = Ending(lease.job_id, lease.token, "done", verdict="failed")
        assert frontier.jobs.finish([ending]) == (0, [])

    assert state(frontier) == "closed"
    assert [lease.lost for lease in new] == [1, 1, 1]


def test_what_happened_is_told_once(
    add: Add, take: Any, frontier: Frontier, pause_is_over: Any, open_breaker: Any
) -> None:
    open_breaker()
    told = []
    for _ in range(5):
        pause_is_over()
        told += end(frontier, take()[0], "failed")
    pause_is_over()
    told += end(frontier, take()[0], "good", error_kind="", error_message="")

    assert told == [
        HostEvent("h", "given_up", "reset", "it hung up"),
        HostEvent("h", "closed", "", ""),
    ]


# -- while it is open


def test_while_it_is_open_its_jobs_wait_and_hold_nobody_back(
    add: Add, take: Any, frontier: Frontier, open_breaker: Any
) -> None:
    names = open_breaker()
    add("elsewhere", host="other", priority=9)

    claim = frontier.jobs.claim("w", 100, LONG_MS)

    assert [lease.job_id for lease in claim.leases] == ["elsewhere"]
    next_ms = frontier.jobs.claim("w", 100, LONG_MS).next_ms
    assert next_ms is not None
    assert 90_000 < next_ms <= 100_000
    assert not frontier.views.is_due()
    assert {one.tries for one in frontier.views.standings(names).values()} == {0}


def test_each_pause_is_twice_as_long_up_to_the_longest(
    add: Add, take: Any, frontier: Frontier, open_breaker: Any, pause_is_over: Any, now_ms: Any
) -> None:
    open_breaker()
    pauses = []
    for _ in range(5):
        began_ms = now_ms()
        (paused,) = frontier.views.paused()
        pauses.append(round((paused.until_ms - began_ms) / 1000))
        pause_is_over()
        if paused.state == "open":
            end(frontier, take(1)[0], "failed")

    assert pauses[:4] == [100, 200, 300, 300]


def test_a_host_is_left_alone_for_as_long_as_it_asks(
    add: Add, take: Any, frontier: Frontier, pause_is_over: Any, now_ms: Any
) -> None:
    add("a", "b", "c", "d", "e", "f")
    a, b, c, d = take(4)
    began_ms = now_ms()
    end(frontier, a, "limited", pause_ms=200_000)
    end(frontier, b, "limited", pause_ms=50_000)  # under way: no second wish
    end(frontier, c, "good")
    assert frontier.views.paused()[0].until_ms - began_ms < 205_000
    end(frontier, d, "limited", pause_ms=500_000)  # a longer one is

    assert take() == []
    assert frontier.views.paused()[0].until_ms - began_ms >= 500_000
    pause_is_over()
    (probe,) = take()
    began_ms = now_ms()
    end(frontier, probe, "limited", pause_ms=3_000_000)  # above the longest pause of ours
    assert frontier.views.paused()[0].until_ms - began_ms >= 3_000_000


@pytest.mark.parametrize(("named", "seconds"), [(True, [6, 6, 6]), (False, [6, 12, 24])])
def test_a_wait_that_the_server_names_is_not_doubled(
    add: Add,
    take: Any,
    frontier: Frontier,
    pause_is_over: Any,
    now_ms: Any,
    named: Any,
    seconds: Any,
) -> None:
    add("a", "b", "c", "d")
    pauses = []
    for _ in range(3):
        (lease,) = take(1)
        began_ms = now_ms()
        end(frontier, lease, "limited", pause_ms=6_000, pause_is_named=named)
        pauses.append(round((frontier.views.paused()[0].until_ms - began_ms) / 1_000))
        pause_is_over()

    assert pauses == seconds


def test_turns_are_refused_while_it_is_open_and_given_to_the_probe(
    add: Add, take: Any, frontier: Frontier, other: Frontier, open_breaker: Any, pause_is_over: Any
) -> None:
    open_breaker()
    somebody = SlotOwner(7, "somebody's")
    assert 90_000 < open_ms(other.throttle.take_slot("h", 1, LONG_MS, somebody)) <= 100_000

    pause_is_over()
    (probe,) = take()

    assert open_ms(other.throttle.take_slot("h", 1, LONG_MS, somebody)) > 0
    assert other.throttle.take_slot("h", 0, LONG_MS, probe.owner) == SlotTaken()


def test_a_visitor_from_another_host_may_be_the_probe(
    add: Add, take: Any, frontier: Frontier, open_breaker: Any, pause_is_over: Any
) -> None:
    open_breaker()
    add("from afar", "from afar too", host="other")
    first, second = take()
    pause_is_over()

    assert frontier.throttle.take_slot("h", 0, LONG_MS, first.owner) == SlotTaken()
    assert open_ms(frontier.throttle.take_slot("h", 0, LONG_MS, second.owner)) > 0
    assert take() == []  # nor is there another probe by a claim
    events = end(frontier, first, "good", about="h")

    assert [(event.host, event.event) for event in events] == [("h", "closed")]


# -- half open: one probe


def test_exactly_one_of_many_workers_probes(
    open_breaker: Any, pause_is_over: Any, frontier: Frontier, redis_url: str
) -> None:
    open_breaker(waiting=200)
    for _ in range(2):
        pause_is_over()
        start = threading.Barrier(6)

        def claim(
            name: str,
            start: threading.Barrier = start,
        ) -> list[Any]:
            with contextlib.closing(connect(redis_url)) as client:
                frontier = Frontier(client, RULES)
                start.wait(180)
                return [
                    lease
                    for _ in range(20)
                    for lease in frontier.jobs.claim(name, 50, LONG_MS, alone=True).leases
                ]

        with ThreadPoolExecutor(6) as pool:
            given = list(pool.map(claim, [f"worker{number}" for number in range(6)]))

        (probe,) = [lease for leases in given for lease in leases]
        end(frontier, probe, "failed")


def test_a_probe_whose_worker_dies_blocks_nobody(
    open_breaker: Any, pause_is_over: Any, take: Any, frontier: Frontier, eventually: Eventually
) -> None:
    open_breaker()
    pause_is_over()
    (lost,) = take(lease_ms=20)

    (probe,) = eventually(take)

    assert probe.token > lost.token
    assert take() == []
    assert [event.event for event in end(frontier, probe, "good")] == ["closed"]
    assert len(take()) == 9


@pytest.mark.parametrize("how", ["cancel", "release"])
def test_a_probe_that_says_nothing_makes_room_for_another(
    how: str, open_breaker: Any, pause_is_over: Any, take: Any, frontier: Frontier
) -> None:
    open_breaker()
    pause_is_over()
    (probe,) = take()
    assert take() == []

    if how == "cancel":
        frontier.jobs.forget([probe.job_id])
    else:
        end(frontier, probe, "", "release")

    assert len(take()) == 1


def test_a_probe_keeps_to_the_limit_of_open_requests(
    add: Add, take: Any, frontier: Frontier, pause_is_over: Any
) -> None:
    add(*(f"job{number}" for number in range(9)), max_per_host=4)
    leases = take()
    for lease in leases[:3]:
        end(frontier, lease, "failed")
    add("one more", max_per_host=1)
    pause_is_over()

    assert len(take()) == 1
    frontier.jobs.forget([f"job{number}" for number in range(4, 9)])
    assert (
        take() == []
    )  # the one that was under way, the probe: two, and the next wants one at most


def test_a_probe_is_a_page_of_the_best_priority_from_anywhere_in_the_column(
    add: Add, take: Any, frontier: Frontier, pause_is_over: Any, eventually: Eventually
) -> None:
    add("x", "y", "z")
    for lease in take():
        end(frontier, lease, "failed")
    add(*(f"later{number}" for number in range(50)), priority=6)
    add(*(f"best{number}" for number in range(50)), priority=4)

    probes = set()

    def probe_again() -> int:
        pause_is_over()
        (probe,) = take()
        probes.add(probe.job_id)
        end(frontier, probe, "", "release")
        return len(probes)

    eventually(lambda: probe_again() >= 3)  # chosen by the clock: soon another one
    assert all(name.startswith("best") for name in probes)


# -- given up


@pytest.fixture
def give_up(open_breaker: Any, pause_is_over: Any, take: Any, frontier: Frontier) -> Any:
    def give_up_(**named: Any) -> list[str]:
        names: list[str] = open_breaker(**named)
        events: list[HostEvent] = []
        while not events:
            pause_is_over()
            (probe,) = take()
            events = end(frontier, probe, "failed", "release")
        assert [event.event for event in events] == ["given_up"]
        return names

    return give_up_


def test_what_is_due_at_a_host_given_up_is_given_out_to_be_ended(
    give_up: Any, take: Any, frontier: Frontier
) -> None:
    names = give_up(waiting=500)

    leases = take(1_000)

    assert sorted(lease.job_id for lease in leases) == sorted(names)
    (why,) = {replace(lease.given_up, failing_ms=0) for lease in leases}
    assert why == GivenUp(0, 3, "reset", "it hung up")
    assert {lease.tries for lease in leases} == {0}  # that it is given out to be ended is no try
    ended, events = frontier.jobs.finish([Ending(a.job_id, a.token, "done") for a in leases])
    assert (ended, events) == (500, [])
    assert frontier.views.counts()["open"] == 0


def test_a_job_that_was_tried_is_ended_with_its_own_error(
    open_breaker: Any, pause_is_over: Any, take: Any, frontier: Frontier
) -> None:
    open_breaker(waiting=1)
    probes, events = 0, list[HostEvent]()
    while not events:
        pause_is_over()
        (probe,) = take()
        events = end(frontier, probe, "failed", "retry", error_message=f"probe {probes}")
        probes += 1

    (tried,) = take()

    own = tried.given_up.own_kind, tried.given_up.own_message
    assert own == ("reset", f"probe {probes - 1}")
    assert tried.tries == probes


def test_a_job_to_be_ended_that_is_given_back_was_not_tried(
    give_up: Any, take: Any, frontier: Frontier
) -> None:
    give_up(waiting=1)
    (lease,) = take()

    end(frontier, lease, "", "release")

    (again,) = take()
    assert (again.tries, again.given_up.probes) == (0, 3)


def test_after_the_last_pause_a_host_given_up_is_probed_again(
    give_up: Any, take: Any, frontier: Frontier, pause_is_over: Any
) -> None:
    give_up()
    pause_is_over()

    (probe,) = take()
    assert probe.given_up is None
    assert [event.event for event in end(frontier, probe, "good")] == ["closed"]
    assert len(take()) == 9


def test_new_jobs_give_it_a_chance_at_once(
    give_up: Any, add: Add, take: Any, frontier: Frontier
) -> None:
    give_up(waiting=4)
    for lease in take():
        end(frontier, lease, "")
    assert add("h 1") == 1  # put back by retry_failed()

    (probe,) = take()

    assert probe.given_up is None
    assert take() == []
    end(frontier, probe, "failed", "retry", wait_ms=LONG_MS)
    assert state(frontier) == "open"
    assert frontier.views.paused()[0].probes == 1


def test_other_jobs_go_on_while_a_host_is_given_up(give_up: Any, add: Add, take: Any) -> None:
    give_up(waiting=300)
    add("first", host="other", priority=1)

    assert take(1)[0].job_id == "first"


# -- seen from outside, and what it costs


def test_paused_hosts_are_told_with_what_is_known(
    open_breaker: Any, add: Add, take: Any, frontier: Frontier, now_ms: Any
) -> None:
    began_ms = now_ms()
    open_breaker(waiting=7)
    add("l", "m", host="<b>limited</b>", max_per_host=1)
    (lease,) = take()
    end(frontier, lease, "limited", error_kind="rate_limited", error_message="slow", pause_ms=5_000)

    paused = {one.host: one for one in frontier.views.paused()}
    failing, limited = paused["h"], paused["<b>limited</b>"]

    assert failing.state == "open"
    assert (failing.error_kind, failing.error_message) == ("reset", "it hung up")
    assert (failing.failures, failing.probes, failing.waiting) == (3, 0, 7)
    assert began_ms <= failing.since_ms <= now_ms()
    assert failing.until_ms == failing.since_ms + 100_000
    assert (limited.error_kind, limited.error_message) == ("rate_limited", "slow")
    assert limited.waiting == 1


def test_hosts_with_a_failure_or_two_are_not_paused(
    add: Add, take: Any, frontier: Frontier
) -> None:
    add("a")
    end(frontier, take()[0], "failed")

    assert frontier.views.paused() == []


def test_a_host_in_doubt_without_jobs_is_not_told_of(
    give_up: Any, take: Any, frontier: Frontier, pause_is_over: Any
) -> None:
    give_up(waiting=1)
    assert [one.state for one in frontier.views.paused()] == ["given_up"]
    end(frontier, take()[0], "")
    pause_is_over()

    assert frontier.views.paused() == []


def test_a_good_answer_leaves_nothing_in_redis(
    open_breaker: Any, pause_is_over: Any, take: Any, frontier: Frontier, client: redis.Redis
) -> None:
    open_breaker()
    pause_is_over()
    end(frontier, take()[0], "good")

    assert set(client.hkeys("scrapeq:host:h")) <= {"last_ms", "good"}
    assert not client.exists("scrapeq:failing", "scrapeq:breakers")


def test_what_a_breaker_knows_expires(open_breaker: Any, client: redis.Redis) -> None:
    open_breaker()

    assert 0 < client.ttl("scrapeq:host:h") <= 86_400
    assert 0 < client.ttl("scrapeq:failing") <= 86_400
    assert 0 < client.ttl("scrapeq:breakers") <= 86_400


def test_the_forgotten_are_dropped_from_the_list(open_breaker: Any, client: redis.Redis) -> None:
    for key in ("scrapeq:failing", "scrapeq:breakers"):
        client.zadd(key, {"long ago": 1})

    open_breaker()

    assert client.zrange("scrapeq:failing", 0, -1) == ["h"]
    assert client.zrange("scrapeq:breakers", 0, -1) == ["h"]


def commands(client: redis.Redis) -> int:
    stats = client.info("commandstats")
    ours = {"cmdstat_info", "cmdstat_config|resetstat"}
    return sum(stats[name]["calls"] for name in stats if name not in ours)


def test_a_good_answer_costs_a_healthy_host_nothing(
    frontier: Frontier, client: redis.Redis
) -> None:
    """Counted in Redis's commands, which a script's time is made of."""

    def cost(verdict: HostVerdict) -> int:
        names = [f"{verdict} {number}" for number in range(100)]
        due = [Due(name, "h", 0) for name in names]
        frontier.jobs.add("batch", due, priority=5, max_per_host=1_000, respect_robots=False)
        leases = frontier.jobs.claim("w", 100, LONG_MS).leases
        client.config_resetstat()
        frontier.jobs.finish([Ending(a.job_id, a.token, "done", verdict=verdict) for a in leases])
        return commands(client)

    cost("good")  # the first good answer is noted
    assert cost("good") == cost("")


# -- what is no host of jobs


def test_a_call_is_refused_after_so_many_failures_until_one_succeeds(
    frontier: Frontier, other: Frontier, pause_is_over: Any
) -> None:
    name = "ai endpoint example.com"
    events = [
        each.endpoints.report_call(name, "call", "failed", "ai", "HTTP 503", 3)
        for each in (frontier, other, frontier)
    ]

    assert [event and event.event for event in events] == [None, None, "opened"]
    refused = other.endpoints.may_call(name, "a", LONG_MS)
    assert 90_000 < open_ms(refused) <= 100_000
    assert refused == BreakerOpen(open_ms(refused), "ai", "HTTP 503")
    assert frontier.views.paused()[0].host == name

    pause_is_over(name)
    assert other.endpoints.may_call(name, "a", LONG_MS) == CallAllowed()
    assert open_ms(frontier.endpoints.may_call(name, "b", LONG_MS)) > 0  # one at a time
    assert (
        frontier.endpoints.report_call(name, "b", "good", "", "", 3) is None
    )  # under way since before
    event = other.endpoints.report_call(name, "a", "good", "", "", 3)
    assert event == HostEvent(name, "closed", "", "")
    assert frontier.endpoints.may_call(name, "c", LONG_MS) == CallAllowed()


def test_a_probing_call_that_never_ends_or_says_nothing_makes_room(
    frontier: Frontier, other: Frontier, pause_is_over: Any, eventually: Eventually
) -> None:
    for _ in range(3):
        frontier.endpoints.report_call("ai", "call", "failed", "ai", "no", 3)
    pause_is_over("ai")

    assert frontier.endpoints.may_call("ai", "dead", 20) == CallAllowed()
    eventually(lambda: other.endpoints.may_call("ai", "quiet", LONG_MS) == CallAllowed())
    assert open_ms(frontier.endpoints.may_call("ai", "next", LONG_MS)) > 0
    other.endpoints.report_call("ai", "quiet", "", "", "", 3)
    assert frontier.endpoints.may_call("ai", "next", LONG_MS) == CallAllowed()


def test_exactly_one_of_many_calls_probes(
    frontier: Frontier, redis_url: str, pause_is_over: Any
) -> None:
    for _ in range(3):
        frontier.endpoints.report_call("ai", "call", "failed", "ai", "no", 3)
    pause_is_over("ai")
    start = threading.Barrier(6)

    def ask(name: str) -> int:
        with contextlib.closing(connect(redis_url)) as client:
            frontier = Frontier(client, RULES)
            start.wait(180)
            return sum(
                frontier.endpoints.may_call("ai", f"{name} {number}", LONG_MS) == CallAllowed()
                for number in range(50)
            )

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(ask, "abcdef")) == 1
