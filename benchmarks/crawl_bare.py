"""The limit: loops of aiohttp and selectolax in two processes, which keep, retry and pace nothing.

Rows are JSON lines, as with the other peers. A crawler that does more than this cannot be faster.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
import subject
from selectolax.lexbor import LexborHTMLParser


async def crawl(urls: list[str], feed: Path, in_flight: int) -> None:
    left = iter(urls)
    with feed.open("w", encoding="utf-8") as output:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

            async def loop() -> None:
                for url in left:
                    async with session.get(url) as response:
                        output.write(json.dumps(read(url, await response.read())) + "\n")

            await asyncio.gather(*(loop() for _ in range(in_flight)))


def read(url: str, body: bytes) -> dict[str, object]:
    """The row of a page."""
    tree = LexborHTMLParser(body)
    title = tree.css_first("title")
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    row: dict[str, object] = {"url": url, "title": title.text() if title else None}
    row["links"] = [
        origin + href if href[:1] == "/" != href[1:2] else urljoin(url, href)
        for link in tree.css("a[href]")
        if (href := link.attributes["href"] or "")
    ]
    for name, selector in subject.SELECTORS.items():
        found = tree.css_first(selector)
        row[name] = found.text() if found else None
    return row


def run(urls: list[str], feed: Path, in_flight: int, begin: Callable[[], None]) -> None:
    begin()
    asyncio.run(crawl(urls, feed, in_flight))


subject.crawl_in_processes(run, processes=2)
