"""The endpoint: one chat completion, with its retries, its deadline and its errors translated.

The openai client does the retrying, and nothing else here does: 408, 409, 429, 5xx, time-outs and
broken connections, `ai_max_retries` times, after what Retry-After says (up to two minutes) or 0.5
to 8 s with jitter.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from weakref import finalize

from pydantic import BaseModel, ValidationError

from scrapeq.ai.answer import excerpt
from scrapeq.errors import ConfigError, MissingExtra
from scrapeq.settings import Settings

if TYPE_CHECKING:
    import openai

#: The smallest model of its family that keeps to a schema; SCRAPEQ_AI_MODEL names another.
DEFAULT_MODEL = "gpt-5.4-mini"


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(BaseModel):
    """As much of a chat completion as every server gives: many leave the rest out."""

    choices: list[_Choice]
    model: str | None = None
    usage: _Usage | None = None


@dataclass(frozen=True)
class Reply:
    """The endpoint's reply, or in `problem` why there is none; `status` is HTTP's, if any."""

    attempts: int
    elapsed_s: float
    text: str = ""
    problem: str | None = None
    status: int | None = None
    refusal: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


def ask(
    settings: Settings,
    *,
    model: str,
    messages: list[dict[str, str]],
    response_format: dict[str, Any] | None,
) -> Reply:
    """The endpoint's reply to `messages`; no tools are ever offered.

    `ai_timeout_s` is how long an attempt may take to connect, to begin its answer and to complete
    it, each. Raises ConfigError without a key, MissingExtra without openai.
    """
    key = _key(settings)
    client = _client(settings.ai_base_url, key, settings.ai_timeout_s, settings.ai_max_retries)
    import openai

    began_s = time.monotonic()
    try:
        raw = client.chat.completions.with_raw_response.create(
            model=model,
            messages=cast(Any, messages),  # plain dicts, of the shape of its own
            response_format=cast(Any, response_format or openai.omit),
        )
    except openai.APIError as error:
        return Reply(
            # The client counts its retries in a header of the request.
            attempts=int(error.request.headers.get("x-stainless-retry-count", 0)) + 1,
            elapsed_s=time.monotonic() - began_s,
            problem=_problem(error, settings).replace(key, "***"),
            status=getattr(error, "status_code", None),
        )
    reply = Reply(attempts=raw.retries_taken + 1, elapsed_s=time.monotonic() - began_s)
    try:
        completion = _Completion.model_validate_json(raw.http_response.content)
    except ValidationError:
        message = excerpt(raw.http_response.text).replace(key, "***")
        return replace(reply, problem=f"the endpoint's reply is no chat completion: {message}")
    if not completion.choices:
        return replace(reply, problem="the endpoint's reply has no choices")
    choice, usage = completion.choices[0], completion.usage or _Usage()
    return replace(
        reply,
        text=choice.message.content or "",
        refusal=choice.message.refusal,
        finish_reason=choice.finish_reason,
        model=completion.model,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
    )


def _key(settings: Settings) -> str:
    """The key; servers on one's own machine want none, but the client wants a text."""
    base_url = settings.ai_base_url
    if base_url and not base_url.startswith(("http://", "https://")):
        raise ConfigError(
            "SCRAPEQ_AI_BASE_URL is no web address",
            hint="write it like http://127.0.0.1:8080/v1",
        )
    key = settings.ai_api_key.get_secret_value().strip() if settings.ai_api_key else ""
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            "SCRAPEQ_AI_API_KEY has characters that no key has", hint="copy the key once more"
        )
    if not key and not base_url:
        raise ConfigError(
            "no key for a language model is set",
            hint="set OPENAI_API_KEY or SCRAPEQ_AI_API_KEY; for a local server SCRAPEQ_AI_BASE_URL",
        )
    return key or "no-key-needed"


@lru_cache(maxsize=4)  # making one takes 0.17 s, and a pool of connections is worth keeping
def _client(base_url: str | None, key: str, timeout_s: float, max_retries: int) -> openai.OpenAI:
    try:
        import openai
    except ImportError:
        raise MissingExtra(
            "a language model needs the package openai", hint='run: pip install "scrapeq[ai]"'
        ) from None

    from scrapeq.ai.bounded import bound_body

    http = openai.DefaultHttpxClient(
        timeout=timeout_s, event_hooks={"response": [bound_body(timeout_s)]}
    )
    client = openai.OpenAI(
        api_key=key, base_url=base_url, timeout=timeout_s, max_retries=max_retries, http_client=http
    )
    finalize(client, http.close)
    return client


def _problem(error: openai.APIError, settings: Settings) -> str:
    """One sentence for the row: what the endpoint did, and what to try where that is known."""
    import openai

    where = f"the endpoint {urlsplit(settings.ai_base_url or 'https://api.openai.com').hostname}"
    status = getattr(error, "status_code", None)
    message = excerpt(error.message.removeprefix(f"Error code: {status}").removeprefix(" - "))
    message = message or "no reason given"
    match error:
        case openai.APITimeoutError():
            return f"{where} did not answer within {settings.ai_timeout_s:g} s"
        case openai.APIConnectionError():
            return f"{where} cannot be reached, or closed the connection"
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return f"{where} refused the key (HTTP {error.status_code}): check SCRAPEQ_AI_API_KEY"
        case openai.NotFoundError():
            return f"{where} knows no such model or path: check SCRAPEQ_AI_MODEL ({message})"
        case openai.BadRequestError() if error.code == "context_length_exceeded":
            return f"the page is too long for the model: pass a smaller max_chars ({message})"
        case openai.RateLimitError():
            return f"{where} has too many requests, or its quota is used up ({message})"
        case openai.APIStatusError():
            return f"{where} answered with HTTP {error.status_code}: {message}"
    return f"{where} gave no usable answer: {message}"
