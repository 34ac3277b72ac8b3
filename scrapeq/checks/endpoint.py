"""The language model's endpoint, where one is set: whether it answers, takes the key, and has the model."""

from __future__ import annotations

from collections.abc import Iterator

from scrapeq.checks.check import Check, bad, good, note
from scrapeq.costs.prices import DEFAULT_MODEL
from scrapeq.display import plain
from scrapeq.settings import Settings

#: Seconds that it has to answer.
ANSWER_S = 10.0
NAME = "language model"


def endpoint(settings: Settings) -> Iterator[Check]:
    """Its list of models, which costs nothing; nothing where no key and no address is set. Raises
    ConfigError, MissingExtra."""
    if settings.ai_api_key is None and settings.ai_base_url is None:
        return
    from scrapeq import llm

    where = llm.endpoint_name(settings)
    listed = llm.list_models(settings, ANSWER_S)
    model = settings.ai_model or DEFAULT_MODEL
    if listed.status in {401, 403}:
        hint = "write the right key into SCRAPEQ_AI_API_KEY or OPENAI_API_KEY, and see whether it has ended"
        yield bad(NAME, listed.problem, hint)
    elif listed.status in {404, 405, 501}:
        hint = "try one page: scrapeq.llm.process(text); a wrong path in SCRAPEQ_AI_BASE_URL looks the same"
        yield note(NAME, f"{where} answers, and does not say which models it has", hint)
    elif listed.problem:
        yield bad(NAME, listed.problem, "see whether it runs, and correct SCRAPEQ_AI_BASE_URL")
    elif listed.models and model not in listed.models:
        named = plain(", ".join(sorted(listed.models)[:5]), 200)
        yield bad(
            NAME,
            f"{where} has no model {plain(model, 60)!r}; it has {named}",
            "name one of them in SCRAPEQ_AI_MODEL",
        )
    else:
        yield good(NAME, f"{where} answers, model {plain(model, 60)}")
