"""Crawlee's PlaywrightCrawler, or its AdaptivePlaywrightCrawler: one process, its queue in memory.

Its best case: the number of open pages is fixed (its autoscaling would begin with one), it makes up
no fingerprints, and pages share one context, which is its default. The browser stays from the warm-up on.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from datetime import timedelta

import subject
from crawlee import ConcurrencySettings, service_locator
from crawlee.browsers import BrowserPool
from crawlee.crawlers import (
    AdaptivePlaywrightCrawler,
    AdaptivePlaywrightCrawlingContext,
    PlaywrightCrawler,
    PlaywrightCrawlingContext,
)
from crawlee.storage_clients import MemoryStorageClient


async def main() -> None:
    urls, folder = subject.task()
    program, mode = sys.argv[3:5]
    service_locator.set_storage_client(MemoryStorageClient())
    feed = folder / "rows.jsonl"
    settings = {
        "concurrency_settings": ConcurrencySettings(
            min_concurrency=subject.OPEN_PAGES,
            desired_concurrency=subject.OPEN_PAGES,
            max_concurrency=subject.OPEN_PAGES,
        ),
        "respect_robots_txt_file": False,
        "use_session_pool": False,
        "configure_logging": False,
    }
    browsers = BrowserPool.with_default_plugin(
        headless=True,
        fingerprint_generator=None,
        browser_launch_options={
            "executable_path": program,
            "chromium_sandbox": bool(os.getuid()),  # Chromium has none for root
        },
    )
    warm = subject.warm_up(urls)
    async with browsers:
        with feed.open("w", encoding="utf-8") as output:

            def keep(row: dict[str, object]) -> None:
                output.write(json.dumps(row) + "\n")

            if mode == "adaptive":
                adaptive = AdaptivePlaywrightCrawler.with_parsel_static_parser(
                    playwright_crawler_specific_kwargs={"browser_pool": browsers}, **settings
                )

                @adaptive.router.default_handler
                async def read(context: AdaptivePlaywrightCrawlingContext) -> None:
                    row: dict[str, object] = {"url": context.request.url}
                    for name, selector in subject.DRAWN_SELECTORS.items():
                        # In the browser it waits for the selector; on a page of HTTP's it raises at
                        # once, and the crawler goes on to the browser.
                        found = await context.query_selector_one(selector, timedelta(seconds=10))
                        row[name] = found.xpath("string()").get() if found is not None else None
                    await context.push_data(row)

                await adaptive.run(warm)
                subject.ready()
                await adaptive.run(urls)
                for row in (await adaptive.get_data(limit=len(warm) + len(urls) + 1)).items:
                    if row["url"] not in warm:
                        keep(dict(row))
            else:
                crawler = PlaywrightCrawler(**settings, browser_pool=browsers)

                @crawler.router.default_handler
                async def show(context: PlaywrightCrawlingContext) -> None:
                    page = context.page
                    await page.wait_for_selector(subject.DRAWN_SELECTORS["price"])
                    row: dict[str, object] = {"url": page.url, "title": await page.title()}
                    for name, selector in subject.DRAWN_SELECTORS.items():
                        row[name] = await page.locator(selector).first.text_content()
                    if context.request.url not in warm:
                        keep(row)

                await crawler.run(warm)
                subject.ready()
                await crawler.run(urls)
        subject.finished()
    subject.report_found(map(json.loads, feed.open(encoding="utf-8")))


logging.disable(logging.CRITICAL)
asyncio.run(main())
