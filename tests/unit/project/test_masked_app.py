"""What monitors are shown of a task: the id of its job, and nothing that may be a secret."""

from __future__ import annotations

import pytest

from scrapeq.project.masked_app import LONGEST_ID, shown_arguments

SCRAPE = "scrapeq.pipeline.worker.scrape_url_task"
PROCESS = "scrapeq.pipeline.worker.process_content_task"


@pytest.mark.parametrize(
    ("task", "args", "kwargs", "shown"),
    [
        (SCRAPE, ["j1", "http://x", {"cookies": {"a": "secret"}}], None, ("('j1', …)", "{}")),
        (SCRAPE, [], {"job_id": "j1", "config": "secret"}, ("()", "{'job_id': 'j1', …}")),
        (SCRAPE, [{"secret": 1}], {}, ("(…)", "{}")),
        (SCRAPE, None, None, ("()", "{}")),
        (PROCESS, ["a secret text"], {"prompt": "secret"}, ("(…)", "{…}")),
    ],
)
def test_only_an_id_is_shown(task, args, kwargs, shown):
    assert shown_arguments(task, args, kwargs) == shown


def test_an_id_is_bounded():
    by_place, _ = shown_arguments(SCRAPE, ["x" * 10_000], None)

    assert len(by_place) < LONGEST_ID + 10
