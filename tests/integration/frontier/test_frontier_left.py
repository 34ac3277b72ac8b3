"""Jobs that are left to wait for another host: they go on there, and begin anew at their own."""

from __future__ import annotations

from scrapeq.frontier import Ending

LONG_MS = 600_000


def leave(frontier, lease, host, gap_ms=0, trail="there", **named):
    ending = Ending(
        lease.job_id, lease.token, "leave", host=host, gap_ms=gap_ms, trail=trail, **named
    )
    assert frontier.jobs.finish([ending])[0] == 1


def test_it_waits_under_the_host_that_it_needs(frontier, add, take):
    add("a", "b", host="first")
    add("c", host="other", gap_ms=LONG_MS)
    leases = {one.job_id: one for one in take()}

    leave(frontier, leases["a"], "other", LONG_MS)

    assert take() == []  # c holds the slot of that host
    frontier.throttle.end_slot("other", leases["c"].owner, used=False)
    frontier.jobs.finish([Ending("c", leases["c"].token, "release")])
    (again,) = take(count=1)
    assert (again.job_id, again.trail, again.tries) == ("a", "there", 1)
    assert take() == []  # it holds that slot now, and so c waits


def test_a_second_try_begins_anew_at_its_own_host(frontier, add, take, eventually):
    add("a", host="first")
    leave(frontier, take()[0], "other")
    (lease,) = take()
    ending = Ending("a", lease.token, "retry", 1, host="first", gap_ms=0, error_kind="reset")
    frontier.jobs.finish([ending])

    (again,) = eventually(take)

    assert (again.trail, again.tries) == ("", 2)
    assert frontier.views.next_ids() == []


def test_what_its_lost_worker_knew_is_kept(frontier, add, take, eventually):
    add("a", host="first")
    leave(frontier, take()[0], "other")
    assert take(lease_ms=1)[0].trail == "there"

    (again,) = eventually(take)

    assert (again.trail, again.lost) == ("there", 1)


def test_nothing_of_it_stays(frontier, client, add, take):
    add("a", "b", host="first")
    for lease in take():
        leave(frontier, lease, "other")
    (a, _) = take()
    frontier.jobs.finish([Ending("a", a.token, "done")])
    frontier.jobs.forget(["b"])

    assert not client.exists("scrapeq:trail", "scrapeq:job")
    add("a", host="first")
    assert take()[0].trail == ""


def test_a_redirect_before_it_is_a_good_answer_of_the_first_host(frontier, client, add, take):
    add("a", "b", host="first")
    a, b = take()
    failed = Ending("b", b.token, "retry", 1, error_kind="http_5xx", verdict="failed")
    frontier.jobs.finish([failed])

    leave(frontier, a, "other", verdict="good")

    assert frontier.views.paused() == []
    assert not client.zscore("scrapeq:failing", "first")
