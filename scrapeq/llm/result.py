"""The result of one question to a language model about one page."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from scrapeq.models import ErrorKind


class AIResult(BaseModel):
    """The value that was asked for, or why there is none; and what it cost.

    `result` is text for "summarise", one of the labels for "classify", JSON that fits the schema
    for "extract", and what `process` says for the others; None if not `ok`. Tokens are the endpoint's own count, and estimated where it gave
    none; `cost_usd` is what was paid now, None if no price of the model is known (then SCRAPEQ_AI_INPUT_PRICE
    and SCRAPEQ_AI_OUTPUT_PRICE name one). `cached`: the answer was in the record, and cost nothing; the
    tokens are those that it took then. `attempts` counts requests, `elapsed_s` spans them all.
    `content_cut` says that the model saw the beginning and the end of the page only. `finish_reason`
    is the endpoint's word for why the answer ended.
    """

    model_config = ConfigDict(frozen=True)

    ok: bool
    type: str
    result: str | dict[str, Any] | list[Any] | int | float | bool | None = None
    model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = 0.0
    cached: bool = False
    attempts: int = 0
    elapsed_s: float = 0.0
    content_cut: bool = False
    finish_reason: str | None = None
    error_kind: ErrorKind | None = None
    error_message: str | None = None

    def __repr__(self) -> str:
        outcome = repr(self.result) if self.ok else f"failed: {self.error_message}"
        return f"<AIResult {self.type} by {self.model}: {outcome[:80]}>"
