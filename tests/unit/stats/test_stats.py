"""Progress, rates, percentiles and the verdict on health."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq import stats


def test_half_done_is_fifty_percent_and_nothing_to_do_is_done():
    assert stats.percentage(5, 10) == 50
    assert stats.percentage(0, 0) == 100
    assert stats.percentage(11, 10) == 100


def test_success_is_unknown_until_something_is_finished():
    assert stats.success_rate(0, 0) is None
    assert stats.success_rate(3, 1) == 75


def test_rate_counts_from_the_first_sample_to_the_last():
    assert stats.rate_per_s([(100.0, 50), (105.0, 70), (110.0, 150)]) == 10


@pytest.mark.parametrize("samples", [[], [(0.0, 1)], [(0.0, 1), (0.5, 900)]])
def test_rate_is_unknown_with_too_little_to_go_by(samples):
    assert stats.rate_per_s(samples) is None


def test_rate_forgets_what_was_before_failed_jobs_were_put_back():
    samples = [(0.0, 0), (10.0, 1000), (20.0, 900), (30.0, 950)]

    assert stats.rate_per_s(samples) == 5


def test_time_to_the_end_is_unknown_while_nothing_moves():
    standing = stats.rate_per_s([(0.0, 7), (60.0, 7)])

    assert standing == 0
    assert stats.eta_s(100, standing) is None
    assert stats.eta_s(100, None) is None
    assert stats.eta_s(100, 4.0) == 25
    assert stats.eta_s(0, None) == 0


def test_percentile_lies_on_the_line_between_its_neighbours():
    assert stats.percentile([4, 1, 3, 2], 0.5) == 2.5
    assert stats.percentile([1, 2, 3, 4, 5], 0.95) == pytest.approx(4.8)
    assert stats.percentile([], 0.5) is None
    with pytest.raises(ValueError, match=r"0\.95 for 95 %"):
        stats.percentile([1], 95)


def test_buckets_cover_everything_and_their_edges_belong_to_them():
    assert stats.bucket(0) == 0
    assert stats.bucket(0.001) == 0
    assert stats.bucket(stats.BUCKET_EDGES_S[40]) == 40
    assert stats.bucket(1e9) == len(stats.BUCKET_EDGES_S)


@given(st.lists(st.floats(0.0011, 900), min_size=1, max_size=60), st.floats(0, 1))
def test_quantile_of_a_histogram_is_within_a_bucket_of_the_true_one(values, share):
    ordered = sorted(values)
    true = ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    estimate = stats.quantile_s(stats.histogram(values), share)

    assert true / 1.13 <= estimate <= true * 1.13


def test_merged_histograms_count_as_one():
    together = stats.merge([stats.histogram([0.1, 0.2]), stats.histogram([0.1, 5])])

    assert together == stats.histogram([0.1, 0.2, 0.1, 5])
    assert stats.merge([]) == {}
    assert stats.quantile_s({}, 0.5) is None
    assert stats.quantile_s({500: 3}, 0.5) == stats.BUCKET_EDGES_S[-1]


def test_all_well():
    verdict = stats.health_verdict(
        redis_reachable=True,
        workers_alive=2,
        waiting_jobs=1_000_000,
        completed=95,
        errors={"http_5xx": 5, "cancelled": 1_000},
        stalled_s=3,
    )

    assert tuple(verdict) == ("HEALTHY", (), (), ())


def test_no_redis_is_unhealthy_whatever_else_is_known():
    verdict = stats.health_verdict(redis_reachable=False, workers_alive=4)

    assert tuple(verdict) == ("UNHEALTHY", ("Redis cannot be reached",), (), ())


def test_a_full_disk_is_named_before_what_comes_of_it():
    full = stats.health_verdict(
        redis_reachable=True, workers_alive=0, waiting_jobs=3, free_bytes=2_500_000
    )
    away = stats.health_verdict(redis_reachable=False, workers_alive=0, free_bytes=0)
    roomy = stats.health_verdict(redis_reachable=True, workers_alive=1, free_bytes=10**9)

    assert full.status == "UNHEALTHY"
    assert full.reasons == (
        "the disk of the record is full: 2 MB are left, and 50 MB are needed",
        "no workers are alive and 3 jobs wait",
    )
    assert full.hints == (stats.MAKE_ROOM,)
    assert away.reasons[0].startswith("the disk of the record is full: 0 MB are left")
    assert away.reasons[1] == "Redis cannot be reached"
    assert roomy.status == "HEALTHY"


def test_no_workers_matter_more_when_jobs_wait():
    idle = stats.health_verdict(redis_reachable=True, workers_alive=0)
    stuck = stats.health_verdict(redis_reachable=True, workers_alive=0, waiting_jobs=1200)

    assert idle.status == "DEGRADED"
    assert stuck.status == "UNHEALTHY"
    assert stuck.reasons == ("no workers are alive and 1,200 jobs wait",)


def test_a_worker_for_processing_alone_is_a_worker():
    idle = stats.health_verdict(redis_reachable=True, workers_alive=4, scrapers=0)
    stuck = stats.health_verdict(redis_reachable=True, workers_alive=4, scrapers=0, waiting_jobs=3)

    assert tuple(idle) == ("HEALTHY", (), (), ())
    assert stuck.status == "UNHEALTHY"
    assert stuck.reasons == ("no worker listens to scraping and 3 jobs wait",)
    assert stuck.hints == ("start a worker without --queues: it listens to all of them",)


@pytest.mark.parametrize(
    ("completed", "errors", "status"),
    [
        (1, {"http_4xx": 12}, "HEALTHY"),  # a column of dead links is no illness
        (0, {"dns": 500, "refused": 500}, "HEALTHY"),
        (1, {"http_5xx": 12}, "DEGRADED"),
        (5, {"header_timeout": 4}, "HEALTHY"),  # too few to say anything
        (60, {"rate_limited": 40}, "HEALTHY"),
        (1_000, {"internal": 1}, "DEGRADED"),
        (1, {"config": 12}, "UNHEALTHY"),
        (0, {"worker_lost": 1}, "UNHEALTHY"),
    ],
)
def test_failures_count_by_whose_fault_they_are(completed, errors, status):
    found = stats.health_verdict(
        redis_reachable=True, workers_alive=1, completed=completed, errors=errors
    )

    assert found.status == status
    assert bool(found.reasons) == (status != "HEALTHY")
    assert all("of the last 15 min" in one for one in (*found.reasons, *found.notes))


def test_failures_of_pages_are_told_and_a_network_that_may_be_away_too():
    dead = stats.health_verdict(
        redis_reachable=True, workers_alive=1, completed=1, errors={"http_4xx": 11, "dns": 1}
    )
    away = stats.health_verdict(redis_reachable=True, workers_alive=1, errors={"dns": 12})

    assert dead.notes == (
        "12 of the 13 pages of the last 15 min failed by their addresses: "
        "11 not found or not allowed (4xx), 1 unknown to DNS",
    )
    assert away.notes[0].endswith("no server was reached, so the network may be away")


def test_reasons_come_worst_first():
    verdict = stats.health_verdict(
        redis_reachable=True,
        workers_alive=1,
        errors={"http_5xx": 40},
        window_s=3600,
        unattended={"processing": 2, "celery": 1},
        stalled_s=1800,
    )

    assert verdict.status == "UNHEALTHY"
    assert verdict.reasons == (
        "2 messages wait in the queue processing, and no worker listens to it",
        "1 message waits in the queue celery, and no worker listens to it",
        "jobs have been due for 30 min, and no worker takes one",
        "40 of the 40 pages of the last 60 min failed at their servers: "
        "40 failed at the server (5xx)",
    )


def test_a_try_takes_as_long_as_usual_until_it_takes_longer():
    lately = stats.histogram([1.0] * 90 + [10.0] * 9 + [20.0])

    assert stats.expected_s(0.5, 1.3, lately, 60) == 1.3
    assert stats.expected_s(5, 1.3, lately, 60) == pytest.approx(10, rel=0.12)
    assert stats.expected_s(15, 1.3, lately, 60) == pytest.approx(20, rel=0.12)
    assert stats.expected_s(30, 1.3, lately, 60) == 60
    assert stats.expected_s(5, 60, {}, 60) == 60
