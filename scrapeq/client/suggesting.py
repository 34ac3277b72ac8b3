"""Selectors from one look: a language model names them once, pages prove them, and they cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scrapeq.client.scrape import scrape
from scrapeq.errors import InputError, ModelFailed
from scrapeq.models.record_class import record_spec
from scrapeq.pipeline.job_queue import JobQueue, get_job_queue

if TYPE_CHECKING:
    from scrapeq.settings import Settings
    from scrapeq.trying import Suggestion

#: Pages that selectors are proved on, and seconds that all of them and the model are waited for.
MOST_PAGES, WAIT_S = 40, 300.0
_TASK = "scrapeq.pipeline.worker.process_content_task"


def suggest_selectors(
    pages: Sequence[str],
    record: Any,
    *,
    model: str | None = None,
    queue: JobQueue | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> Suggestion:
    """Selectors for the fields of a record, named by a language model that is asked once.

    pages: URLs of pages of one kind; the first is shown to the model, and all prove what it names: a
    selector has to give on the first what the model read there, and something on at least half of all.
    They are fetched as `scrape` does, or taken from the store; `options` are ScrapingConfig's. The model
    is asked by a worker of the queue `processing`, by the settings of SCRAPEQ_AI_...

    `.selectors` is for `custom_selectors`, `.record` for `record`; `.df` says of each field what it
    matched and what is against it.

    Raises InputError where no page can be read, ConfigError for a record that cannot be met, ModelFailed
    where the model gives no answer.
    """
    from scrapeq.trying import outline, suggestion  # with the parsers

    wanted = record_spec(record)
    schema = suggestion.question(wanted)
    queue = queue or get_job_queue(settings)
    urls = list(pages)[:MOST_PAGES]
    batch = scrape(urls, queue=queue, **options).wait(WAIT_S)
    readings = []
    for page in batch.pages():
        if page.ok:
            readings.append(batch.read_page(page.row))
    if not readings:
        raise InputError(
            "none of the pages can be read", hint="look at batch.errors of a scrape of them"
        )
    asked = {"schema": schema, "prompt": suggestion.PROMPT, "model": model}
    named = {name: value for name, value in asked.items() if value is not None}
    content = outline.outline(readings[0].tree)
    sent = queue.services.app.send_task(
        _TASK, (content, readings[0].url, "extract"), named, queue="processing"
    )
    answer: dict[str, Any] = sent.get(timeout=WAIT_S)
    if not answer["ok"]:
        raise ModelFailed(
            f"the language model gave no selectors: {answer['error_message']}",
            hint="see SCRAPEQ_AI_API_KEY and SCRAPEQ_AI_BASE_URL, or write them by hand",
        )
    fields = suggestion.proved(wanted, answer["result"], readings)
    return suggestion.Suggestion(wanted, fields, len(readings), answer.get("cost_usd"))
