"""Jobs: one URL each, as the guide's JobQueue and JobMonitor manage them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from scrapeq.api.allowed import check_allowed
from scrapeq.api.answers import Cancelled, Jobs, Recorded
from scrapeq.api.requests import Completion, NewJob, NewStatus
from scrapeq.api.route import CLOCKS, Route, weak_tag
from scrapeq.api.service import Reader, Submitter
from scrapeq.models import Job, JobStatus
from scrapeq.models.monitoring import ActiveJobsSummary, BatchProgress, JobProgress

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=Route)

JobId = Annotated[str, Path(max_length=200, examples=["a1b2c3d4e5f6a7b"])]
Limit = Annotated[int, Query(ge=1, le=1_000, description="How many at most.")]


@router.post("", status_code=201)
def submit_job(who: Submitter, new: NewJob, response: Response) -> Job:
    """Submit one URL; when this answers, the job will have exactly one result
    (`JobQueue.submit_scraping_job`)."""
    check_allowed(who.person, new.config)
    who.service.check_room()
    job = who.own_queue.submit_scraping_job(new.url, new.config, new.priority)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return job


@router.get("")
def list_jobs(who: Reader, limit: Limit = 100, status: JobStatus | None = None) -> Jobs:
    """Jobs, the newest first (`JobQueue.get_job_history`)."""
    return Jobs(jobs=who.queue.get_job_history(limit, status))


@router.get("/active")
def list_active_jobs(who: Reader, limit: Limit = 100) -> Jobs:
    """Open jobs: those that run, then those that are next (`JobQueue.get_active_jobs`)."""
    return Jobs(jobs=who.queue.get_active_jobs(limit))


@router.get("/active/summary")
def summarize_active_jobs(who: Reader, limit: Limit = 100) -> ActiveJobsSummary:
    """How many jobs are open, by status (`JobMonitor.get_active_jobs_summary`)."""
    return who.monitor.get_active_jobs_summary(limit)


@router.get("/{job_id}")
def get_job(who: Reader, job_id: JobId) -> Job:
    """A job, with its page once it is finished (`JobQueue.get_job_status`)."""
    return who.queue.get_job_status(job_id)


@router.get("/{job_id}/progress")
def get_job_progress(who: Reader, job_id: JobId, response: Response) -> JobProgress | BatchProgress:
    """How far a job is, or a batch, and when it will be done (`JobMonitor.get_job_progress`)."""
    progress = who.monitor.get_job_progress(job_id)
    response.headers["ETag"] = weak_tag(progress.model_dump_json(exclude=CLOCKS))
    return progress


@router.patch("/{job_id}")
def update_job(who: Submitter, job_id: JobId, new: NewStatus) -> Job:
    """Give a job another status by hand (`JobQueue.update_job_status`). 409 for one that cannot follow."""
    who.job_to_change(job_id)
    details = new.model_dump(exclude={"status"}, exclude_none=True)
    return who.own_queue.update_job_status(job_id, new.status, **details)


@router.post("/{job_id}/cancel")
def cancel_job(who: Submitter, job_id: JobId) -> Cancelled:
    """Stop a job: a waiting one never starts (`JobQueue.cancel_job`)."""
    who.job_to_change(job_id)
    return Cancelled(cancelled=who.own_queue.cancel_job(job_id))


@router.post("/{job_id}/completions", status_code=201)
def record_job_completion(who: Submitter, job_id: JobId, new: Completion) -> Recorded:
    """Count a job that was done outside of the workers (`JobMonitor.record_job_completion`)."""
    who.monitor.record_job_completion(job_id, new.success, new.processing_time_s)
    return Recorded()
