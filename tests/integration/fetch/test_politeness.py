"""robots.txt and pace, read from the server's own log."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from scrapeq.fetch import MemoryRobots, MemoryThrottle, PoliteFetcher, Response, http_fetchers
from scrapeq.models import ScrapingConfig


def gaps_s(site) -> list[float]:
    starts = [request.at_s for request in site.requests]
    return [later - sooner for sooner, later in itertools.pairwise(starts)]


def robots(kit, text: str, **pages: object):
    return kit.Site({"/robots.txt": kit.page(text.encode()), "*": kit.page(), **pages})


def test_what_is_disallowed_is_never_asked_for(kit, stealth):
    site = robots(kit, "User-agent: *\nDisallow: /secret")

    secret, page = kit.visit(site, "/secret/a", "/page", respect_robots=True, use_stealth=stealth)

    assert secret.kind == "robots"
    assert secret.final_url == f"{site.url}/secret/a"
    assert not secret.may_retry
    assert isinstance(page, Response)
    assert site.paths() == ["/robots.txt", "/page"]


def test_our_name_counts_also_in_a_browsers_clothes(kit, stealth):
    site = robots(kit, "User-agent: scrapeq\nDisallow: /\n\nUser-agent: *\nDisallow:")

    [result] = kit.visit(site, "/", respect_robots=True, use_stealth=stealth, user_agent="me/1")

    assert result.kind == "robots"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 No", "429 Slow down"])
def test_no_robots_txt_means_allowed(kit, status):
    site = kit.Site({"/robots.txt": kit.page(status=status), "/": kit.page()})

    [result] = kit.visit(site, "/", respect_robots=True)

    assert isinstance(result, Response), result


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable"])
def test_a_failing_robots_txt_means_not_now(kit, status):
    site = kit.Site({"/robots.txt": kit.page(status=status), "/": kit.page()})

    first, second = kit.visit(site, "/", "/", respect_robots=True)

    for result in (first, second):
        assert result.kind == "robots"
        assert result.may_retry
        assert 50 < result.retry_after_s <= 60
    assert site.paths() == ["/robots.txt"]


def test_a_robots_txt_that_never_answers_means_not_now(kit):
    async def hang(_request, reader, _writer):
        await reader.read()

    site = kit.Site({"/robots.txt": hang, "/": kit.page()})

    first, second = kit.visit(site, "/", "/", respect_robots=True, first_byte_timeout_s=0.2)

    for result in (first, second):
        assert result.kind == "robots"
        assert result.may_retry
        assert "no complete answer head within 0.2 s" in result.message
    assert site.paths() == ["/robots.txt"]


def test_a_site_that_does_not_answer_has_its_own_kind(kit):
    async def leave(_request, _reader, _writer):
        raise ConnectionResetError

    site = kit.Site({"*": leave})

    reset, dns = kit.visit(site, "/", "http://nothing.invalid/", respect_robots=True)

    assert (reset.kind, dns.kind) == ("reset", "dns")
    assert site.paths() == ["/robots.txt"]


def test_a_robots_txt_that_moved_is_found(kit):
    site = robots(kit, "")
    site.pages["/robots.txt"] = kit.page(b"", "Location: /1", status="301 Moved")
    for number in range(1, 5):
        site.pages[f"/{number}"] = kit.page(b"", f"Location: /{number + 1}", status="302 Found")
    site.pages["/5"] = kit.page(b"User-agent: *\nDisallow: /")

    [result] = kit.visit(site, "/page", respect_robots=True)

    assert result.kind == "robots"
    assert len(site.requests) == 6


def test_a_robots_txt_that_moves_for_ever_is_none(kit):
    site = kit.Site({"/page": kit.page()})

    async def on(request, _reader, writer):
        number = 0 if request.path == "/robots.txt" else int(request.path[1:])
        writer.write(kit.page(b"", f"Location: /{number + 1}", status="302 Found"))

    site.pages["*"] = on
    [result] = kit.visit(site, "/page", respect_robots=True)

    assert isinstance(result, Response), result


def test_a_huge_robots_txt_is_cut(kit):
    text = "User-agent: *\nDisallow: /early\n" + "# filling\n" * 60_000 + "Disallow: /late\n"
    site = robots(kit, text)

    early, late = kit.visit(site, "/early", "/late", respect_robots=True)

    assert early.kind == "robots"
    assert isinstance(late, Response)


def test_without_respect_for_robots_nothing_is_asked(kit):
    site = robots(kit, "User-agent: *\nDisallow: /")

    [result] = kit.visit(site, "/", respect_robots=False)

    assert isinstance(result, Response)
    assert site.paths() == ["/"]


def test_a_redirect_asks_the_robots_txt_of_where_it_leads(kit):
    site = robots(kit, "User-agent: *\nDisallow: /secret")

    async def out(_request, _reader, writer):
        writer.write(
            kit.page(b"", f"Location: http://localhost:{site.port}/secret", status="302 Found")
        )

    site.pages["/out"] = out
    [result] = kit.visit(site, "/out", respect_robots=True)

    assert result.kind == "robots"
    assert result.final_url == f"http://localhost:{site.port}/secret"
    assert site.paths() == ["/robots.txt", "/out", "/robots.txt"]


def test_many_visits_share_one_robots_txt(kit):
    site = robots(kit, "User-agent: *\nDisallow: /secret")

    results = kit.visit(
        site, *[f"/{number}" for number in range(20)], at_once=True, respect_robots=True
    )

    assert all(isinstance(result, Response) for result in results)
    assert site.paths().count("/robots.txt") == 1


def test_a_cancelled_visit_leaves_robots_txt_to_the_others(kit):
    site = robots(kit, "User-agent: *\nDisallow: /secret")
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request, _reader, writer):
        asked.set()
        await go_on.wait()
        writer.write(kit.page(b"User-agent: *\nDisallow: /secret"))

    site.pages["/robots.txt"] = slow

    async def run():
        async with site.serve():
            fetcher = PoliteFetcher(
                fetchers=http_fetchers(allow_private_addresses=True),
                throttle=MemoryThrottle(),
                robots=MemoryRobots(),
            )
            config = ScrapingConfig()
            first = asyncio.create_task(fetcher.fetch(f"{site.url}/1", config))
            await asked.wait()
            second = asyncio.create_task(fetcher.fetch(f"{site.url}/secret", config))
            await asyncio.sleep(0)
            first.cancel()
            go_on.set()
            try:
                return await second, first.cancelled()
            finally:
                await fetcher.close()

    result, was_cancelled = asyncio.run(run())

    assert was_cancelled
    assert result.kind == "robots"


GAP_S = 0.1


@pytest.mark.parametrize("delay_s", [0, GAP_S / 4])
def test_nobody_asks_a_host_before_its_rules_are_known(kit, delay_s):
    """Two processes are led to a new host; its answer has begun, and what it says is not there yet."""
    text = f"User-agent: *\nCrawl-delay: {GAP_S}".encode()
    site = kit.Site({"/": kit.page(b"", "Location: http://new.example/page", status="302 Found")})
    site.pages["/page"] = kit.page()

    async def slow(request, _reader, writer):
        if request.headers["host"] != "new.example":
            return writer.write(kit.page(b""))
        head, _, body = kit.page(text).partition(b"\r\n\r\n")
        writer.write(head + b"\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(2 * GAP_S)
        writer.write(body)

    site.pages["/robots.txt"] = slow

    async def run():
        async with site.serve():
            throttle, known = MemoryThrottle(), MemoryRobots()
            processes = [
                PoliteFetcher(
                    fetchers=http_fetchers(
                        allow_private_addresses=True, connect_to={"*": f"127.0.0.1:{site.port}"}
                    ),
                    throttle=throttle,
                    robots=known,
                )
                for _ in range(2)
            ]
            config = ScrapingConfig(delay_between_requests=delay_s)
            hosts = ("one.example", "two.example")
            try:
                return await asyncio.gather(
                    *[
                        one.fetch(f"http://{host}/", config)
                        for one, host in zip(processes, hosts, strict=True)
                    ]
                )
            finally:
                for one in processes:
                    await one.close()

    results = asyncio.run(run())

    assert all(isinstance(result, Response) for result in results), results
    asked = [request for request in site.requests if request.headers["host"] == "new.example"]
    assert [request.path for request in asked].count("/page") == 2
    first, *others = [request.at_s for request in asked]
    assert all(at_s - first >= 3 * GAP_S for at_s in others)
    assert all(later - sooner >= GAP_S for sooner, later in itertools.pairwise(others))


@pytest.mark.parametrize("at_once", [False, True])
def test_no_two_requests_to_a_host_are_closer_than_the_delay(kit, stealth, at_once):
    site = robots(kit, "User-agent: *\nDisallow: /x")

    async def moved(_request, _reader, writer):
        writer.write(kit.page(b"", "Location: /there", status="302 Found"))

    site.pages["/moved"] = moved

    results = kit.visit(
        site,
        *["/a", "/b", "/moved", "/c", "/moved", "/d"],
        at_once=at_once,
        respect_robots=True,
        use_stealth=stealth,
        delay_between_requests=GAP_S,
    )

    assert all(isinstance(result, Response) for result in results)
    assert len(site.requests) == 9  # robots.txt, six pages, two redirects
    assert min(gaps_s(site)) >= GAP_S


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("delay_s", [None, 0.02])
def test_crawl_delay_is_kept_from_the_first_page(kit, at_once, delay_s):
    site = robots(kit, f"User-agent: *\nCrawl-delay: {GAP_S}")

    kit.visit(
        site,
        *["/a", "/b", "/c", "/d"],
        at_once=at_once,
        respect_robots=True,
        delay_between_requests=delay_s,
    )

    assert len(site.requests) == 5
    assert min(gaps_s(site)) >= GAP_S


def test_a_crawl_delay_above_the_cap_is_a_row_with_the_figure(kit):
    site = robots(kit, "User-agent: *\nCrawl-delay: 86400")

    [result] = kit.visit(site, "/a", respect_robots=True)

    assert result.kind == "robots"
    assert not result.may_retry
    assert "86,400 s between two requests (Crawl-delay), more than crawl_delay_cap_s (300 s)" in (
        result.message
    )
    assert site.paths() == ["/robots.txt"]


@pytest.mark.parametrize(
    ("options", "is_fetched"),
    [
        ({"crawl_delay_cap_s": GAP_S / 2}, False),
        ({"crawl_delay_cap_s": GAP_S}, True),
        # whoever goes as slowly as that anyway waits for nothing more
        ({"crawl_delay_cap_s": 0, "delay_between_requests": GAP_S}, True),
    ],
)
def test_the_cap_is_the_longest_crawl_delay_that_is_waited_for(kit, options, is_fetched):
    site = robots(kit, f"User-agent: *\nCrawl-delay: {GAP_S}")

    [result] = kit.visit(site, "/a", respect_robots=True, **options)

    assert isinstance(result, Response) is is_fetched


def test_a_host_that_waits_holds_nobody_up(kit):
    site = kit.Site({"*": kit.page()})
    asked = [f"http://{host}.example/{number}" for number in range(3) for host in "abcdefgh"]

    results = kit.visit(
        site,
        *asked,
        at_once=True,
        connect_to={"*": "127.0.0.1:{port}"},
        delay_between_requests=GAP_S,
    )

    assert all(isinstance(result, Response) for result in results)
    hosts = [request.headers["host"] for request in site.requests]
    # All hosts are asked once before any is asked twice: none waits for another's pace.
    assert len(set(hosts[:8])) == 8
    for host in set(hosts):
        starts = [r.at_s for r in site.requests if r.headers["host"] == host]
        assert min(b - a for a, b in itertools.pairwise(starts)) >= GAP_S


def test_waiting_for_politeness_is_not_taken_from_the_time_of_the_page(kit):
    site = kit.Site({"/a": kit.page(b"", "Location: /b", status="302 Found"), "/b": kit.page()})

    [result] = kit.visit(site, "/a", delay_between_requests=1.5, total_timeout_s=1.2)

    assert isinstance(result, Response), result
    assert result.elapsed_s < 1.2
