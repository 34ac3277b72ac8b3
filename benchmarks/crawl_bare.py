"""The limit: loops of aiohttp and selectolax in two processes, which keep, retry and pace nothing.

Rows are JSON lines, as with the other peers. A crawler that does more than this cannot be faster.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import subject
from lexbor_row import read_row


async def crawl(urls: list[str], feed: Path, in_flight: int) -> None:
    left = iter(urls)
    with feed.open("w", encoding="utf-8") as output:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def loop() -> None:
                for url in left:
                    async with session.get(url) as response:
                        output.write(json.dumps(read_row(url, await response.read())) + "\n")

            await asyncio.gather(*(loop() for _ in range(in_flight)))


def run(urls: list[str], feed: Path, in_flight: int, begin: Callable[[], None]) -> None:
    begin()
    asyncio.run(crawl(urls, feed, in_flight))


subject.crawl_in_processes(run, processes=2)
