"""Scrapy in two processes, each with half of the URLs and a feed of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import subject


def crawl(urls: list[str], feed: Path, in_flight: int, begin: Callable[[], None]) -> None:
    import scrapy
    from scrapy.crawler import CrawlerProcess

    class Pages(scrapy.Spider):
        name = "pages"

        async def start(self):
            for url in urls:
                yield scrapy.Request(url, dont_filter=True)

        def parse(self, response):
            row = {"url": response.url, "title": response.css("title::text").get()}
            row["links"] = [
                response.urljoin(href) for href in response.css("a::attr(href)").getall()
            ]
            for name, selector in subject.SELECTORS.items():
                row[name] = "".join(response.css(selector)[:1].css("*::text").getall()) or None
            yield row

    process = CrawlerProcess(
        {
            "FEEDS": {str(feed): {"format": "jsonlines"}},
            "CONCURRENT_REQUESTS": in_flight,
            "CONCURRENT_REQUESTS_PER_DOMAIN": subject.IN_FLIGHT,
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        }
    )
    process.crawl(Pages)
    begin()
    process.start()


subject.crawl_in_processes(crawl, processes=2)
