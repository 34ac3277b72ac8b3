"""Whether this record and this Redis belong together: whether the workers use the record that you use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

from scrapeq import cluster, database, frontier
from scrapeq.checks.check import Check, bad, good
from scrapeq.checks.redis import ANSWER_S
from scrapeq.errors import ScrapeqError
from scrapeq.settings import Settings

NAME = "record and Redis"
#: Seconds after which workers have told the record of a Redis that was just restarted.
SETTLED_S = 3.0


def together(settings: Settings) -> Iterator[Check]:
    """Nothing where no worker takes jobs, or where one of the two does not answer, which has a check of
    its own."""
    if not settings.shared and not cluster.is_running(settings.home):
        return
    try:
        found = _differs(settings)
        if found:
            time.sleep(SETTLED_S)
            found = _differs(settings)
    except ScrapeqError:
        return
    if found is None:
        return
    if not found:
        yield good(NAME, "the workers use this record")
        return
    yield bad(
        NAME,
        found,
        "set the same SCRAPEQ_DATABASE_URL (or SCRAPEQ_HOME) here and for the workers; a project with "
        "a record of its own needs a SCRAPEQ_NAMESPACE of its own, too",
    )


def _differs(settings: Settings) -> str | None:
    """How they differ, "" where they do not; None where nobody works."""
    url, named_by = cluster.redis_url(settings), settings.redis_named_by
    with closing(frontier.connect(url, named_by=named_by, timeout_s=ANSWER_S)) as client:
        seen = frontier.inspect_workers(client, frontier.Keys(settings.namespace))
    if not seen.scrapers:
        return None
    known = database.inspection.inspect_record(settings)
    if known.namespace and known.namespace != settings.namespace:
        return f"the open jobs of this record are in the namespace {known.namespace}, not in {settings.namespace}"
    if known.run_id != seen.run_id or known.epoch != seen.epoch:
        return f"workers use this Redis with another record than {known.where}"
    return ""
