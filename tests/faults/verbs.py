"""A kernel that steers, run as a program, to be killed or frozen in the middle.

    verbs.py steer BATCH ...            pauses and resumes the batches for ever
    verbs.py submit NAME PRIORITY URL ...   submits a run of a name; stands still (SIGSTOP) when it has
                                            looked for earlier runs of the name

Says "ready" before it begins, and the id of the batch after a submission.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from typing import Any

import scrapeq as sq
from scrapeq.errors import ScrapeqError
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.services import open_services
from scrapeq.settings import load_settings


def steer(batch_ids: list[str]) -> None:
    queue = JobQueue(open_services(load_settings(), start=False))
    print("ready", flush=True)
    while True:
        for verb in (queue.pause_batch, queue.resume_batch):
            for batch_id in batch_ids:
                with contextlib.suppress(ScrapeqError):
                    verb(batch_id)


def submit(name: str, priority: int, urls: list[str]) -> None:
    scraping: Any = importlib.import_module("scrapeq.client.scrape")
    look = scraping._newest_run

    def look_and_stop(*arguments: Any) -> Any:
        found = look(*arguments)
        scraping._newest_run = look
        print("ready", flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)
        return found

    scraping._newest_run = look_and_stop
    batch = sq.scrape(urls, name=name, priority=priority, main_text="off")
    print(batch.id, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "steer":
        steer(sys.argv[2:])
    submit(sys.argv[2], int(sys.argv[3]), sys.argv[4:])
