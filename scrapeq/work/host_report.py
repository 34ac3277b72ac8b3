"""What a try says about its host, for the breaker; and the row of a host that was given up."""

from __future__ import annotations

from dataclasses import dataclass

from scrapeq import display, urls
from scrapeq.fetch import Response, host_wait_s
from scrapeq.frontier import GivenUp
from scrapeq.models import (
    Content,
    ErrorKind,
    Failure,
    HostVerdict,
    ScrapingConfig,
)
from scrapeq.models.host_verdict import host_verdict


@dataclass(frozen=True, slots=True)
class HostReport:
    """What a try says about a host. about: the host, "" for the job's own. pause_s: for how long no
    request may be sent to it, if it is `limited`; is_named: whether the server said for how long."""

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

    After a redirect to another host it is about that host: the first one has answered.
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


def given_up(host: str, why: GivenUp) -> Failure:
    """The failure of a page whose host was given up: no request was sent.

    A page that was tried before keeps the kind and the words of its own last try.
    """
    failing = display.seconds(why.failing_ms / 1000)
    if why.own_kind:
        return Failure(
            ErrorKind.of(why.own_kind),
            f"{why.own_message}; {host} has failed for {failing}, and so did {why.probes} single "
            "requests to see whether it is back, so this page was not tried again: when the host is "
            "well, retry_failed() fetches it",
            retryable=False,
        )
    return Failure(
        ErrorKind.BREAKER_OPEN,
        f"{host} has failed for {failing}, and so did {why.probes} single requests to see whether "
        f"it is back (the last: {why.error_kind}: {why.error_message}); this page was not asked for: when the host is well, "
        "retry_failed() fetches it",
        retryable=False,
    )
