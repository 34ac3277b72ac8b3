"""Take the README's pictures: a batch's card and the dashboard, in Chromium.

    make pictures

They show a little web on this machine being scraped, in light and in dark.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

import scrapeq as sq
from scrapeq.api.app import make_app
from scrapeq.api.people import OneToken
from scrapeq.dashboards import Dashboard
from scrapeq.fetch import find_browser
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

FOLDER = Path(__file__).parent / "pictures"
BACKGROUND = {"light": "#fff", "dark": "#111418"}
TEXT = {"light": "#1c1f24", "dark": "#e3e5e8"}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="scrapeq-", ignore_cleanup_errors=True) as home,
        LittleWeb(hosts=12, latency_s=0.05, down=[11]) as web,
        sync_playwright() as playwright,
    ):
        settings = load_settings(SCRAPEQ_HOME=Path(home), SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True)
        sandbox = [] if os.getuid() else ["--no-sandbox"]  # Chromium has none for root
        binary = find_browser().path
        browser = playwright.chromium.launch(executable_path=binary, args=sandbox)
        with sq.LocalCluster(workers=2, home=settings.home, settings=settings) as cluster:
            take(browser, web, cluster)
        browser.close()


def take(browser: Browser, web: LittleWeb, cluster: sq.LocalCluster) -> None:
    """Scrape, and keep what is to be seen meanwhile."""
    queue = sq.get_job_queue(cluster.settings)
    options = {"queue": queue, "main_text": "off", "retry_backoff_s": 0.2}
    for name, rows in (("museums", 240), ("small-shops", 400)):
        urls = [row["url"] for row in web.urls(rows, failures=0.06, kinds=["http_4xx", "empty"])]
        sq.scrape(urls, name=name, **options).wait(120)
    options["settings"] = cluster.settings
    sq.schedule("exchange-rates", [web.url("/article/1")], every="1h", **options).run_now()
    sq.schedule("museums-weekly", urls, cron="0 6 * * 1", timezone="Europe/Oslo", **options).pause()
    del options["settings"]
    urls = [row["url"] for row in web.urls(3_000, failures=0.08)]
    batch = sq.scrape(urls, name="newspapers", refresh=True, delay_between_requests=0.1, **options)
    token = secrets.token_urlsafe()
    app = make_app(Dashboard(queue=queue), OneToken(token, "you"))
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started or batch.progress.done < 700:
            time.sleep(0.1)
        port = server.servers[0].sockets[0].getsockname()[1]
        for scheme in ("light", "dark"):
            card(browser, batch.card(actions=True), scheme)
            dashboard(browser, f"http://127.0.0.1:{port}/?token={token}", scheme)
    finally:
        server.should_exit = True
        thread.join()
        batch.cancel()


def card(browser: Browser, html: str, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 720, "height": 400}, color_scheme=scheme)
    page.set_content(
        f"<body style='margin:12px;background:{BACKGROUND[scheme]};color:{TEXT[scheme]}'>{html}"
    )
    page.locator("body > div").screenshot(path=FOLDER / f"card-{scheme}.png")
    page.close()


def dashboard(browser: Browser, address: str, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 780}, color_scheme=scheme)
    page.goto(address)
    page.locator("[data-section=running] [role=img]").wait_for()
    page.wait_for_timeout(3_000)  # so that there is a speed to be seen
    last = "document.querySelector('[data-section=schedules]').getBoundingClientRect().bottom"
    shown = {"x": 0, "y": 0, "width": 1000, "height": page.evaluate(last) + 12}
    page.screenshot(path=FOLDER / f"dashboard-{scheme}.png", clip=shown, full_page=True)
    page.close()


if __name__ == "__main__":
    main()
