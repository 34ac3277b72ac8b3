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
class HostReport:
    """What a try says about a host: `about` is "" for the job's own, pause_s how long it is to be
    left alone if it is `limited`, is_named whether the server said for how long."""

    verdict: HostVerdict = ""
    about: str = ""
    pause_s: float = 0.0
    is_named: bool = False


def report(
    host: str,
    outcome: Content | Failure,
    response: Response | None,
    config: ScrapingConfig,
    jitter: float,
) -> HostReport:
    """What a try of a job of `host` says; `jitter` is a random number from 0 to 1.

    Where a redirect led to another host it is about that one: the first has answered.
    """
    if response is not None:
        met = urls.host_key(response.final_url) if response.redirects else host
        verdict: HostVerdict = "good"
    else:
        assert isinstance(outcome, Failure)  # noqa: S101 - without an answer there is no content
        met = urls.host_key(outcome.final_url or "") or host
        verdict = host_verdict(outcome, by_proxy=config.proxy is not None)
    pause_s, is_named = 0.0, False
    if verdict == "limited":
        assert isinstance(outcome, Failure)  # noqa: S101 - nothing else is limited
        pause_s = host_wait_s(outcome, config, jitter)
        is_named = bool(outcome.retry_after_s)  # 0 is no time to wait for
    return HostReport(verdict, "" if met == host else met, pause_s, is_named)


def met_open_breaker(host: str, outcome: Content | Failure) -> bool:
    """Whether the breaker of a job's own host opened while it was under way, so that nothing was tried."""
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
