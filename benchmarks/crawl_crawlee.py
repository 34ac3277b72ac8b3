"""Crawlee's HttpCrawler with selectolax's Lexbor: one process, its queue in memory.

Its autoscaling looks at the CPU of the whole machine and would slow it down beside the site, so
the number of requests in flight is fixed here: that is its best case.
"""

from __future__ import annotations

import asyncio
import json
import logging
from urllib.parse import urljoin, urlsplit

import subject
from crawlee import ConcurrencySettings, service_locator
from crawlee.crawlers import HttpCrawler, HttpCrawlingContext
from crawlee.storage_clients import MemoryStorageClient
from selectolax.lexbor import LexborHTMLParser


async def main() -> None:
    urls, folder = subject.task()
    service_locator.set_storage_client(MemoryStorageClient())
    crawler = HttpCrawler(
        concurrency_settings=ConcurrencySettings(
            min_concurrency=subject.IN_FLIGHT,
            desired_concurrency=subject.IN_FLIGHT,
            max_concurrency=subject.IN_FLIGHT,
        ),
        respect_robots_txt_file=False,
        use_session_pool=False,
        configure_logging=False,
    )
    feed = folder / "rows.jsonl"
    with feed.open("w", encoding="utf-8") as output:

        @crawler.router.default_handler
        async def read(context: HttpCrawlingContext) -> None:
            url = context.request.loaded_url or context.request.url
            tree = LexborHTMLParser(await context.http_response.read())
            title = tree.css_first("title")
            row = {"url": url, "title": title.text() if title else None}
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
            # urljoin alone takes longer than the rest of the page; most links are of this form.
            row["links"] = [
                origin + href if href[:1] == "/" != href[1:2] else urljoin(url, href)
                for link in tree.css("a[href]")
                if (href := link.attributes["href"] or "")
            ]
            for name, selector in subject.SELECTORS.items():
                found = tree.css_first(selector)
                row[name] = found.text() if found else None
            output.write(json.dumps(row) + "\n")

        subject.ready()
        await crawler.run(urls)
    subject.finished()
    subject.report_json_lines([feed])


logging.disable(logging.WARNING)
asyncio.run(main())
