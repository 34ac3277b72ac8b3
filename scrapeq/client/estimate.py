"""What the language model of a scrape will cost, before it is asked: rows × tokens × price."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scrapeq import database, frames, urls
from scrapeq.costs.prices import DEFAULT_MODEL, NANO, Pricing
from scrapeq.costs.tokens import MOST_CHARS, likely_tokens, most_tokens
from scrapeq.errors import ConfigError
from scrapeq.models import ScrapingConfig
from scrapeq.models.ai_estimate import AIEstimate
from scrapeq.models.record import FieldSpec, FieldType
from scrapeq.pipeline.job_queue import JobQueue, get_job_queue

if TYPE_CHECKING:
    from scrapeq.settings import Settings

#: Tokens of what every question says besides the page and its fields.
_FRAME_TOKENS = 170
#: Tokens that a model answers with, guessed: a sentence, a number, and so on; and values in a list.
_ANSWER_TOKENS = {
    FieldType.TEXT: 30,
    FieldType.JSON: 60,
    FieldType.URL: 25,
    FieldType.DATE: 8,
    FieldType.TIME: 14,
}
_USUAL_ANSWER_TOKENS, _VALUES_IN_A_LIST = 4, 5


def estimate(
    source: Any,
    url: str | None = None,
    *,
    config: ScrapingConfig | None = None,
    queue: JobQueue | None = None,
    settings: Settings | None = None,
    **options: Any,
) -> AIEstimate:
    """What `scrape()` with the same arguments would pay a language model. Nothing is fetched or asked.

    Tokens come from stored pages: of these URLs, else of their hosts. Without any, only what
    is certain is told. Raises ConfigError if no field is filled by a model.
    """
    config = config.replace(**options) if config is not None else ScrapingConfig.build(**options)
    queue = queue or get_job_queue(settings)
    values = [str(value) for value in frames.read_urls(source, url).values]
    return estimate_of(queue, values, config)


def estimate_of(queue: JobQueue, values: Sequence[str], config: ScrapingConfig) -> AIEstimate:
    """The same of URLs and options."""
    fields = [] if config.record is None else [one for one in config.record.fields if one.by_model]
    if not fields:
        raise ConfigError(
            "no field is filled by a language model, so nothing is paid",
            hint='write one in the record: summary: str | None = sq.ai("in one sentence")',
        )
    services = queue.services
    settings = services.settings
    parsed = [one for value in values if isinstance(one := urls.parse(value), urls.Url)]
    hrefs = list(dict.fromkeys(one.href for one in parsed))
    texts, of_what = _sample(services, hrefs, config)
    model = settings.ai_model or DEFAULT_MODEL
    pricing = Pricing.of(settings)
    rows = len(dict.fromkeys(map(urls.duplicate_key, hrefs)))
    asked = _schema_text(fields)
    answered = sum(map(_answer_tokens, fields)) + 10
    notes = [_says_of_sample(len(texts), of_what, rows)]
    most_nano = pricing.cost_nano(
        model, most_tokens("x" * MOST_CHARS, asked, asked), settings.ai_max_output_tokens
    )
    if most_nano is None:
        notes.append(
            f"no price of the model {model} is known: set SCRAPEQ_AI_INPUT_PRICE and "
            "SCRAPEQ_AI_OUTPUT_PRICE"
        )
    known: dict[str, Any] = {}
    if texts:
        a_page = sum(map(likely_tokens, texts)) / len(texts)
        sent = round(rows * (a_page + 2 * likely_tokens(asked) + _FRAME_TOKENS))
        cost_nano = pricing.cost_nano(model, sent, rows * answered)
        known = {
            "input_tokens": sent,
            "output_tokens": rows * answered,
            "usd": None if cost_nano is None else cost_nano / NANO,
        }
        notes.append(f"answers are guessed at {answered} tokens a page")
    notes.append(
        "rows that an answer of the record serves, and fields that another source fills, cost less"
    )
    return AIEstimate(
        model=model,
        rows=rows,
        sampled=len(texts),
        most_usd=None if most_nano is None else rows * most_nano / NANO,
        budget_usd=config.ai_budget,
        notes=tuple(notes),
        **known,
    )


def _sample(services: Any, hrefs: Sequence[str], config: ScrapingConfig) -> tuple[list[str], str]:
    """Texts that a model would be given, and whose they are."""
    samples, owner = database.page_samples, services.settings.owner
    keys = list(map(urls.duplicate_key, hrefs))
    found = samples.samples_of_pages(services.engine, keys, owner, MOST_CHARS)
    of_what = "these URLs"
    if not found:
        hosts = list(dict.fromkeys(map(urls.host_key, hrefs)))
        found = samples.samples_of_hosts(services.engine, hosts, owner, MOST_CHARS)
        of_what = "their hosts"
    return [text for one in found if (text := _text(one, config))], of_what


def _text(sample: database.page_samples.PageSample, config: ScrapingConfig) -> str:
    """The main text that is stored with it; else what its bytes hold, read as a worker would."""
    if sample.text is not None or sample.body is None:
        return sample.text or ""
    from scrapeq.trying import text_for_model  # with the parsers

    text = text_for_model(sample.body, sample.url, sample.content_type, config)
    return text[:MOST_CHARS]


def _says_of_sample(count: int, of_what: str, rows: int) -> str:
    if not count:
        return (
            "no page of these URLs or their hosts is stored, so their length is not known: scrape a few "
            "rows first, without the model"
        )
    return f"the length of pages is that of {count} stored ones of {of_what}, for {rows:,} rows"


def _schema_text(fields: Sequence[FieldSpec]) -> str:
    from scrapeq.records.by_model import model_schema  # with the parsers that it asks

    return json.dumps(model_schema(fields), ensure_ascii=False)


def _answer_tokens(field: FieldSpec) -> int:
    if field.record is not None:
        one = sum(map(_answer_tokens, field.record.fields))
    else:
        one = _ANSWER_TOKENS.get(field.type, _USUAL_ANSWER_TOKENS)
    name = likely_tokens(field.name) + 3
    return name + (_VALUES_IN_A_LIST * one if field.many else one)
