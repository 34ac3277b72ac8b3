"""One try of one job: fetch, run the stages, and decide how the try ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from scrapeq import clock, urls
from scrapeq.clock import now_ms
from scrapeq.database import Packed, Result, packed
from scrapeq.database.jobs import Work
from scrapeq.database.page_rows import without_ai_digest
from scrapeq.database.selected import selected_bits
from scrapeq.fetch import Challenged, PoliteFetcher, Response, Trail, retry_wait_s
from scrapeq.frontier import Ending, Lease
from scrapeq.models import (
    Batch,
    Content,
    ErrorKind,
    Failure,
    Fetched,
    FileKind,
    HostVerdict,
    Lane,
    PageFile,
    Recipe,
    RequestIdentity,
    ScrapingConfig,
)
from scrapeq.models.document_kind import PAGES
from scrapeq.models.violation import ViolationKind
from scrapeq.project import tracing
from scrapeq.throttle import gap_ms
from scrapeq.work import host_report
from scrapeq.work.own_failure import LOG, own_failure
from scrapeq.work.refusal import refused
from scrapeq.work.rendering import ReadPage, Rendering

#: Characters of a message that a row keeps.
LONGEST_MESSAGE = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What all jobs of a batch have in common, worked out once.

    stored_for_s: how old kept bytes may be to answer a job; None where there are none to look for.
    keeps_pages: whether the bytes of each page are kept, as long as there is room.
    """

    config: ScrapingConfig
    recipe: Recipe
    digest: str
    identity: RequestIdentity = field(default_factory=RequestIdentity)
    owner: str = ""
    stored_for_s: float | None = None
    keeps_pages: bool = False

    @classmethod
    def of(cls, batch: Batch, *, any_stored: bool, keeps_pages: bool) -> Self:
        """The plan of a batch."""
        # Kept bytes have no files beside them: who asks for some needs the page itself.
        may_be_stored = any_stored and (batch.config.only_stored or not batch.config.brings)
        max_age = batch.config.max_age if may_be_stored else None
        recipe = batch.config.recipe
        return cls(
            batch.config,
            recipe,
            recipe.digest,
            RequestIdentity.of(batch.config, batch.request),
            batch.owner,
            max_age.total_seconds() if max_age else None,
            keeps_pages or batch.config.store_html,
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a try: how its lease ends, and the row if the job is done."""

    ending: Ending
    result: Result | None = None


def elsewhere(lease: Lease, verdict: HostVerdict = "") -> Outcome:
    """The outcome of a job that another worker's browser is to go on with."""
    ending = Ending(lease.job_id, lease.token, "move", lane=Lane.BROWSER, verdict=verdict)
    return Outcome(ending)


async def attempt(  # noqa: PLR0917 - the one place where all of it meets
    lease: Lease,
    work: Work,
    plan: Plan,
    stored: Response | None,
    fetcher: PoliteFetcher,
    rendering: Rendering,
    lane: Lane = Lane.HTTP,
    on_fetched: Callable[[], None] = lambda: None,
) -> Outcome:
    """The outcome of one try of a job; raises nothing but cancellation.

    `stored`: the page's bytes if they were kept and are young enough; then no request is sent.
    lane: that the job was claimed in. on_fetched: called when the page is there, before it is read.
    """
    started_ms = now_ms()
    response = stored
    read: ReadPage | None = None
    outcome: Content | Failure
    content: Packed = {}
    selected: int | None = None
    trail = Trail.from_text(lease.trail) if lease.trail else None
    host = trail.host if trail else work.host
    try:
        if beforehand := _without_a_try(lease, host, plan, is_stored=stored is not None):
            outcome = beforehand
        else:
            with tracing.span("fetch", work.batch_id, job=work.job_id, host=host):
                fetched = stored or await fetcher.go_on(
                    work.href, plan.config, lease.owner, trail, work.batch_id
                )
            if isinstance(fetched, Trail):
                return Outcome(_left(lease, plan, trail, fetched))
            if isinstance(fetched, Failure) and not isinstance(fetched, Challenged):
                outcome = fetched
            else:
                on_fetched()
                with tracing.span("read", work.batch_id, job=work.job_id):
                    read = await rendering.read(
                        fetched,
                        plan.config,
                        plan.recipe,
                        owner=lease.owner,
                        lane=lane,
                        batch_id=work.batch_id,
                    )
                if read is None:
                    return elsewhere(lease, "" if isinstance(fetched, Challenged) else "good")
                response = read.response
                outcome, content, selected = _kept_of(read.outcome, plan.recipe)
    except Exception as error:  # the rim: one row must not take its neighbours with it
        outcome = own_failure(error, f"job {lease.job_id}")
    ending = Ending(lease.job_id, lease.token, "done")
    if stored is None and not lease.given_up and not plan.config.only_stored:  # a request was sent
        report = host_report.report(host, outcome, response, plan.config, random.random())
        ending = replace(
            ending,
            verdict=report.verdict,
            about=report.about,
            pause_ms=round(1000 * report.pause_s),
            pause_is_named=report.is_named,
        )
    if isinstance(outcome, Failure):
        ending = replace(ending, error_kind=outcome.kind, error_message=outcome.message)
        tries = lease.tries - lease.lost
        wait_s = retry_wait_s(outcome, tries, plan.config, random.random())
        if wait_s is not None:
            if trail:  # the next try begins anew, at the first host
                ending = replace(ending, host=work.host, gap_ms=gap_ms(plan.config, work.host))
            return Outcome(replace(ending, verb="retry", wait_ms=round(wait_s * 1000)))
    result = Result(
        page=_fetched(work, lease, outcome, response, read, from_store=stored is not None),
        token=lease.token,
        url_key=urls.duplicate_key(work.href),
        recipe=_answers_to(plan, outcome),
        request=plan.identity.digest,
        private_to=_private_to(plan, response),
        started_ms=started_ms,
        content=content,
        selected=selected,
        html=response.body if response is not None and _is_to_be_kept(response, plan) else None,
        lasting=plan.config.store_html,
        stored_as=response.stored_as if response is not None else None,
        content_type=response.content_type if response is not None else "",
        files=_files(read, outcome, plan),
    )
    return Outcome(ending, result)


def _without_a_try(lease: Lease, host: str, plan: Plan, *, is_stored: bool) -> Failure | None:
    """Why a job ends before anything is fetched or read."""
    if lease.is_guilty:
        return Failure(ErrorKind.WORKER_LOST, f"its worker ended {lease.lost} times while it ran")
    if is_stored:
        return None
    if plan.config.only_stored:
        return Failure(
            ErrorKind.NOT_STORED, "its page is not stored, and only_stored sends no request"
        )
    return host_report.given_up(host, lease.given_up) if lease.given_up else None


def _is_to_be_kept(response: Response, plan: Plan) -> bool:
    """Whether the bytes go into the record: they are not there yet, or are now asked for."""
    return plan.keeps_pages and (response.stored_as is None or plan.config.store_html)


def _answers_to(plan: Plan, outcome: Content | Failure) -> str:
    """Which later jobs the page may answer. One that lacks what a language model was to fill answers
    none: with another budget, or when its endpoint is well, the page is read again."""
    if isinstance(outcome, Content):
        for violation in outcome.violations:
            if violation["kind"] == ViolationKind.AI:
                return without_ai_digest(plan.digest)
    return plan.digest


def _kept_of(
    outcome: Content | Failure, recipe: Recipe
) -> tuple[Content | Failure, Packed, int | None]:
    """What was read, and what the row keeps of it; nothing of a page that the options refuse."""
    if isinstance(outcome, Content):
        outcome = refused(outcome, recipe) or outcome
    if isinstance(outcome, Failure):
        return outcome, {}, None
    # A PDF on which no selector matches says nothing of the selector
    is_page = outcome.document is None or outcome.document in PAGES
    selected = selected_bits(outcome.fields, recipe.asked) if is_page else None
    return outcome, packed(outcome), selected


def _files(read: ReadPage | None, outcome: Content | Failure, plan: Plan) -> tuple[PageFile, ...]:
    """What a browser brought, and the document itself if it is to be kept."""
    if read is None:
        return ()
    response = read.response
    if not plan.config.store_files or response is None or isinstance(outcome, Failure):
        return read.files
    if outcome.document is None or outcome.document in PAGES:
        return read.files
    metadata = outcome.metadata
    document = PageFile(
        FileKind.DOCUMENT,
        response.body,
        outcome.media_type or "application/octet-stream",
        response.final_url,
        width=_pixels(metadata.get("width")),
        height=_pixels(metadata.get("height")),
    )
    return (*read.files, document)


def _pixels(size: int | None) -> int | None:
    """A size that a picture may have; its header may claim any number."""
    return size if size is not None and 0 <= size < 2**31 else None


def _left(lease: Lease, plan: Plan, before: Trail | None, now: Trail) -> Ending:
    """The ending of a try whose next request has to wait: it goes on under the host of that.

    before: where the try began. A redirect since then is a good answer of the lease's host.
    """
    ending = Ending(
        lease.job_id,
        lease.token,
        "leave",
        host=now.host,
        gap_ms=gap_ms(plan.config, now.host),
        trail=now.to_text(),
    )
    began_at_page = before is None or before.robots is None
    if began_at_page and len(now.redirects) > len(before.redirects if before else ()):
        return replace(ending, verdict="good")
    return ending


def _private_to(plan: Plan, response: Response | None) -> str | None:
    """The owner whose batches alone the page may answer; None: anybody's.

    What was fetched with a secret, and what its server says is for one person: `private` and
    `no-store` (RFC 9111, section 5.2.2) and `Vary: *` (RFC 9110, section 12.5.5). Any other `Vary`
    names headers, all of which are part of the request's identity.
    """
    if plan.identity.is_secret:
        return plan.owner
    for name, value in response.headers if response else ():
        if name.lower() not in {"cache-control", "vary"}:
            continue
        directives = {part.strip().partition("=")[0].lower() for part in value.split(",")}
        if name.lower() == "cache-control" and directives & {"private", "no-store"}:
            return plan.owner
        if name.lower() == "vary" and "*" in directives:
            return plan.owner
    return None


def unwritable(result: Result) -> Result:
    """The row of a page that cannot be written as it is."""
    known = result.page
    page = Fetched(
        job_id=known.job_id,
        batch_id=known.batch_id,
        row=known.row,
        url=known.url,
        ok=False,
        error_kind=ErrorKind.INTERNAL,
        error_message=f"what was read could not be kept in the record; {LOG} has the traceback",
        attempts=known.attempts,
        fetched_at=known.fetched_at,
        from_store=known.from_store,
    )
    return replace(result, page=page, content={}, html=None, files=())


def _fetched(
    work: Work,
    lease: Lease,
    outcome: Content | Failure,
    response: Response | None,
    read: ReadPage | None,
    *,
    from_store: bool,
) -> Fetched:
    """What the result row says besides what was read: where it came from, or why it did not."""
    failed = outcome if isinstance(outcome, Failure) else None
    found = response or failed
    return Fetched(
        job_id=work.job_id,
        batch_id=work.batch_id,
        row=work.row,
        url=work.url,
        ok=failed is None,
        final_url=found.final_url if found else None,
        http_status=found.http_status if found else None,
        error_kind=failed.kind if failed else None,
        error_message=failed.message[:LONGEST_MESSAGE] if failed else None,
        page_kind=outcome.page_kind,
        page_kind_signal=outcome.page_kind_signal,
        attempts=lease.tries,
        fetched_at=response.fetched_at if response else clock.now(),
        elapsed_s=found.elapsed_s if found else None,
        body_bytes=len(response.body) if response else None,
        from_store=from_store,
        rendered=read is not None and read.rendered,
        render_reason=read.reason if read is not None else None,
    )
