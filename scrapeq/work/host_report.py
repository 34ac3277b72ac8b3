"""Between a try and the breaker of its host: what the try says, and the row of a host given up."""

from __future__ import annotations

from dataclasses import dataclass

from scrapeq import display, urls
from scrapeq.clock import now_ms
from scrapeq.fetch import Response, host_wait_s
from scrapeq.frontier import GivenUp
from scrapeq.models import (
    Content,
    ErrorKind,
    Failure,
    HostVerdict,
    ScrapingConfig,
    host_verdict,
)


@dataclass(frozen=True, slots=True)
class Word:
    """What a try says about a host: `about` is "" for the job's own, spare_s how long it is to be
    left alone if it is `limited`."""

    verdict: HostVerdict = ""
    about: str = ""
    spare_s: float = 0.0


def word(
    host: str,
    outcome: Content | Failure,
    response: Response | None,
    config: ScrapingConfig,
    jitter: float,
) -> Word:
    """What a try of a job of `host` says; `jitter` is a random number from 0 to 1.

    Where a redirect led to another host it is that one's word: the first has answered.
    """
    if response is not None:
        met = urls.host_key(response.final_url) if response.redirects else host
        verdict: HostVerdict = "good"
    else:
        assert isinstance(outcome, Failure)  # noqa: S101 - without an answer there is no content
        met = urls.host_key(outcome.final_url or "") or host
        verdict = host_verdict(outcome, by_proxy=config.proxy is not None)
    spare_s = 0.0
    if verdict == "limited":
        assert isinstance(outcome, Failure)  # noqa: S101 - nothing else is limited
        spare_s = host_wait_s(outcome, config, jitter)
    return Word(verdict, "" if met == host else met, spare_s)


def was_spared(host: str, outcome: Content | Failure) -> bool:
    """Whether a job's own host was spared while it was under way, so that nothing was tried."""
    return (
        isinstance(outcome, Failure)
        and outcome.kind is ErrorKind.BREAKER_OPEN
        and urls.host_key(outcome.final_url or "") in {host, ""}
    )


def given_up(host: str, why: GivenUp) -> Failure:
    """Why a page was not asked for whose host was given up."""
    failing = display.seconds(max(0, now_ms() - why.since_ms) / 1000)
    return Failure(
        ErrorKind.BREAKER_OPEN,
        f"{host} has failed for {failing}, and so did {why.probes} single requests to see whether "
        f"it is back (the last: {why.error_kind}: {why.error_message}); this page was not asked for: when the host is well, "
        "retry_failed() fetches it",
        retryable=False,
    )
