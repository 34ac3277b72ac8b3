"""The catalogue of the hostile web as data: complete, named, and able to tell right from wrong."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

from scrapeq.models import ErrorKind, ScrapingConfig
from scrapeq.testing import CATALOGUE, Case
from scrapeq.testing.hostile.addresses import SPELLINGS
from scrapeq.testing.hostile.script import Asked, Send

#: Kinds that no server can cause without a browser, and those that are ours.
ELSEWHERE = {
    *("page_timeout", "page_crash", "action", "robots", "page_kind"),
    *("cancelled", "worker_lost", "breaker_open", "ai", "internal", "config", "not_stored"),
}


def asked(case: Case) -> Asked:
    return Asked(f"{case.name}.localhost", "/", {}, 1, 1, {"plain": 80})


def test_there_are_enough_of_them_and_no_name_twice():
    by_group = Counter(case.group for case in CATALOGUE)

    assert len(CATALOGUE) - by_group["address"] >= 400
    assert max(Counter(case.name for case in CATALOGUE).values()) == 1
    assert len(SPELLINGS) == by_group["address"] >= 40
    assert set(by_group) == {
        *("connect", "tls", "head", "body", "encoding", "charset", "redirect", "address"),
        *("status", "type", "document", "html", "url"),
    }


def test_every_kind_that_a_server_can_cause_is_among_them():
    expected = {one for case in CATALOGUE for one in case.outcomes}

    assert expected == {*ErrorKind, "ok"} - ELSEWHERE
    certain = {case.ends for case in CATALOGUE if len(case.outcomes) == 1}
    assert certain == expected


@pytest.mark.parametrize("case", CATALOGUE, ids=lambda case: case.name)
def test_a_case_can_be_reached_visited_and_understood(case: Case):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", case.name)
    assert len(case.name) <= 63, "it is a DNS label"
    assert case.says.endswith(".")
    ScrapingConfig.build(**case.options)
    for step in case.script(asked(case)):
        assert not isinstance(step, Send) or step.data


def case(ends: str, **more: Any) -> Case:
    return Case("body-some", "Something.", ends, **more)


@pytest.mark.parametrize(
    ("its", "end", "title", "text", "wrong"),
    [
        (case("reset"), "reset", None, None, ""),
        (case("reset or tls"), "tls", None, None, ""),
        (case("reset"), "tls", None, None, "body-some ended as tls, not as reset"),
        (case("reset"), None, "a", None, "body-some ended as ok, not as reset"),
        (case("ok"), None, "anything", None, ""),
        (case("ok", title="a"), "ok", "a", None, ""),
        (case("ok", title="a"), "ok", None, None, "body-some has the title None, not 'a'"),
        (case("ok or tls", title="a"), "tls", None, None, ""),
        (case("ok", text="words"), "ok", None, "some words here", ""),
        (case("ok", text="words"), "ok", None, None, "body-some has no 'words' in its text"),
    ],
)
def test_a_case_knows_what_is_wrong(its, end, title, text, wrong):
    assert its.wrong(end, title, text) == wrong


def test_a_case_waits_if_a_time_limit_ends_it():
    assert case("body_timeout or reset").waits
    assert not case("reset").waits
