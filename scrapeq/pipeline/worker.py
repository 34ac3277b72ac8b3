"""The Celery worker: `celery -A scrapeq.pipeline.worker worker`.

Its tasks are thin. `wake_up_task` lets the process's work loop take what is due; the guide's four
tasks do what they say when they are called with a job, which is registered if it is new.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from typing import Any

from celery import signals
from celery.exceptions import Reject

from scrapeq import cluster
from scrapeq.errors import AlreadyThere, NotFound, ScrapeqError
from scrapeq.models import FINAL, Job, ScrapingConfig
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.celery_app import SCRAPE, TASKS, WAKE_UP, make_app
from scrapeq.project.services import Services, open_services
from scrapeq.settings import load_settings
from scrapeq.work.endpoint_breaker import EndpointBreaker
from scrapeq.work.housekeeping import Housekeeping
from scrapeq.work.loop import WorkLoop

log = logging.getLogger(__name__)

#: What the guide names; used where no Redis is named and no private one runs.
GUIDE_REDIS = "redis://localhost:6379/0"
#: Seconds that one wake-up may occupy its process: other queues' tasks get their turn.
BUDGET_S = 5.0
#: Seconds after which a worker that was told to stop ends, whatever still runs.
LAST_MOMENT_S = 6.0


def _broker_url() -> str:
    settings = load_settings()
    if settings.shared:
        return cluster.broker_url(settings)
    private = cluster.find_cluster(settings.home)
    return private.worker_broker_url if private else GUIDE_REDIS


app = celery_app = make_app(load_settings(), _broker_url())


# -- the process's parts, made after the fork ---------------------------------------------------


class _Process:
    """What this process works with; a fork starts with nothing of its parent's."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._services: Services | None = None
        self._loop: WorkLoop | None = None
        self.stopping = threading.Event()

    @property
    def services(self) -> Services:
        with self._lock:
            if self._services is None:
                self._services = open_services(start=False)
            return self._services

    @property
    def loop(self) -> WorkLoop:
        with self._lock:
            if self._loop is None:
                self._loop = WorkLoop(self.services)
                self._loop.start()
            return self._loop

    def stop(self) -> None:
        self.stopping.set()
        if self._loop is not None:
            self._loop.stop()


_process = _Process()
_housekeeping: Housekeeping | None = None
#: Its writing end is only in the main process: when that closes it, or ends, the children know.
_lifeline: tuple[int, int] | None = None


@signals.celeryd_init.connect
def _before_start(instance: Any = None, conf: Any = None, **_: Any) -> None:
    """Have a Redis to work with: a private one, if none is named."""
    global _lifeline  # noqa: PLW0603 - Celery's signals carry no state of ours
    cluster.die_with_owner()
    settings = load_settings()
    if not settings.shared and not cluster.is_supervised():
        connection = cluster.ensure_cluster(settings, workers=0)
        url = connection.worker_broker_url
        conf.update(broker_url=url, result_backend=url)
    _lifeline = os.pipe()


@signals.worker_process_init.connect
def _child_starts(**_: Any) -> None:
    global _process  # noqa: PLW0603 - see above
    _process = _Process()
    cluster.die_with_owner()
    cluster.die_with_parent()
    # What was loaded stays: the collector need not walk through it again and again.
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    if _lifeline is not None:
        os.close(_lifeline[1])
        threading.Thread(target=_stop_with_main, args=(_lifeline[0],), daemon=True).start()
    # A worker for other queues has no loop: it would look like one that scrapes.
    if SCRAPE in app.amqp.queues.consume_from:
        threading.Thread(target=_start_loop, daemon=True).start()


def _start_loop() -> None:
    """Have the loop running before the first wake-up, or as soon as there is a Redis."""
    said = ""
    while True:
        try:
            _process.loop  # noqa: B018 - asking for it makes it
        except ScrapeqError as error:
            if str(error) != said:
                log.error("%s", error)  # noqa: TRY400 - it says all; a traceback would hide it
            said = str(error)
        else:
            return
        if _process.stopping.wait(1):
            return


@signals.worker_process_shutdown.connect
def _child_ends(**_: Any) -> None:
    _process.stop()


@signals.worker_ready.connect
def _main_is_ready(sender: Any = None, **_: Any) -> None:
    global _housekeeping  # noqa: PLW0603 - see above
    settings = load_settings()
    if settings.shared and settings.database_url is None:
        log.warning(
            "the record is the file %s: workers on other machines need SCRAPEQ_DATABASE_URL",
            settings.database_path,
        )
    if _housekeeping is None:
        processes = int(sender.controller.concurrency or 1)
        _housekeeping = Housekeeping(open_services(start=False), processes)
        _housekeeping.start()


@signals.worker_shutting_down.connect
def _main_stops(**_: Any) -> None:
    """Tell the children to give their jobs back, and see that the end comes in time."""
    global _lifeline  # noqa: PLW0603 - see above
    # Python walks through all that was ever loaded when it ends: seconds on a busy machine.
    gc.freeze()
    if _housekeeping is not None:
        _housekeeping.stop()
    if _lifeline is not None:
        os.close(_lifeline[1])
        _lifeline = None
    threading.Thread(target=_process.stop, daemon=True).start()  # pools without child processes
    last_moment = threading.Timer(LAST_MOMENT_S, _end_now)
    last_moment.daemon = True
    last_moment.start()


def _stop_with_main(reading_end: int) -> None:
    os.read(reading_end, 1)  # nothing is ever written: it returns when the main process lets go
    _process.stop()


def _end_now() -> None:
    """A task still runs: end this worker and its children. Unfinished work is found by others."""
    from billiard import active_children

    log.warning("a task still runs after %g s: ending without it", LAST_MOMENT_S)
    for child in active_children():
        os.kill(child.pid, signal.SIGKILL)
    os._exit(1)


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
