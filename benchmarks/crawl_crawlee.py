"""Crawlee's HttpCrawler with selectolax's Lexbor: as many processes as are asked for, queues in memory.

Its autoscaling looks at the CPU of the whole machine and would slow it down beside the site, so
the number of requests in flight is fixed here: that is its best case.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import subject
from crawlee import ConcurrencySettings, service_locator
from crawlee.crawlers import HttpCrawler, HttpCrawlingContext
from crawlee.storage_clients import MemoryStorageClient
from lexbor_row import read_row


async def crawl(urls: list[str], feed: Path, in_flight: int, begin: Callable[[], None]) -> None:
    service_locator.set_storage_client(MemoryStorageClient())
    crawler = HttpCrawler(
        concurrency_settings=ConcurrencySettings(
            min_concurrency=in_flight,
            desired_concurrency=in_flight,
            max_concurrency=in_flight,
        ),
        respect_robots_txt_file=False,
        use_session_pool=False,
        configure_logging=False,
    )
    with feed.open("w", encoding="utf-8") as output:

        @crawler.router.default_handler
        async def read(context: HttpCrawlingContext) -> None:
            url = context.request.loaded_url or context.request.url
            row = read_row(url, await context.http_response.read())
            output.write(json.dumps(row) + "\n")

        begin()
        await crawler.run(urls)


def run(urls: list[str], feed: Path, in_flight: int, begin: Callable[[], None]) -> None:
    logging.disable(logging.WARNING)
    asyncio.run(crawl(urls, feed, in_flight, begin))


subject.crawl_in_processes(run, processes=int(sys.argv[3]))
