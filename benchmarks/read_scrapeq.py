"""A table of a record by scrapeq; what it took, as JSON. The environment says which record.

python read_scrapeq.py df BATCH       batch.df
python read_scrapeq.py jobs JOBS      sq.jobs(limit=JOBS)
"""

from __future__ import annotations

import json
import sys

from used import measured

import scrapeq as sq
from scrapeq.client.handle import BatchHandle
from scrapeq.pipeline.job_queue import get_looking_queue


def main() -> None:
    queue = get_looking_queue()
    batch = BatchHandle(queue, queue.find_batch("filled").id)
    sq.batches(queue=queue)  # pandas and the database are loaded
    with measured() as found:
        frame = batch.df if sys.argv[1] == "df" else sq.jobs(limit=None, queue=queue)
    size = int(frame.memory_usage(index=True, deep=True).sum())
    found |= {"rows": frame.shape[0], "columns": frame.shape[1], "mb": size / 1e6}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
