"""The endpoint: one try of one chat completion, with its deadline and its errors translated.

When a try is made again is decided in `retry.py`, by whoever asks: each try may cost something.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit
from weakref import finalize

from pydantic import BaseModel, ValidationError

from scrapeq.errors import ConfigError, MissingExtra
from scrapeq.llm.answer import excerpt
from scrapeq.llm.retry import is_worth_retrying
from scrapeq.settings import Settings

if TYPE_CHECKING:
    import openai


#: What an endpoint calls the most tokens of an answer: OpenAI's newer models the first, most others both,
#: some servers the second alone.
LimitName = Literal["max_completion_tokens", "max_tokens"]


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Details(BaseModel):
    cached_tokens: int | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class _Completion(BaseModel):
    """As much of a chat completion as every server gives: many leave the rest out."""

    choices: list[_Choice]
    model: str | None = None
    usage: _Usage | None = None


@dataclass(frozen=True)
class Reply:
    """The endpoint's reply, or in `problem` why there is none; `status` is HTTP's, if any.

    is_retryable: the same call may succeed later; `headers` may say when. may_cost: it was sent, and no
    answer says whether it is to be paid for. cached_tokens: of the input, those that the endpoint had
    read before.
    """

    attempts: int = 1
    elapsed_s: float = 0.0
    text: str = ""
    problem: str | None = None
    status: int | None = None
    refusal: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    is_retryable: bool = False
    may_cost: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def ask(
    settings: Settings,
    *,
    model: str,
    messages: list[dict[str, str]],
    response_format: dict[str, Any] | None,
    most_output_tokens: int | None = None,
    limit_name: LimitName = "max_completion_tokens",
) -> Reply:
    """The endpoint's reply to `messages`, asked once; no tools are ever offered.

    `ai_timeout_s` is how long it may take to connect, to begin its answer and to complete it, each.
    most_output_tokens: where the endpoint is to break off, by the name that it knows. Raises ConfigError without a key,
    MissingExtra without openai.
    """
    key = _key(settings)
    client = _client(settings.ai_base_url, key, settings.ai_timeout_s)
    import openai

    limits = {limit_name: most_output_tokens} if most_output_tokens else {}
    began_s = time.monotonic()
    try:
        raw = client.chat.completions.with_raw_response.create(
            model=model,
            messages=cast(Any, messages),  # plain dicts, of the shape of its own
            response_format=cast(Any, response_format or openai.omit),
            max_completion_tokens=limits.get("max_completion_tokens", openai.omit),
            max_tokens=limits.get("max_tokens", openai.omit),
        )
    except openai.APIError as error:
        return _no_answer(error, settings, key, time.monotonic() - began_s)
    reply = Reply(elapsed_s=time.monotonic() - began_s, status=200)
    try:
        completion = _Completion.model_validate_json(raw.http_response.content)
    except ValidationError:
        message = excerpt(raw.http_response.text).replace(key, "***")
        problem = f"the endpoint's reply is no chat completion: {message}"
        return replace(reply, problem=problem, status=None, may_cost=True)
    usage = completion.usage or _Usage()
    details = usage.prompt_tokens_details or _Details()
    reply = replace(
        reply,
        model=completion.model,
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cached_tokens=details.cached_tokens,
    )
    if not completion.choices:
        return replace(reply, problem="the endpoint's reply has no choices", status=None)
    choice = completion.choices[0]
    return replace(
        reply,
        text=choice.message.content or "",
        refusal=choice.message.refusal,
        finish_reason=choice.finish_reason,
    )


@dataclass(frozen=True)
class Listed:
    """The models that an endpoint says it has; in `problem` why it gave no list, and HTTP's status."""

    models: tuple[str, ...] = ()
    problem: str = ""
    status: int | None = None


def list_models(settings: Settings, timeout_s: float) -> Listed:
    """What an endpoint says of its models; costs nothing. Raises ConfigError without a key, MissingExtra
    without openai."""
    key = _key(settings)
    client = _client(settings.ai_base_url, key, timeout_s)
    import openai

    try:
        raw = client.models.with_raw_response.list()
        return Listed(tuple(str(one.id) for one in raw.parse().data), status=200)
    except openai.APIError as error:
        asked_so = settings.model_copy(update={"ai_timeout_s": timeout_s})
        reply = _no_answer(error, asked_so, key, 0.0)
        return Listed(problem=reply.problem or "", status=reply.status)
    except (ValueError, TypeError, AttributeError):  # a page of something else, with status 200
        return Listed(problem="its list of models cannot be read", status=200)


def _no_answer(error: openai.APIError, settings: Settings, key: str, elapsed_s: float) -> Reply:
    import httpx2
    import openai

    response = getattr(error, "response", None)
    headers = {} if response is None else {k.lower(): v for k, v in response.headers.items()}
    status = getattr(error, "status_code", None)
    is_transport = isinstance(error, openai.APIConnectionError)
    not_sent = isinstance(error.__cause__, (httpx2.ConnectError, httpx2.ConnectTimeout))
    return Reply(
        elapsed_s=elapsed_s,
        problem=_problem(error, settings).replace(key, "***"),
        status=status,
        is_retryable=(is_transport or status is not None)
        and is_worth_retrying(status, error.code, headers),
        may_cost=status is None and not not_sent,
        headers=headers,
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
def _client(base_url: str | None, key: str, timeout_s: float) -> openai.OpenAI:
    try:
        import openai
    except ImportError:
        raise MissingExtra(
            "a language model needs the package openai", hint='run: pip install "scrapeq[ai]"'
        ) from None

    from scrapeq.llm.bounded import bound_body

    http = openai.DefaultHttpxClient(
        timeout=timeout_s, event_hooks={"response": [bound_body(timeout_s)]}
    )
    client = openai.OpenAI(
        api_key=key, base_url=base_url, timeout=timeout_s, max_retries=0, http_client=http
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
        case openai.RateLimitError() if error.code == "insufficient_quota":
            return f"{where} says that its quota is used up: see to the account ({message})"
        case openai.RateLimitError():
            return f"{where} has too many requests ({message})"
        case openai.APIStatusError():
            return f"{where} answered with HTTP {error.status_code}: {message}"
    return f"{where} gave no usable answer: {message}"
