"""Second users of fetch's seams: a fetcher of a third mode, and an observer of all exchanges."""

from __future__ import annotations

import asyncio
import gzip
import logging
from datetime import UTC, datetime

import pytest

from scrapeq.fetch import (
    Exchange,
    MemoryRobots,
    MemoryThrottle,
    MustWait,
    PoliteFetcher,
    Response,
    Trail,
    http_fetchers,
)
from scrapeq.fetch.mode import fetch_mode
from scrapeq.models import ErrorKind, ScrapingConfig
from scrapeq.testing import LittleWeb


class Recorder:
    """Keeps what it sees, as a WARC writer would."""

    def __init__(self) -> None:
        self.seen: list[Exchange] = []

    def observe(self, exchange: Exchange) -> None:
        self.seen.append(exchange)


class Broken:
    """An observer with a fault of its own."""

    def observe(self, exchange: Exchange) -> None:
        raise ZeroDivisionError(exchange.url)


class FromAFolder:
    """A fetcher of a third mode: pages come from a dict, and slots are taken all the same."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages = pages
        self.asked: list[str] = []
        self.is_closed = False

    async def fetch(self, url, config, slot, *, cut=False, trail=None, held=()):
        if refused := await slot(url):
            return Trail(url, robots=refused.robots) if isinstance(refused, MustWait) else refused
        self.asked.append(url)
        slot.answered()
        body = self.pages.get(url, b"")
        return Response(
            url=url,
            final_url=url,
            http_status=200,
            headers=(),
            content_type="text/plain" if cut else "text/html",
            body=body,
            redirects=(),
            fetched_at=datetime.now(UTC),
            elapsed_s=0.0,
        )

    async def close(self):
        self.is_closed = True


def fetch_all(urls, fetchers, mode=fetch_mode, **options):
    """The results of a few URLs, one after the other."""

    async def run():
        fetcher = PoliteFetcher(
            fetchers=fetchers, throttle=MemoryThrottle(), robots=MemoryRobots(), mode=mode
        )
        config = ScrapingConfig.build(**{"delay_between_requests": 0, **options})
        try:
            return [await fetcher.fetch(url, config) for url in urls]
        finally:
            await fetcher.close()

    return asyncio.run(run())


def observed(urls, *observers, **options):
    """The results, fetched while the observers look on."""

    async def run():
        fetchers = http_fetchers(allow_private_addresses=True, observers=observers)
        fetcher = PoliteFetcher(fetchers=fetchers, throttle=MemoryThrottle(), robots=MemoryRobots())
        config = ScrapingConfig.build(**{"delay_between_requests": 0, **options})
        try:
            return [await fetcher.fetch(url, config) for url in urls]
        finally:
            await fetcher.close()

    return asyncio.run(run())


def test_a_fetcher_of_a_third_mode_is_asked_for_what_wants_it():
    home = "http://shelf.example"
    shelf = FromAFolder(
        {
            f"{home}/robots.txt": b"User-agent: *\nDisallow: /secret",
            f"{home}/page": b"<h1>from the shelf</h1>",
        }
    )

    page, secret = fetch_all(
        [f"{home}/page", f"{home}/secret"], {"shelf": shelf}, mode=lambda _: "shelf"
    )

    assert page.body == b"<h1>from the shelf</h1>"
    assert secret.kind is ErrorKind.ROBOTS
    assert shelf.asked == [f"{home}/robots.txt", f"{home}/page"]
    assert shelf.is_closed


@pytest.mark.parametrize("respect_robots", [True, False])
def test_a_mode_that_a_worker_lacks_is_its_configuration(respect_robots):
    [result] = fetch_all(
        ["http://shelf.example/"],
        {"http": FromAFolder({})},
        mode=lambda _: "shelf",
        respect_robots=respect_robots,
    )

    assert result.kind is ErrorKind.CONFIG
    assert not result.may_retry
    assert "'shelf'" in result.message


def test_an_observer_sees_robots_redirects_errors_and_pages(stealth):
    recorder = Recorder()
    with LittleWeb() as web:
        home = web.url("/").rstrip("/")
        page, missing = observed(
            [f"{home}/redirect/1", f"{home}/status/404"], recorder, use_stealth=stealth
        )

    paths = [one.url.removeprefix(home) for one in recorder.seen]
    statuses = [one.status for one in recorder.seen]
    assert isinstance(page, Response)
    assert missing.http_status == 404
    assert paths[:2] == ["/robots.txt", "/redirect/1"]
    assert paths[-1] == "/status/404"
    assert statuses[1] in {301, 302, 303, 307, 308}
    assert statuses[-1] == 404
    last_page = recorder.seen[-2]
    assert last_page.body == page.body
    assert last_page.is_whole
    assert last_page.response_headers == page.headers
    assert b"404" in recorder.seen[-1].body
    assert recorder.seen[-1].is_whole
    assert all(one.method == "GET" and one.failure is None for one in recorder.seen)
    assert all(one.sent_at.tzinfo is not None for one in recorder.seen)


def test_an_error_page_is_read_in_bounds(kit, stealth):
    body = gzip.compress(b"sorry " * 100_000)
    recorder = Recorder()

    async def stall(_request, _reader, writer):
        writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 9999\r\n\r\nfirst words")
        await writer.drain()
        await asyncio.sleep(60)

    site = kit.Site(
        {
            "/large": kit.page(body, "Content-Encoding: gzip", status="503 Busy"),
            "/broken": kit.page(b"no gzip", "Content-Encoding: gzip", status="404 Not Found"),
            "/stall": stall,
        }
    )

    large, broken, stalled = kit.visit(
        site,
        "/large",
        "/broken",
        "/stall",
        use_stealth=stealth,
        observers=[recorder],
        max_retries=0,
    )

    assert [large.http_status, broken.http_status, stalled.http_status] == [503, 404, 500]
    seen_large, seen_broken, seen_stalled = recorder.seen
    assert seen_large.body == (b"sorry " * 100_000)[: 64 * 1024]
    assert (seen_broken.body, seen_stalled.body) == (b"", b"first words")
    assert not any(one.is_whole for one in recorder.seen)


def test_error_pages_are_not_kept_when_nobody_looks(kit, stealth):
    async def stall(_request, _reader, writer):
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9999\r\n\r\nfirst words")
        await writer.drain()
        await asyncio.sleep(60)

    [result] = kit.visit(
        kit.Site({"/": stall}), "/", use_stealth=stealth, idle_timeout_s=0.2, max_retries=0
    )

    assert result.kind is ErrorKind.HTTP_4XX


def test_an_observer_sees_failures_and_the_head_before_them(kit, stealth):
    recorder = Recorder()

    async def cut(_request, _reader, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nX-A: b\r\n\r\nshort")
        await writer.drain()
        writer.close()

    site = kit.Site({"/cut": cut})

    kit.visit(
        site,
        "/cut",
        "http://127.0.0.1:1/",
        use_stealth=stealth,
        observers=[recorder],
        max_retries=0,
    )

    first, refused = recorder.seen
    assert (first.status, dict(first.response_headers).get("X-A")) == (200, "b")
    assert first.failure.kind in {ErrorKind.TRUNCATED, ErrorKind.RESET}
    assert (refused.status, refused.failure.kind) == (None, ErrorKind.REFUSED)


def test_an_observer_sees_a_time_limit_and_no_secrets(kit, stealth, monkeypatch):
    monkeypatch.setenv("MY_KEY", "s3cret")
    recorder = Recorder()

    async def silent(_request, _reader, _writer):
        await asyncio.sleep(60)

    kit.visit(
        kit.Site({"/": silent}),
        "/",
        use_stealth=stealth,
        observers=[recorder],
        first_byte_timeout_s=0.2,
        headers={"X-Key": "env:MY_KEY", "Accept-Language": "de"},
        cookies={"session": "s3cret"},
        max_retries=0,
    )

    [seen] = recorder.seen
    sent = {name.lower(): value for name, value in seen.request_headers}
    assert seen.failure.kind is ErrorKind.HEADER_TIMEOUT
    assert (sent["x-key"], sent["cookie"], sent["accept-language"]) == ("***", "***", "de")


def test_an_observer_that_raises_harms_nothing(stealth, caplog):
    recorder = Recorder()
    with LittleWeb() as web, caplog.at_level(logging.ERROR):
        home = web.url("/").rstrip("/")
        results = observed(
            [f"{home}/article/1", f"{home}/article/2"],
            Broken(),
            recorder,
            use_stealth=stealth,
        )

    assert all(isinstance(result, Response) for result in results)
    assert len(recorder.seen) == 3  # robots.txt too
    assert len(caplog.records) == 1
