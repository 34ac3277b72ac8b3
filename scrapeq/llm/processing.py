"""A page's text in, an `AIResult` out: a summary, a class, or what is to be extracted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrapeq.costs.prices import DEFAULT_MODEL
from scrapeq.costs.tokens import MOST_CHARS
from scrapeq.errors import ConfigError
from scrapeq.llm.answer import check_schema, read_json
from scrapeq.llm.asking import Question, answer
from scrapeq.llm.breaker import Breaker
from scrapeq.llm.cutting import head_and_tail
from scrapeq.llm.endpoint import Reply
from scrapeq.llm.forms import forms_of
from scrapeq.llm.resources import Answers, Ledger, Resources
from scrapeq.llm.result import AIResult
from scrapeq.llm.task import Task, messages, task
from scrapeq.llm.usable import usable_text
from scrapeq.models import ErrorKind
from scrapeq.settings import Settings


def process(
    content: str,
    url: str | None = None,
    type: str = "summarise",
    *,
    settings: Settings,
    prompt: str | None = None,
    schema: dict[str, Any] | None = None,
    labels: Sequence[str] | None = None,
    language: str | None = None,
    questions: Sequence[str] | None = None,
    model: str | None = None,
    max_chars: int = MOST_CHARS,
    breaker: Breaker | None = None,
    answers: Answers | None = None,
    ledger: Ledger | None = None,
) -> AIResult:
    """What a language model makes of one page's text.

    "summarise" gives text; "classify" one of `labels`; "extract" JSON: an object as `prompt` asks,
    or any value that fits the JSON Schema `schema`. "translate" gives the text in `language`, "entities" a
    list of {name, type}, "sentiment" {sentiment, score}, and "questions" an answer, or None, for each of
    `questions`. `prompt` may say more in every case. The model
    is `model`, else SCRAPEQ_AI_MODEL, else a small one of OpenAI's. Of a longer content `max_chars`
    characters are sent, three quarters from its beginning and the rest from its end, cut between
    paragraphs, and `content_cut` says so. While `breaker` refuses, nothing is sent. What `answers` has
    is not asked again, and `ledger` counts the rest.

    Whatever the endpoint does (silence, errors, a refusal, an answer that breaks off or does not
    fit) is a result with `error_kind` "ai". Raised are only: ConfigError for options that make no
    sense and for a missing key, MissingExtra without the packages of scrapeq[ai].
    """
    its_task = task(
        type, prompt=prompt, schema=schema, labels=labels, language=language, questions=questions
    )
    if max_chars < 1:
        raise ConfigError(f"max_chars is {max_chars}", hint="write 1 or more")
    if its_task.schema is not None:
        check_schema(its_task.schema)
    model = model or settings.ai_model or DEFAULT_MODEL
    content, content_cut = head_and_tail(content, max_chars)
    if not content.strip():
        return _failed(its_task, model, "the page has no text")

    def value(reply: Reply) -> Any:
        return _value(its_task, reply)

    forms = forms_of(its_task.schema) if its_task.is_json else (None,)
    question = Question(model, messages(its_task, content, url), forms)
    done = answer(question, Resources(settings, breaker, answers, ledger), value)
    reply = done.reply
    facts: dict[str, Any] = {
        "model": reply.model or model,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "cost_usd": done.cost_usd,
        "cached": done.cached,
        "attempts": reply.attempts,
        "elapsed_s": reply.elapsed_s,
        "content_cut": content_cut,
        "finish_reason": reply.finish_reason,
    }
    if done.problem is not None:
        return _failed(its_task, message=done.problem, **facts)
    return AIResult(ok=True, type=its_task.type, result=done.value, **facts)


def _value(its_task: Task, reply: Reply) -> Any:
    """The checked value of a reply; raises Unusable if it has none."""
    text = usable_text(reply)
    if not its_task.is_json:
        return text
    return its_task.result(read_json(text, its_task.schema))


def _failed(its_task: Task, model: str, message: str, **facts: Any) -> AIResult:
    return AIResult(
        ok=False,
        type=its_task.type,
        model=model,
        error_kind=ErrorKind.AI,
        error_message=message,
        **facts,
    )
