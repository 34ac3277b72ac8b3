"""The one thing this folder does: a page's text in, an `AIResult` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from scrapeq.ai.answer import Unusable, check_schema, excerpt, is_strict, read_json
from scrapeq.ai.breaker import Breaker, verdict
from scrapeq.ai.endpoint import DEFAULT_MODEL, Reply, ask
from scrapeq.ai.result import AIResult
from scrapeq.ai.task import MOST_CHARS, Task, cut, messages, task
from scrapeq.errors import ConfigError
from scrapeq.models import ErrorKind, HostVerdict
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
    model: str | None = None,
    max_chars: int = MOST_CHARS,
    breaker: Breaker | None = None,
) -> AIResult:
    """What a language model makes of one page's text.

    "summarise" gives text; "classify" one of `labels`; "extract" JSON: an object as `prompt` asks,
    or any value that fits the JSON Schema `schema`. `prompt` may say more in every case. The model
    is `model`, else SCRAPEQ_AI_MODEL, else a small one of OpenAI's. Of a longer content the first
    `max_chars` characters are sent, cut between paragraphs, and `content_cut` says so. While
    `breaker` refuses, nothing is sent.

    Whatever the endpoint does (silence, errors, a refusal, an answer that breaks off or does not
    fit) is a result with `error_kind` "ai". Raised are only: ConfigError for options that make no
    sense and for a missing key, MissingExtra without the packages of scrapeq[ai].
    """
    its_task = task(type, prompt=prompt, schema=schema, labels=labels)
    if max_chars < 1:
        raise ConfigError(f"max_chars is {max_chars}", hint="write 1 or more")
    if its_task.schema is not None:
        check_schema(its_task.schema)
    model = model or settings.ai_model or DEFAULT_MODEL
    content, content_cut = cut(content, max_chars)
    if not content.strip():
        return _failed(its_task, model, "the page has no text")
    if breaker is not None and (refusal := breaker.refusal()):
        return _failed(its_task, model, refusal, content_cut=content_cut)

    reply = _ask_and_report(breaker, settings, model, its_task, messages(its_task, content, url))
    facts: dict[str, Any] = {
        "model": reply.model or model,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "attempts": reply.attempts,
        "elapsed_s": reply.elapsed_s,
        "content_cut": content_cut,
        "finish_reason": reply.finish_reason,
    }
    try:
        value = _value(its_task, reply)
    except Unusable as unusable:
        return _failed(its_task, message=str(unusable), **facts)
    return AIResult(ok=True, type=its_task.type, result=value, **facts)


def _ask_and_report(
    breaker: Breaker | None,
    settings: Settings,
    model: str,
    its_task: Task,
    its_messages: list[dict[str, str]],
) -> Reply:
    its_verdict: HostVerdict = ""
    problem = ""
    try:
        reply = _ask(settings, model, its_task, its_messages)
        its_verdict, problem = verdict(reply), reply.problem or ""
        return reply
    finally:
        if breaker is not None:
            breaker.report(its_verdict, problem)


def _ask(
    settings: Settings, model: str, its_task: Task, its_messages: list[dict[str, str]]
) -> Reply:
    """The reply; asked once more in plain words if the endpoint knows no response_format.

    The schema is in the instructions anyway, and the answer is checked here anyway.
    """
    wanted = _response_format(its_task)
    reply = ask(settings, model=model, messages=its_messages, response_format=wanted)
    unknown = reply.status in (400, 422) and any(
        word in (reply.problem or "") for word in ("response_format", "json_schema", "json_object")
    )
    if wanted is None or not unknown:
        return reply
    again = ask(settings, model=model, messages=its_messages, response_format=None)
    return replace(
        again,
        attempts=reply.attempts + again.attempts,
        elapsed_s=reply.elapsed_s + again.elapsed_s,
    )


def _response_format(its_task: Task) -> dict[str, Any] | None:
    schema = its_task.schema
    if not its_task.is_json:
        return None
    if schema is None:
        return {"type": "json_object"}
    if schema.get("type") != "object":
        return None  # the protocol has objects only
    form = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": form}


def _value(its_task: Task, reply: Reply) -> Any:
    """The checked value of a reply; raises Unusable if it has none."""
    if reply.problem:
        raise Unusable(reply.problem)
    if reply.refusal:
        raise Unusable(f"the model refused: {excerpt(reply.refusal)}")
    if reply.finish_reason == "content_filter":
        raise Unusable("the endpoint's content filter withheld the answer")
    if reply.finish_reason == "length":
        raise Unusable(f"the answer broke off at the limit of tokens: {excerpt(reply.text)}")
    if not reply.text.strip():
        raise Unusable("the model's answer is empty")
    if not its_task.is_json:
        return reply.text.strip()
    value = read_json(reply.text, its_task.schema)
    return value["label"] if its_task.type == "classify" else value


def _failed(its_task: Task, model: str, message: str, **facts: Any) -> AIResult:
    return AIResult(
        ok=False,
        type=its_task.type,
        model=model,
        error_kind=ErrorKind.AI,
        error_message=message,
        **facts,
    )
