"""A kernel, run as a program: it owns a private cluster and looks after it, as one that waits does.

    kernel.py MAINS CHILDREN     so many worker processes, with so many pool children each

Says "ready" when the cluster answers. Ends when it is killed, or when its standard input closes.
"""

from __future__ import annotations

import select
import sys

from scrapeq import cluster
from scrapeq.errors import ScrapeqError
from scrapeq.pipeline.job_queue import get_job_queue
from scrapeq.project.staffing import look_after_workers
from scrapeq.settings import load_settings


def main() -> None:
    mains, children = map(int, sys.argv[1:])
    settings = load_settings()
    told = False
    while not select.select([sys.stdin], [], [], 0.2)[0]:
        try:
            for number in range(1, mains + 1):  # each call adds one worker to those there are
                cluster.ensure_cluster(settings, workers=number * children)
            look_after_workers(get_job_queue(settings).services)
        except ScrapeqError as error:
            print(error, file=sys.stderr, flush=True)
        else:
            if not told:
                print("ready", flush=True)
            told = True


if __name__ == "__main__":
    main()
