"""Whether a host that must wait holds back the others: a batch with it, beside one without.

    python benchmarks/slow_host.py --hosts 1000 --pages 4 --slow-pages 6 --slow-delay-s 5

Both batches ask the same fast hosts; one also asks a host whose robots.txt has a Crawl-delay, in
between all the others. Prints when the last row of a fast host was done in each, and their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import scrapeq as sq
from scrapeq.settings import Settings, load_settings
from scrapeq.testing import LittleWeb


def seconds_of_fast_rows(urls: list[str], slow: str, settings: Settings) -> float:
    """Seconds from the submission until every row of another host than `slow` was done."""
    batch = sq.scrape(urls, settings=settings, main_text="off", refresh=True)
    submitted_at = batch.batch.created_at
    batch.wait()
    pages = batch.df
    if not pages["ok"].all():
        raise SystemExit(f"rows failed: {pages['error_kind'].value_counts().to_dict()}")
    fast = pages[~pages["url"].str.startswith(slow)]
    return float((fast["fetched_at"].max() - submitted_at).total_seconds())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--pages", type=int, default=4, help="of each fast host")
    parser.add_argument("--slow-pages", type=int, default=6)
    parser.add_argument("--slow-delay-s", type=float, default=5.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    delays = {0: options.slow_delay_s}
    with (
        tempfile.TemporaryDirectory(prefix="scrapeq-") as home,
        LittleWeb(options.hosts + 1, crawl_delay_s=delays) as web,
    ):
        settings = load_settings(
            SCRAPEQ_HOME=Path(home) / "home", SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True
        )
        slow = web.url("/", host=0)
        fast = [
            web.url(f"/article/{page}", host=host)
            for page in range(options.pages)
            for host in range(1, options.hosts + 1)
        ]
        slowly = [web.url(f"/article/{page}", host=0) for page in range(options.slow_pages)]
        mixed = list(fast)
        for place, url in enumerate(slowly):
            mixed.insert(place * (len(fast) // len(slowly) + 1), url)
        ratios = []
        with sq.LocalCluster(2, settings=settings):
            seconds_of_fast_rows(fast[: options.hosts], slow, settings)  # robots.txt is known now
            for _ in range(options.repeats):
                alone_s = seconds_of_fast_rows(fast, slow, settings)
                beside_s = seconds_of_fast_rows(mixed, slow, settings)
                ratios.append(beside_s / alone_s)
                print(f"alone {alone_s:.1f} s, beside the slow host {beside_s:.1f} s", flush=True)
    print(f"ratio, median of {options.repeats}: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
