"""Scrapy in two processes, each with half of the URLs and a feed of its own."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import subject

PROCESSES = 2


def crawl(urls: list[str], feed: Path, loaded, go) -> None:
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
            "CONCURRENT_REQUESTS": subject.IN_FLIGHT // PROCESSES,
            "CONCURRENT_REQUESTS_PER_DOMAIN": subject.IN_FLIGHT,
            "DOWNLOAD_DELAY": 0,
            "ROBOTSTXT_OBEY": False,
            "COOKIES_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "ERROR",
        }
    )
    process.crawl(Pages)
    loaded.release()
    go.wait()
    process.start()


def main() -> None:
    urls, folder = subject.task()
    fork = multiprocessing.get_context("fork")
    loaded, go = fork.Semaphore(0), fork.Event()
    feeds = [folder / f"{number}.jsonl" for number in range(PROCESSES)]
    crawlers = [
        fork.Process(target=crawl, args=(urls[number::PROCESSES], feed, loaded, go))
        for number, feed in enumerate(feeds)
    ]
    for crawler in crawlers:
        crawler.start()
    for _ in crawlers:
        loaded.acquire()
    subject.ready()
    go.set()
    for crawler in crawlers:
        crawler.join()
    subject.finished()
    subject.report_json_lines(feeds)


main()
