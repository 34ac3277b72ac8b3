"""The last stage: a language model fills the fields of a record that no other source gave.

It waits, and costs money, so it comes when a page is what it will be: behind the browser, where one shows
it. A model that gives no answer takes nothing from the row but its own fields.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from scrapeq.costs.prices import DEFAULT_MODEL
from scrapeq.errors import ConfigError, MissingExtra
from scrapeq.models import Content, ErrorKind, Failure, PageKind
from scrapeq.models.page_kind import in_words
from scrapeq.models.record import RecordSpec
from scrapeq.project.services import Services
from scrapeq.records.by_model import ModelAnswer, filled, model_schema, only_by_model, to_fill
from scrapeq.work.batch_ledger import BatchLedger
from scrapeq.work.endpoint_breaker import EndpointBreaker
from scrapeq.work.shared_answers import SharedAnswers
from scrapeq.work.stages import FetchedPage

if TYPE_CHECKING:
    from scrapeq.llm import Fields

_T = TypeVar("_T")

#: Seconds that all tries of one page may take, with what the endpoint asks to wait.
ANSWER_LIMIT_S = 900.0
#: Seconds that an endpoint whose breaker is open is waited for.
LONGEST_PAUSE_S = 120.0


class AIStage:
    """A `LoopStage`; of one worker process, which asks about so many pages at the same time as
    `ai_concurrency` says."""

    name = "asking the language model"
    kind = ErrorKind.AI
    #: With the wait for other pages: a window of them at a second each, many times over.
    limit_s = 3600.0

    def __init__(self, services: Services) -> None:
        self._services = services
        self._answers = SharedAnswers(services.engine)

    @cached_property
    def _places(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self._services.settings.ai_concurrency)

    async def run(self, page: FetchedPage) -> Content | Failure:
        """The content with the model's fields, and what they cost."""
        content, record = page.content or Content(), page.recipe.record
        if record is None or not to_fill(record, content):
            return content
        if content.page_kind not in {None, PageKind.PAGE}:
            why = f"no model was asked: the page is {in_words(content.page_kind, 1)}"
            return filled(content, record, ModelAnswer(failed=why, was_asked=False))
        if page.leave_host is not None:
            await page.leave_host()
        async with self._places:
            try:
                async with asyncio.timeout(ANSWER_LIMIT_S) as limit:
                    found = await _in_thread(lambda: self._ask(page, record, content))
            except TimeoutError:
                if not limit.expired():
                    raise
                answer = ModelAnswer(failed=f"{self.name} took longer than {ANSWER_LIMIT_S:g} s")
                return self._end(page, content, record, answer)
            except (ConfigError, MissingExtra) as error:
                return self._end(page, content, record, ModelAnswer(failed=str(error)))
        answer = ModelAnswer(found.values, found.problems, f"ai {found.model}", found.problem)
        evidence = {
            name: {"quote": one.quote, "found": one.found} for name, one in found.evidence.items()
        }
        content = replace(
            content,
            ai_tokens=found.input_tokens + found.output_tokens,
            ai_cost=found.cost_usd,
            evidence=evidence,
        )
        return self._end(page, content, record, answer)

    def _end(
        self, page: FetchedPage, content: Content, record: RecordSpec, answer: ModelAnswer
    ) -> Content | Failure:
        """The row: without an answer it keeps all the rest, and fails if nothing else was asked for."""
        if answer.failed and _nothing_else(page, record):
            return Failure(ErrorKind.AI, answer.failed, retryable=False)
        return filled(content, record, answer)

    def _ask(self, page: FetchedPage, record: RecordSpec, content: Content) -> Fields:
        from scrapeq import llm

        settings = self._services.settings
        model = settings.ai_model or DEFAULT_MODEL
        resources = llm.Resources(
            settings,
            EndpointBreaker(self._services, llm.endpoint_name(settings)),
            self._answers,
            BatchLedger(self._services, page.batch_id, model, page.config.ai_budget),
            longest_pause_s=LONGEST_PAUSE_S,
        )
        return llm.read_fields(
            "\n\n".join(part for part in (content.title, content.model_text) if part),
            model_schema(to_fill(record, content)),
            resources,
            evidence=page.recipe.ai_evidence,
        )


def _nothing_else(page: FetchedPage, record: RecordSpec) -> bool:
    recipe = page.recipe
    others = recipe.custom_selectors or recipe.extract_links or recipe.extract_images
    return only_by_model(record) and not others


async def _in_thread(work: Callable[[], _T]) -> _T:
    """What `work` gives, from a thread that no end of the process waits for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def finish(set_it: Callable[[], None]) -> None:
        if not done.done():  # it was cancelled meanwhile
            set_it()

    def run() -> None:
        try:
            value = work()
        except BaseException as raised:
            error = raised
            finishing = lambda: finish(lambda: done.set_exception(error))  # noqa: E731
        else:
            finishing = lambda: finish(lambda: done.set_result(value))  # noqa: E731
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(finishing)

    threading.Thread(target=run, name="scrapeq-ai", daemon=True).start()
    return await done
