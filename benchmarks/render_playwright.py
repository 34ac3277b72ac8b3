"""A plain loop over Playwright's asyncio API: a new browser for each page, or a new context."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import subject
from playwright.async_api import Browser, Page, async_playwright

SANDBOX = bool(os.getuid())  # Chromium has none for root


async def main() -> None:
    urls, folder = subject.task()
    program, mode = sys.argv[3:5]
    feed = folder / "rows.jsonl"
    async with async_playwright() as playwright:

        async def start() -> Browser:
            return await playwright.chromium.launch(
                executable_path=program, chromium_sandbox=SANDBOX
            )

        shared = await start() if mode == "context" else None

        @asynccontextmanager
        async def opened() -> AsyncIterator[Page]:
            browser = shared or await start()
            context = await browser.new_context()
            try:
                yield await context.new_page()
            finally:
                await context.close()
                if browser is not shared:
                    await browser.close()

        with feed.open("w", encoding="utf-8") as output:
            keep = lambda row: output.write(json.dumps(row) + "\n")  # noqa: E731
            await show_all(subject.warm_up(urls), opened, lambda _: None)
            subject.ready()
            await show_all(urls, opened, keep)
        subject.finished()
        subject.report_found(map(json.loads, feed.open(encoding="utf-8")))
        if shared:
            await shared.close()


async def show_all(
    urls: list[str],
    opened: Callable[[], AbstractAsyncContextManager[Page]],
    keep: Callable[[dict[str, str | None]], object],
) -> None:
    waiting = iter(urls)
    await asyncio.gather(*(work(waiting, opened, keep) for _ in range(subject.OPEN_PAGES)))


async def work(
    waiting: object,
    opened: Callable[[], AbstractAsyncContextManager[Page]],
    keep: Callable[[dict[str, str | None]], object],
) -> None:
    for url in waiting:  # type: ignore[attr-defined]
        async with opened() as page:
            await page.goto(url)
            await page.wait_for_selector(subject.DRAWN_SELECTORS["price"])
            row: dict[str, str | None] = {"url": url, "title": await page.title()}
            for name, selector in subject.DRAWN_SELECTORS.items():
                row[name] = await page.locator(selector).first.text_content()
            keep(row)


asyncio.run(main())
