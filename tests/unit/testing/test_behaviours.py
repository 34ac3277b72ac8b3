"""What the little web answers at each path, without a socket."""

from __future__ import annotations

import json

import pytest

from scrapeq.testing import BEHAVIOURS
from scrapeq.testing.behaviours import Answer, Memory, Request, answer
from scrapeq.testing.pages import title_at


def ask(
    path: str, query: str = "", *, memory: Memory | None = None, host: str = "h", **headers: str
) -> Answer:
    return answer(memory or Memory(), Request("GET", host, path, query, headers))


def test_every_line_of_the_table_answers_as_itself():
    example = {"<n>": "2", "<seconds>": "0.1", "<code>": "418", "<bytes>": "9", "<any>": "x"}
    for behaviour in BEHAVIOURS:
        path = behaviour.path.partition("?")[0]
        for slot, value in {**example, "<name>": "koi8-r"}.items():
            path = path.replace(slot, value)

        assert ask(path) != ask("/nothing"), behaviour.path


@pytest.mark.parametrize(
    "path",
    ["/slow/soon", "/slow/-1", "/status/nine", "/status/99", "/charset/klingon", "/image/a.exe"],
)
def test_an_argument_that_makes_no_sense_is_not_found(path):
    said = ask(path)

    assert said.status == 404
    assert path.encode() in said.body


def test_a_flaky_path_fails_as_often_as_it_says_for_each_url():
    memory = Memory()

    first = [ask("/flaky/2", "row=1", memory=memory).status for _ in range(4)]
    other = [ask("/flaky/2", "row=2", memory=memory).status for _ in range(3)]

    assert first == [503, 503, 200, 200]
    assert other == [503, 503, 200]


def test_a_forgetful_web_is_flaky_again():
    memory = Memory()
    ask("/flaky/1", memory=memory)

    memory.forget()

    assert ask("/flaky/1", memory=memory).status == 503


def test_retry_after_names_the_wait_and_answers_when_it_is_over():
    memory = Memory()

    refused = ask("/retry-after/2", memory=memory)
    early = ask("/retry-after/2", memory=memory)
    memory.first_asked_s = {key: asked - 2 for key, asked in memory.first_asked_s.items()}

    assert (refused.status, early.status) == (429, 429)
    assert ("Retry-After", "2") in refused.headers
    assert ask("/retry-after/2", memory=memory).status == 200


def test_retry_after_nothing_still_refuses_once():
    memory = Memory()

    assert [ask("/retry-after/0", memory=memory).status for _ in range(2)] == [429, 200]


def test_redirects_lead_on_and_keep_the_query():
    assert ("Location", "/redirect/1?row=4") in ask("/redirect/2", "row=4").headers
    assert ask("/redirect/0", "row=4").status == 200
    assert ("Location", "/loop?a=1") in ask("/loop", "a=1").headers
    target = ask("/redirect-to", "url=http%3A%2F%2F10.0.0.1%2Fa&status=307")
    assert (target.status, target.headers) == (307, (("Location", "http://10.0.0.1/a"),))


def test_a_redirect_cannot_smuggle_a_header():
    location = dict(ask("/redirect-to", "url=/a%0d%0aSet-Cookie:+x").headers)["Location"]

    assert "\r" not in location
    assert "\n" not in location


def test_the_cookie_wall_opens_for_its_own_cookie():
    closed = ask("/cookie-wall")
    cookie = dict(closed.headers)["Set-Cookie"].partition(";")[0]

    assert closed.status == 302
    assert ask("/cookie-wall", cookie=cookie).status == 200


def test_robots_is_what_the_host_was_given():
    memory = Memory(robots={"a": "User-agent: *\nDisallow: /\n", "b": 503}, crawl_delay_s={"c": 2})

    assert ask("/robots.txt", memory=memory, host="a").body == b"User-agent: *\nDisallow: /\n"
    assert ask("/robots.txt", memory=memory, host="b").status == 503
    assert b"Crawl-delay: 2\n" in ask("/robots.txt", memory=memory, host="c").body
    assert b"Disallow: /robots-denied/\n" in ask("/robots.txt", memory=memory, host="d").body


def test_pages_are_gzipped_for_those_who_ask():
    assert not ask("/article/1").headers
    reader = {"accept-encoding": "br, gzip"}
    answered = answer(Memory(), Request("GET", "h", "/article/1", "", reader))
    assert ("Content-Encoding", "gzip") in answered.headers


def test_a_truncated_answer_promises_more_than_it_has():
    said = ask("/truncated")

    assert said.promised_bytes is not None
    assert said.promised_bytes > len(said.body)
    assert said.ending == "close"


def test_a_shelf_is_drawn_from_the_products_that_its_api_has():
    web = Memory()
    shelf = ask("/shop/2", memory=web).body
    offers = json.loads(ask("/api/offers/2", memory=web).body)["offers"]

    assert b"const shelf = 2;" in shelf
    assert [offer["id"] for offer in offers] == list(range(9, 17))
    assert offers[0]["name"] == title_at(0, "h", "/product/9")
    assert {ask(path).status for path in ("/shop/0", "/api/offers/0", "/shop/-1")} == {404}
