"""The cases of the hostile web, visited and read as a worker does it, over both transports.

All of them run once, in the fixture: those that end by a time limit at the same moment, the others
one by one, so that what each costs is its own. That makes the fixture slow. Those that end by a time
limit over the plain transport run in tests/acceptance/test_hostile_web.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from scrapeq.fetch import MemoryRobots, MemoryThrottle, PoliteFetcher, http_fetchers
from scrapeq.testing import CATALOGUE, Case, HostileWeb
from scrapeq.testing.hostile.trial import Ended, try_case, warm_up
from scrapeq.work.readers import Readers

#: What is read does not depend on who fetched it, and these take seconds of CPU.
READ_ONCE = ("html", "document")

#: What no case may leave behind, in MB: the promise.
MOST_LEFT_MB = 64

Trial = tuple[str, str]

TRIALS = [(case.name, "plain") for case in CATALOGUE if not case.waits]
TRIALS += [(case.name, "stealth") for case in CATALOGUE if case.group not in READ_ONCE]


@dataclass
class Run:
    """How the trials ended, and what was logged meanwhile."""

    ended: dict[Trial, Ended] = field(default_factory=dict)
    logged: list[logging.LogRecord] = field(default_factory=list)


class _Heard(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__(logging.WARNING)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(record)


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All trials that were asked for: with -k those of it."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [spec.params["trial"] for spec in specs if spec and "trial" in spec.params]
    run = Run()
    heard = _Heard(run.logged)
    trust = tmp_path_factory.mktemp("trust") / "authority.pem"
    with HostileWeb() as web, pytest.MonkeyPatch.context() as patch:
        trust.write_text(web.ca_pem)
        patch.setenv("SSL_CERT_FILE", str(trust))
        logging.getLogger().addHandler(heard)
        try:
            asyncio.run(_try_all(web, asked, run))
        finally:
            logging.getLogger().removeHandler(heard)
        yield run


async def _try_all(web: HostileWeb, asked: list[Trial], run: Run) -> None:
    fetcher = PoliteFetcher(
        fetchers=http_fetchers(allow_private_addresses=True, connect_to=web.connect_to),
        throttle=MemoryThrottle(),
        robots=MemoryRobots(),
    )
    readers = Readers(2)
    cases = {case.name: case for case in web.cases}

    async def attempt(trial: Trial) -> None:
        name, transport = trial
        run.ended[trial] = await try_case(
            cases[name],
            web.url(cases[name]),
            fetcher,
            readers,
            use_stealth=transport == "stealth",
        )

    warm: set[int] = set()

    async def attempt_alone(trial: Trial) -> None:
        """One that ended a reader leaves a new one, whose first page would be the next one's growth."""
        nonlocal warm
        if set(readers.pids) != warm:
            await readers.start()
            await warm_up(readers)
            warm = set(readers.pids)
        await attempt(trial)

    try:
        await readers.start()
        for transport in ("plain", "stealth"):
            await attempt_alone(("status-203", transport))
        waiting = [trial for trial in asked if cases[trial[0]].waits]
        await asyncio.gather(*map(attempt, waiting))
        for transport in ("plain", "stealth"):
            web.clear()  # what was flaky for one is flaky for the other
            for trial in asked:
                if trial[1] == transport and trial not in waiting:
                    await attempt_alone(trial)
    finally:
        await fetcher.close()
        await readers.close()


@pytest.mark.parametrize("trial", TRIALS, ids="-".join)
def test_every_case_ends_as_it_should_and_costs_little(run: Run, trial: Trial) -> None:
    ended = run.ended[trial]

    assert ended.wrong == ""
    if not ended.case.waits:  # what they cost while they wait beside each other is no one's own
        assert ended.fetcher_mb <= ended.case.mb
        assert ended.parser_mb <= ended.case.parser_mb
        assert ended.left_mb <= MOST_LEFT_MB


def test_nothing_of_it_is_worth_a_warning(run: Run) -> None:
    """But for the drawing that takes its reader more memory than it may have: the library ends it."""
    said = [record.getMessage() for record in run.logged]

    assert [one for one in said if "document-pdfforms" not in one] == []


def test_what_is_tried_again_is_tried_as_often_as_the_options_say(run: Run) -> None:
    tries = {name: ended.tries for (name, _), ended in run.ended.items()}

    for name, expected in (("connect-shut-again", 3), ("status-flaky", 3), ("status-limited", 2)):
        assert tries.get(name, expected) == expected


def _case(name: str) -> Case:
    return next(case for case in CATALOGUE if case.name == name)


def test_a_client_that_hangs_is_noticed() -> None:
    ended = Ended(_case("body-stalls"), "hangs", None, None, "", 0, 99.0, 0.0, 0.0, 0.0)

    assert ended.wrong == "body-stalls ended as hangs, not as body_timeout"
