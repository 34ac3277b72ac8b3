"""What the record says of claimed jobs: their URL, their options, and the bytes that answer them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from scrapeq import database, urls
from scrapeq.clock import now_ms
from scrapeq.database.jobs import Work
from scrapeq.fetch import Response
from scrapeq.frontier import Lease
from scrapeq.models import Lane
from scrapeq.work.attempt import Plan
from scrapeq.work.waiting import Call

#: Batches whose plan is remembered; single jobs are batches too.
MOST_PLANS = 10_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """One claimed job with all that is needed to try it.

    stored: the page's bytes, if they were kept and are young enough: then no request is sent. lane:
    that it was claimed in.
    """

    lease: Lease
    work: Work
    plan: Plan
    stored: Response | None = None
    lane: Lane = Lane.HTTP


class Assignments:
    """Looks claimed jobs up. Remembers the plans of batches, which do not change."""

    def __init__(self, engine: sa.Engine, call: Call, *, keeps_pages: bool) -> None:
        self._engine = engine
        self._call = call
        self._keeps_pages = keeps_pages
        self._plans: dict[str, Plan] = {}

    async def of(self, leases: Sequence[Lease]) -> tuple[list[Assignment], list[Lease]]:
        """The jobs to try, and the leases of those that the record knows to be done with.

        Raises DatabaseUnavailable.
        """
        found: tuple[list[Assignment], list[Lease]] = await self._call(self._look_up, leases)
        return found

    def _look_up(self, leases: Sequence[Lease]) -> tuple[list[Assignment], list[Lease]]:
        works = database.jobs.work_for(self._engine, [one.job_id for one in leases])
        self._read_plans({work.batch_id for work in works.values()})
        stored = self._stored([work for work in works.values() if not work.done])
        to_try, done = [], []
        for lease in leases:
            work = works.get(lease.job_id)
            plan = self._plans.get(work.batch_id) if work else None
            if work is None or plan is None or work.done:
                done.append(lease)
            else:
                to_try.append(Assignment(lease, work, plan, stored.get(lease.job_id)))
        return to_try, done

    def _read_plans(self, batch_ids: set[str]) -> None:
        if len(self._plans) > MOST_PLANS:
            self._plans.clear()
        for batch_id in batch_ids - set(self._plans):
            batch = database.batches.find_batch(self._engine, batch_id)
            if batch is not None:
                any_stored = database.stored_pages.any_stored(self._engine)
                self._plans[batch_id] = Plan.of(
                    batch, any_stored=any_stored, keeps_pages=self._keeps_pages
                )

    def _stored(self, works: Iterable[Work]) -> dict[str, Response]:
        """The pages whose bytes were kept and are young enough, by the job that wants them.

        So a batch with other selectors is answered without a request.
        """
        wanted: dict[str, dict[str, str]] = {}  # by batch: job → its URL
        for work in works:
            plan = self._plans.get(work.batch_id)
            if plan is not None and plan.stored_for_s is not None:
                wanted.setdefault(work.batch_id, {})[work.job_id] = work.href
        found: dict[str, Response] = {}
        for batch_id, hrefs in wanted.items():
            plan = self._plans[batch_id]
            exact = not plan.config.merge_duplicates
            keys = {job_id: urls.duplicate_key(href) for job_id, href in hrefs.items()}
            since_ms = now_ms() - int((plan.stored_for_s or 0) * 1000)
            asking = database.stored_pages.Asking(plan.identity.digest, plan.owner, since_ms, exact)
            kept = database.stored_pages.stored_bodies(self._engine, list(keys.values()), asking)
            names = hrefs if exact else keys
            found |= {job_id: _response(kept[one]) for job_id, one in names.items() if one in kept}
        return found


def _response(kept: database.stored_pages.StoredBody) -> Response:
    """A stored page in the form of one that was just fetched."""
    return Response(
        url=kept.final_url,
        final_url=kept.final_url,
        http_status=kept.http_status,
        # of its headers this alone is kept, and has to hold for what is read from it again
        headers=() if kept.private_to is None else (("Cache-Control", "private"),),
        content_type=kept.content_type,
        body=kept.body,
        redirects=(),
        fetched_at=kept.fetched_at,
        elapsed_s=0.0,
        render_reason=kept.render_reason,
        stored_as=kept.sha256,
    )
