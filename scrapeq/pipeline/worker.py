"""The Celery worker: `celery -A scrapeq.pipeline.worker worker`.

Its tasks are thin: what a process works with is in `scrapeq/work/process.py`, and when a failed page
is tried again is decided in `scrapeq/fetch/retry.py`, never by Celery. `wake_up_task` lets the process's work loop take what is due; the guide's four
tasks do what they say when they are called with a job, which is registered if it is new.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import signals
from celery.exceptions import Reject

from scrapeq.lazy import loaded_at_once

with loaded_at_once():
    from scrapeq import cluster, database
    from scrapeq.costs.prices import DEFAULT_MODEL
    from scrapeq.errors import ScrapeqError
    from scrapeq.models import FINAL, Lane
    from scrapeq.pipeline import arguments, registering
    from scrapeq.pipeline.job_queue import JobQueue
    from scrapeq.project.celery_app import RENDER, SCRAPE, TASKS, WAKE_UP, make_app
    from scrapeq.settings import load_settings
    from scrapeq.work.batch_ledger import BatchLedger
    from scrapeq.work.endpoint_breaker import EndpointBreaker
    from scrapeq.work.log_lines import write_json
    from scrapeq.work.process import MainProcess, WorkProcess

log = logging.getLogger(__name__)

#: What the guide names; used where no Redis is named and no private one runs.
GUIDE_REDIS = "redis://localhost:6379/0"
#: Seconds that one wake-up may occupy its process: other queues' tasks get their turn.
BUDGET_S = 5.0
#: Pages in the answer of one batch_scrape_task at most: some 20 MB in Redis, for an hour.
MOST_RESULTS = 1_000


def _broker_url() -> str:
    settings = load_settings()
    if settings.shared:
        return cluster.broker_url(settings)
    private = cluster.find_cluster(settings.home)
    return private.worker_broker_url if private else GUIDE_REDIS


app = celery_app = make_app(load_settings(), _broker_url())
app.conf.worker_consumer = "scrapeq.work.consumer:PatientConsumer"


# -- this process, as Celery starts and ends it ---------------------------------------------------

_main = MainProcess()
_process = WorkProcess()


@signals.celeryd_init.connect
def _before_start(instance: Any = None, conf: Any = None, **_: Any) -> None:
    if url := _main.private_broker():
        conf.update(broker_url=url, result_backend=url)


@signals.after_setup_logger.connect
@signals.after_setup_task_logger.connect
def _logging_begins(logger: Any = None, **_: Any) -> None:
    if load_settings().log_format == "json":
        write_json(logger)


@signals.worker_process_init.connect
def _child_starts(**_: Any) -> None:
    global _process  # noqa: PLW0603 - Celery's signals carry no state of ours
    _process = WorkProcess()
    queues = app.amqp.queues.consume_from
    _process.begin(_main.lifeline, scrapes=SCRAPE in queues, renders=RENDER in queues)


@signals.worker_process_shutdown.connect
def _child_ends(**_: Any) -> None:
    _process.stop()


@signals.worker_ready.connect
def _main_is_ready(sender: Any = None, **_: Any) -> None:
    _main.is_ready(int(sender.controller.concurrency or 1), app.amqp.queues.consume_from)


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
    if not _process.stopping.is_set() and loop.services.frontier.views.is_due([Lane.HTTP]):
        loop.services.wake()


@app.task(name=TASKS + "scrape_url_task")
def scrape_url_task(job_id: str, url: str, config: dict[str, Any] | None = None) -> dict[str, Any]:
    """Fetch one URL as the job `job_id`, registered if it is new; the finished job as JSON.

    Raises InputError for an id that another URL has, or a whole batch.
    """
    queue = JobQueue(_process.loop.services)
    job_id = registering.register_job(queue, job_id, url, config)
    _work_until(lambda: queue.get_jobs([job_id])[0].status in FINAL)
    return queue.get_job_status(job_id).model_dump(mode="json")


@app.task(name=TASKS + "batch_scrape_task")
def batch_scrape_task(
    job_id: str, urls: list[str], config: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Fetch many URLs as the batch `job_id`, registered if it is new; as JSON.

    Its counters, `job_ids` in the order of `urls`, and `results`: for the first `MOST_RESULTS` of
    them what `scrape_url_task` gives. `results_left_out` counts the others, which
    `JobQueue.get_job_status` reads one by one. Raises InputError for an id that other URLs have.
    """
    queue = JobQueue(_process.loop.services)
    batch = registering.register_batch(queue, job_id, urls, config)
    _work_until(lambda: queue.find_batch(batch.id).is_complete)
    ids = [one for one, _ in database.jobs.ids_and_urls(queue.services.engine, batch.id)]
    listed = queue.get_jobs(ids[:MOST_RESULTS])
    pages = database.page_rows.read_pages(queue.services.engine, [job.id for job in listed])
    results = [job.model_copy(update={"result": pages.get(job.id)}) for job in listed]
    return {
        **queue.find_batch(batch.id).model_dump(mode="json", exclude={"config"}),
        "job_ids": ids,
        "results": [job.model_dump(mode="json") for job in results],
        "results_left_out": len(ids) - len(results),
    }


@app.task(name=TASKS + "process_content_task")
def process_content_task(
    content: str, url: str | None = None, type: str = "summarise", **options: Any
) -> dict[str, Any]:
    """What the language model makes of a page's text.

    `type` is summarise, classify, extract, translate, entities, sentiment or questions.

    Of HTML, what a person reads is sent: no scripts, styles or tags. A type that says what the
    content is, such as "html" or "article", is summarised. `options`: prompt, schema, labels,
    language, questions, model, max_chars; see `scrapeq.llm.process`. The answer is a row: `ok`, `result`, or `error_kind` and
    `error_message`, with its tokens and its cost. The same question is answered from the record the
    second time, and costs nothing. Raises ConfigError for what cannot be meant, and for a missing key.
    """
    from scrapeq import llm
    from scrapeq.extract.visible import text_in

    arguments.ai_options(options)
    settings = load_settings()
    model = options.get("model") or settings.ai_model or DEFAULT_MODEL
    shared = _shared_with_others(llm.endpoint_name(settings), model)
    text = text_in(arguments.a_content(content))
    done = llm.process(text, url, type, settings=settings, **shared, **options)
    return done.model_dump(mode="json")


def _shared_with_others(endpoint: str, model: str) -> dict[str, Any]:
    """The breaker, the answers and the ledger that all workers share, where there are stores for them."""
    try:
        services = _process.services
        return {
            "breaker": EndpointBreaker(services, endpoint),
            "answers": _process.answers,
            "ledger": BatchLedger(services, "", model),
        }
    except ScrapeqError as error:
        log.info("the language model is asked without what other workers know: %s", error)
        return {}


@app.task(name=TASKS + "clean_data_task")
def clean_data_task(
    data: dict[str, Any] | list[dict[str, Any]], rules: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Records cleaned and validated: `data`, and a `report` of what was changed and why.

    Without `rules`, fields are read by their names (`price`, `url`, `published_at`; see
    `CleaningRules.by_names`); with {} only texts are cleaned. The result of this task may be given to
    it again, as in a Celery chain. Raises InputError for what are no records, ConfigError for wrong
    rules.
    """
    from scrapeq.clean import CleaningRules, clean_records, is_result

    if is_result(data):
        if data["data"] is None:  # type: ignore[call-overload] # a dict, then
            return data  # type: ignore[return-value]
        data = data["data"]  # type: ignore[call-overload]
    by_names = CleaningRules.by_names(data) if rules is None else rules
    cleaned: dict[str, Any] = clean_records(data, by_names).to_json()
    return cleaned


def _work_until(is_done: Callable[[], bool]) -> None:
    """Work on what is due, the task's own too, until that is finished."""
    while not is_done():
        if _process.stopping.is_set():
            raise Reject("the worker stops", requeue=True)
        _process.loop.drain(0.5)
        _process.stopping.wait(0.1)
