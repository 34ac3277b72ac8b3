"""Messages on the command line name flags where a notebook has options."""

from __future__ import annotations

import pytest

from scrapeq.models.command_options import as_flags


@pytest.mark.parametrize(
    ("written", "flags"),
    [
        ("3 failed, retry_failed() tries them again", "3 failed, --retry-failed tries them again"),
        ("name one of them, such as url='link'", "name one of them, such as --url-column 'link'"),
        ('write a short one, like name="firms"', 'write a short one, like --name "firms"'),
        ("scrape more slowly: delay_between_requests=2", "scrape more slowly: --delay 2"),
        ("respect_robots=False fetches them", "--option respect_robots=False fetches them"),
        (
            "scrape with store_html=True to keep them",
            "scrape with --option store_html=True to keep them",
        ),
        ("scrape with use_stealth=True", "scrape with --stealth"),
        ("write --option max_retries=1", "write --option max_retries=1"),
        (
            "set SCRAPEQ_HOME=x; nothing=1 is an option",
            "set SCRAPEQ_HOME=x; nothing=1 is an option",
        ),
    ],
)
def test_what_is_to_be_written_is_a_flag(written: str, flags: str) -> None:
    assert as_flags(written) == flags
    assert as_flags(flags) == flags
