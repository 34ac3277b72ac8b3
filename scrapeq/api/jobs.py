"""Jobs over REST: the guide's methods for other programs, with the token as `Authorization: Bearer`.

    POST   /api/jobs                 {"url": ..., "config": {...}, "priority": 5} → the job, 201
    GET    /api/jobs                 the newest jobs; ?limit=100&status=failed
    GET    /api/jobs/{id}            the job, with its page once it is finished
    GET    /api/jobs/{id}/progress   how far it is, or a batch
    PATCH  /api/jobs/{id}            {"status": ..., "error_message": ...} → the job
    DELETE /api/jobs/{id}            {"cancelled": true}; false if it was finished
    GET    /api/queue                see `JobQueue.get_queue_stats`
    GET    /api/metrics              see `JobMonitor.get_system_metrics`
    GET    /api/history              see `JobMonitor.get_performance_history`; ?hours=24

What goes wrong is {"error": ..., "hint": ...}: 404 for no such job, 409 for a status that cannot follow,
422 for what cannot be meant, 503 while Redis or the record is away.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from scrapeq.errors import (
    DatabaseUnavailable,
    IllegalMove,
    NotFound,
    RedisUnavailable,
    ScrapeqError,
)
from scrapeq.models import Job
from scrapeq.models.priority import USUAL_PRIORITY
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.monitor import JobMonitor


class NewJob(BaseModel):
    """What is to be fetched."""

    model_config = ConfigDict(extra="forbid")

    url: str
    config: dict[str, Any] | None = None
    priority: int = USUAL_PRIORITY


class NewStatus(BaseModel):
    """The status that a job is to have."""

    model_config = ConfigDict(extra="forbid")

    status: str
    error_message: str | None = None
    error_kind: str | None = None


def add_jobs(app: FastAPI, queue: JobQueue) -> None:
    """Let the application answer for the jobs of this queue."""
    api, monitor = APIRouter(prefix="/api"), JobMonitor(queue)

    @app.exception_handler(ScrapeqError)
    def explain(_request: Request, error: ScrapeqError) -> JSONResponse:
        return JSONResponse({"error": error.problem, "hint": error.hint}, _status(error))

    @api.post("/jobs", status_code=201)
    def submit(new: NewJob) -> Job:
        config: Any = new.config  # a dict is taken too
        return queue.submit_scraping_job(new.url, config, new.priority)

    @api.get("/jobs")
    def newest(limit: int = 100, status: str | None = None) -> list[Job]:
        return queue.get_job_history(limit, status)

    @api.get("/jobs/{job_id}")
    def one(job_id: str) -> Job:
        return queue.get_job_status(job_id)

    @api.get("/jobs/{job_id}/progress")
    def progress(job_id: str) -> dict[str, Any]:
        return monitor.get_job_progress(job_id).model_dump()

    @api.patch("/jobs/{job_id}")
    def move(job_id: str, new: NewStatus) -> Job:
        details = new.model_dump(exclude={"status"}, exclude_none=True)
        return queue.update_job_status(job_id, new.status, **details)

    @api.delete("/jobs/{job_id}")
    def cancel(job_id: str) -> dict[str, bool]:
        return {"cancelled": queue.cancel_job(job_id)}

    @api.get("/queue")
    def stats() -> dict[str, Any]:
        return queue.get_queue_stats().model_dump()

    @api.get("/metrics")
    def metrics() -> dict[str, Any]:
        return monitor.get_system_metrics().model_dump()

    @api.get("/history")
    def history(hours: float = 24) -> dict[str, Any]:
        return monitor.get_performance_history(hours).model_dump()

    app.include_router(api)


def _status(error: ScrapeqError) -> int:
    match error:
        case NotFound():
            return 404
        case IllegalMove():
            return 409
        case RedisUnavailable() | DatabaseUnavailable():
            return 503
        case ValueError():
            return 422
    return 500
