"""scrapeq through its public door, one worker process with its browser, durable rows in SQLite."""

from __future__ import annotations

import os
import sys

import pandas  # loaded by scrape() anyway; here, so that it is part of getting ready
import subject


def main() -> None:
    urls, folder = subject.task()
    is_mixed = "mixed" in sys.argv[3:]
    os.environ["SCRAPEQ_HOME"] = str(folder)
    os.environ["SCRAPEQ_WORKERS"] = "1"
    os.environ["SCRAPEQ_BROWSER_PAGES"] = str(subject.OPEN_PAGES)
    import scrapeq as sq

    def scrape(urls: list[str]) -> sq.BatchHandle:
        return sq.scrape(
            pandas.DataFrame({"url": urls}),
            url="url",
            custom_selectors=subject.DRAWN_SELECTORS,
            main_text="off",
            render="auto" if is_mixed else "always",
            wait_for=".price",
            respect_robots=False,
            delay_between_requests=0,
            max_per_host=64,
            allow_private_addresses=True,
        )

    with sq.LocalCluster(workers=1, home=folder):
        scrape(subject.warm_up(urls)).wait()
        subject.ready()
        batch = scrape(urls).wait()
        subject.finished()
        subject.report_found(batch.df[["headline", "price"]].fillna("").to_dict("records"))


main()
