"""The Celery worker: `celery -A scrapeq.pipeline.worker worker`.

Its tasks are thin: what a process works with is in `scrapeq/work/process.py`, and when a failed page
is tried again is decided in `scrapeq/fetch/retry.py`, never by Celery. `wake_up_task` lets the process's work loop take what is due; the guide's four
tasks do what they say when they are called with a job, which is registered if it is new.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import signals
from celery.exceptions import Reject

from scrapeq import cluster
from scrapeq.errors import AlreadyThere, NotFound, ScrapeqError
from scrapeq.models import FINAL, Job, ScrapingConfig
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.celery_app import SCRAPE, TASKS, WAKE_UP, make_app
from scrapeq.settings import load_settings
from scrapeq.work.endpoint_breaker import EndpointBreaker
from scrapeq.work.process import MainProcess, WorkProcess

log = logging.getLogger(__name__)

#: What the guide names; used where no Redis is named and no private one runs.
GUIDE_REDIS = "redis://localhost:6379/0"
#: Seconds that one wake-up may occupy its process: other queues' tasks get their turn.
BUDGET_S = 5.0


def _broker_url() -> str:
    settings = load_settings()
    if settings.shared:
        return cluster.broker_url(settings)
    private = cluster.find_cluster(settings.home)
    return private.worker_broker_url if private else GUIDE_REDIS


app = celery_app = make_app(load_settings(), _broker_url())


# -- this process, as Celery starts and ends it ---------------------------------------------------

_main = MainProcess()
_process = WorkProcess()


@signals.celeryd_init.connect
def _before_start(instance: Any = None, conf: Any = None, **_: Any) -> None:
    if url := _main.private_broker():
        conf.update(broker_url=url, result_backend=url)


@signals.worker_process_init.connect
def _child_starts(**_: Any) -> None:
    global _process  # noqa: PLW0603 - Celery's signals carry no state of ours
    _process = WorkProcess()
    _process.begin(_main.lifeline, scrapes=SCRAPE in app.amqp.queues.consume_from)


@signals.worker_process_shutdown.connect
def _child_ends(**_: Any) -> None:
    _process.stop()


@signals.worker_ready.connect
def _main_is_ready(sender: Any = None, **_: Any) -> None:
    _main.is_ready(int(sender.controller.concurrency or 1))


@signals.worker_shutting_down.connect
def _main_stops(**_: Any) -> None:
    _main.stop(_process)


# -- the tasks ----------------------------------------------------------------------------------


@app.task(name=WAKE_UP, ignore_result=True)
def wake_up_task() -> None:
    """Take what is due, for a while; rings again if more is."""
    if _process.stopping.is_set():
        return  # its loop has ended: waiting for it would hold up the worker's end
    loop = _process.loop
    loop.drain(BUDGET_S)
    if not _process.stopping.is_set() and loop.services.frontier.views.is_due():
        loop.services.wake()


@app.task(name=TASKS + "scrape_url_task")
def scrape_url_task(job_id: str, url: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fetch one URL as the job `job_id`, registered if it is new; the finished job as JSON."""
    queue = JobQueue(_process.loop.services)
    _register(queue, job_id, [url], config, single=True)
    _work_until_done(queue, job_id)
    return queue.get_job_status(job_id).model_dump(mode="json")


@app.task(name=TASKS + "batch_scrape_task")
def batch_scrape_task(
    job_id: str, urls: list[str], config: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Fetch many URLs as the batch `job_id`, registered if it is new; its counters as JSON."""
    queue = JobQueue(_process.loop.services)
    _register(queue, job_id, urls, config, single=False)
    _work_until_done(queue, job_id)
    return queue.find_batch(job_id).model_dump(mode="json", exclude={"config"})


@app.task(name=TASKS + "process_content_task")
def process_content_task(
    content: str, url: str | None = None, type: str = "summarise", **options: Any
) -> dict[str, Any]:
    """What the language model makes of a page's text: `type` is summarise, classify or extract.

    `options`: prompt, schema, labels, model; see `scrapeq.ai.process`. The answer is a row: `ok`,
    `result`, or `error_kind` and `error_message`.
    """
    from scrapeq import ai

    settings = load_settings()
    breaker = _endpoint_breaker(ai.endpoint_name(settings))
    done = ai.process(content, url, type, settings=settings, breaker=breaker, **options)
    return done.model_dump(mode="json")


def _endpoint_breaker(endpoint: str) -> EndpointBreaker | None:
    """The breaker that all workers share, where there is a Redis to share it in."""
    try:
        return EndpointBreaker(_process.services, endpoint)
    except ScrapeqError as error:
        log.info("the language model is asked without a breaker: %s", error)
        return None


@app.task(name=TASKS + "clean_data_task")
def clean_data_task(
    data: dict[str, Any] | list[dict[str, Any]], rules: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Records cleaned and validated: `data`, and a `report` of what was changed and why."""
    from scrapeq.clean import clean_records

    cleaned: dict[str, Any] = clean_records(data, rules).to_json()
    return cleaned


def _register(
    queue: JobQueue, job_id: str, urls: list[str], config: dict[str, Any] | None, *, single: bool
) -> None:
    if _known(queue, job_id):
        return
    try:
        queue.submit_batch(
            urls, ScrapingConfig.build(**(config or {})), batch_id=job_id, single=single
        )
    except AlreadyThere:
        if not _known(queue, job_id):  # registered meanwhile by another copy of the message
            raise


def _known(queue: JobQueue, job_id: str) -> bool:
    try:
        queue.find_batch(job_id)
    except NotFound:
        return _job(queue, job_id) is not None
    return True


def _job(queue: JobQueue, job_id: str) -> Job | None:
    found = queue.get_jobs([job_id])
    return found[0] if found else None


def _work_until_done(queue: JobQueue, job_id: str) -> None:
    """Work on what is due, this too, until the job or batch is finished."""
    while True:
        job = _job(queue, job_id)
        if job is not None:
            done = job.status in FINAL
        else:
            batch = queue.find_batch(job_id)
            done = batch.done >= batch.total
        if done:
            return
        if _process.stopping.is_set():
            raise Reject("the worker stops", requeue=True)
        _process.loop.drain(0.5)
        _process.stopping.wait(0.1)
