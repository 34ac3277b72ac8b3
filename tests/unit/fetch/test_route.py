"""Where a connection goes."""

from __future__ import annotations

import pytest

from scrapeq.fetch.failed import Failed
from scrapeq.fetch.guard import Reach
from scrapeq.fetch.route import Route, Routes, Target, target_for
from scrapeq.models import ErrorKind, ScrapingConfig


@pytest.mark.parametrize(
    ("connect_to", "target"),
    [
        ({}, None),
        ({"b.example": "x"}, None),
        ({"a.example:443": "x"}, None),
        ({"a.example:80": "127.0.0.1:8080"}, Target("127.0.0.1", 8080)),
        ({"a.example": "x:9"}, Target("x", 9)),
        ({"a.example": "x"}, Target("x", 80)),
        ({"*:80": "x:9"}, Target("x", 9)),
        ({"*": "[::1]:9"}, Target("::1", 9)),
        ({"*": "[::1]"}, Target("::1", 80)),
        ({"*": "last:4", "*:80": "third:3", "a.example": "second:2"}, Target("second", 2)),
        ({"*": "last:4", "a.example:80": "first:1", "a.example": "x:2"}, Target("first", 1)),
    ],
)
def test_the_most_exact_key_decides(connect_to, target):
    assert target_for("a.example", 80, connect_to) == target


def test_an_ipv6_host_is_written_in_brackets():
    assert target_for("::1", 80, {"[::1]:80": "x:1"}) == Target("x", 1)
    assert Target("::1", 80).netloc == "[::1]:80"


@pytest.mark.parametrize(
    ("worker", "job", "reach"),
    [
        (False, None, Reach.PUBLIC),
        (True, None, Reach.PRIVATE),
        (False, True, Reach.PRIVATE),
        (True, False, Reach.PUBLIC),
    ],
)
def test_a_job_may_decide_otherwise_than_its_worker(worker, job, reach):
    config = ScrapingConfig(allow_private_addresses=job)

    assert Routes(worker).route("https://a.example/", config) == Route(reach)


@pytest.mark.parametrize("host", ["10.0.0.1", "[::1]", "localhost", "a.localhost"])
def test_a_proxy_is_not_asked_for_what_is_written_as_private(host):
    config = ScrapingConfig(proxy="http://proxy.example:3128")

    with pytest.raises(Failed) as caught:
        Routes(False).route(f"http://{host}/", config)

    assert caught.value.kind is ErrorKind.ADDRESS
    assert Routes(True).route(f"http://{host}/", config).proxy == "http://proxy.example:3128"
