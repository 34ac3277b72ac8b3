"""The pace of every host over several worker processes, read from the web's own log.

    python benchmarks/politeness.py --rows 10000 --hosts 50 --workers 4 --delay-s 1

Takes about rows / hosts * delay seconds. Fails if a row is missing, has another kind than what
the web did to it, or if two requests reached a host less than the delay apart.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pandas as pd

import scrapeq as sq
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=50)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--delay-s", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scrapeq-") as home, LittleWeb(options.hosts) as web:
        settings = load_settings(
            SCRAPEQ_HOME=Path(home) / "home", SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True
        )
        expected = pd.DataFrame(web.urls(options.rows, failures=0.05))
        with sq.LocalCluster(options.workers, settings=settings):
            batch = sq.scrape(
                expected,
                url="url",
                settings=settings,
                delay_between_requests=options.delay_s,
                main_text="fast",
                retry_backoff_s=0.5,
            )
            found = batch.wait().df
        starts: dict[str, list[float]] = defaultdict(list)
        for hit in web.log():
            starts[hit.host].append(hit.at_ms)
        gaps = [b - a for times in starts.values() for a, b in pairwise(sorted(times))]
    kinds = found["error_kind"].astype("string").fillna("")
    wrong = int((kinds != expected["kind"]).sum())
    in_order = found["url"].tolist() == expected["url"].tolist()
    print(f"{len(found):,} rows, in order: {in_order}, of another kind than expected: {wrong}")
    print(f"{sum(map(len, starts.values())):,} requests to {len(starts)} hosts")
    print(f"smallest gap {min(gaps):,.0f} ms, median {sorted(gaps)[len(gaps) // 2]:,.0f} ms")
    if wrong or not in_order or min(gaps) < options.delay_s * 1000:
        raise SystemExit("not as promised")


if __name__ == "__main__":
    main()
