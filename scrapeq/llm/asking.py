"""One question, asked until there is an answer, and never paid for twice.

    kept before? ─► breaker ─► [ room in the budget? ─► one try ─► what it cost ]* ─► checked ─► kept

Between two tries lies what the endpoint asks for (`retry.py`). A try without an answer may have to be paid
for all the same, so it counts as the most that it may cost.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from scrapeq.costs.prices import NANO, Pricing
from scrapeq.costs.tokens import likely_tokens, most_tokens
from scrapeq.display import seconds
from scrapeq.llm.answer import Unusable
from scrapeq.llm.breaker import endpoint_name, verdict
from scrapeq.llm.endpoint import LimitName, Reply, ask
from scrapeq.llm.pace import pace_of
from scrapeq.llm.resources import BudgetSpent, Kept, Resources, Spent
from scrapeq.llm.retry import LONGEST_WAIT_S, wait_s
from scrapeq.models import HostVerdict
from scrapeq.settings import Settings

#: Words of an endpoint that does not know a way to ask for JSON.
_FORM_WORDS = ("response_format", "json_schema", "json_object")
#: Which way an endpoint and model took, for so many; the next question begins with it.
_MOST_KNOWN = 1_000
_known_ways: dict[str, int] = {}
#: Endpoints that know only the older name of the most tokens of an answer.
_older_limits: set[str | None] = set()


@dataclass(frozen=True)
class Question:
    """What a model is asked. forms: ways to ask for JSON (`response_format`), the best first; each that
    the endpoint does not know is followed by the next."""

    model: str
    messages: list[dict[str, str]]
    forms: tuple[dict[str, Any] | None, ...] = (None,)

    def key(self, settings: Settings) -> str:
        """Equal for questions whose answers may stand for each other."""
        return _digest([endpoint_name(settings), self.model, self.messages, self.forms[0]])


@dataclass(frozen=True)
class Answered:
    """The checked value, or in `problem` why there is none. reply: the last one, with the tokens of all
    tries. cost_nano: None where no price is known. cached: it was there already."""

    reply: Reply
    value: Any = None
    problem: str | None = None
    cost_nano: int | None = 0
    cached: bool = False

    @property
    def cost_usd(self) -> float | None:
        """In dollars."""
        return None if self.cost_nano is None else self.cost_nano / NANO


def answer(question: Question, resources: Resources, check: Callable[[Reply], Any]) -> Answered:
    """What `check` makes of the reply; it raises Unusable for one that is of no use.

    Raises ConfigError without a key or for a schema that cannot be met, MissingExtra without openai.
    """
    answers, key = resources.answers, question.key(resources.settings)
    if answers is not None and (known := answers.find(key)) is not None:
        if resources.ledger is not None:
            resources.ledger.count_cached()
        return _checked(Answered(_as_reply(known), cached=True), check)
    kept: Kept | None = None
    try:
        done = _checked(_asked(question, resources), check)
        if done.problem is None:
            kept = _to_keep(done.reply, question)
        return done
    finally:
        if answers is not None:
            if kept is not None:
                answers.keep(key, kept)
            else:
                answers.give_up(key)


def _checked(done: Answered, check: Callable[[Reply], Any]) -> Answered:
    if done.problem is not None:
        return done
    try:
        return replace(done, value=check(done.reply))
    except Unusable as unusable:
        return replace(done, problem=str(unusable))


def _asked(question: Question, resources: Resources) -> Answered:
    breaker = resources.breaker
    ends_s = time.monotonic() + resources.longest_pause_s
    while breaker is not None and (refusal := breaker.refusal()) is not None:
        if time.monotonic() + refusal.for_s > ends_s:
            return Answered(Reply(attempts=0), problem=refusal.message)
        time.sleep(refusal.for_s)
    its_verdict: HostVerdict = ""
    problem = ""
    try:
        done = _tried(question, resources)
        if done.reply.attempts:
            its_verdict, problem = verdict(done.reply), done.reply.problem or ""
        return done
    finally:
        if breaker is not None:
            breaker.report(its_verdict, problem)


class _Sums:
    """What all tries of one question came to."""

    def __init__(self) -> None:
        self.attempts = self.input_tokens = self.output_tokens = 0
        self.elapsed_s = 0.0
        self.cost_nano: int | None = 0

    def add(self, reply: Reply, spent: Spent | None) -> None:
        self.attempts += 1
        self.elapsed_s += reply.elapsed_s
        if spent is None:
            return
        if not spent.is_unknown:
            self.input_tokens += spent.input_tokens
            self.output_tokens += spent.output_tokens
        known = self.cost_nano is not None and spent.cost_nano is not None
        self.cost_nano = (self.cost_nano or 0) + (spent.cost_nano or 0) if known else None

    def of(self, reply: Reply) -> Reply:
        counted = self.input_tokens or self.output_tokens
        return replace(
            reply,
            attempts=self.attempts,
            elapsed_s=self.elapsed_s,
            input_tokens=self.input_tokens if counted else None,
            output_tokens=self.output_tokens if counted else None,
        )


def _tried(question: Question, resources: Resources) -> Answered:
    settings, pace = resources.settings, pace_of(resources.settings.ai_base_url)
    way_key = _digest([settings.ai_base_url, question.model, question.forms])
    way = _known_ways.get(way_key, 0)
    sums, retries = _Sums(), 0
    while True:
        pace.wait()
        try:
            reply, spent = _one_try(question, resources, question.forms[way])
        except BudgetSpent as refused:
            return Answered(sums.of(Reply()), problem=str(refused), cost_nano=sums.cost_nano)
        sums.add(reply, spent)
        if _knows_no_limit(reply) and settings.ai_base_url not in _older_limits:
            _older_limits.add(settings.ai_base_url)
            continue
        if way + 1 < len(question.forms) and _knows_not(reply):
            way += 1
            continue
        if reply.status == 200:
            _remember(way_key, way)
        if not reply.is_retryable or retries >= settings.ai_max_retries:
            break
        pause_s = wait_s(reply.headers, retries + 1, time.time(), random.random())
        if pause_s > LONGEST_WAIT_S:
            too_long = f"{reply.problem}; it asks to be left alone for {seconds(pause_s)}"
            reply = replace(reply, problem=too_long)
            break
        retries += 1
        if reply.status == 429:
            pace.pause(pause_s)
        else:
            time.sleep(pause_s)
    return Answered(sums.of(reply), problem=reply.problem, cost_nano=sums.cost_nano)


def _one_try(
    question: Question, resources: Resources, form: dict[str, Any] | None
) -> tuple[Reply, Spent | None]:
    settings, ledger = resources.settings, resources.ledger
    most = _most(question, settings)
    bounded = ledger is not None and ledger.budget_usd is not None
    call = ""
    if ledger is not None:
        if bounded and most.cost_nano is None:
            raise BudgetSpent(
                f"no price of the model {question.model} is known, so no budget can be kept: set "
                "SCRAPEQ_AI_INPUT_PRICE and SCRAPEQ_AI_OUTPUT_PRICE, or leave ai_budget out"
            )
        call = ledger.reserve(most.cost_nano or 0)
    spent: Spent | None = most  # if this is interrupted, nobody knows
    try:
        try:
            reply = ask(
                settings,
                model=question.model,
                messages=question.messages,
                response_format=form,
                most_output_tokens=settings.ai_max_output_tokens if bounded else None,
                limit_name=_limit_name(settings),
            )
        except Exception:
            spent = None  # a key or a package is missing: nothing was sent
            raise
        spent = _spent(reply, question, settings, most)
        return reply, spent
    finally:
        if ledger is not None:
            ledger.settle(call, spent)


def _most(question: Question, settings: Settings) -> Spent:
    """The most that one try may cost."""
    parts = [message["content"] for message in question.messages]
    form = question.forms[0]
    sent = most_tokens(*parts, *([json.dumps(form)] if form else []))
    answered = settings.ai_max_output_tokens
    cost = Pricing.of(settings).cost_nano(question.model, sent, answered)
    return Spent(question.model, sent, answered, cost, is_unknown=True)


def _spent(reply: Reply, question: Question, settings: Settings, most: Spent) -> Spent | None:
    """What a try cost, by the endpoint's own count; by ours where it gave none."""
    if reply.may_cost:
        return most
    if reply.problem and reply.input_tokens is None:
        return None
    sent, answered = reply.input_tokens, reply.output_tokens
    if sent is None:
        sent = sum(likely_tokens(message["content"]) for message in question.messages)
    if answered is None:
        answered = likely_tokens(reply.text)
    model = reply.model or question.model
    for name in dict.fromkeys((question.model, model)):  # some servers answer with a file's name
        cost = Pricing.of(settings).cost_nano(name, sent, answered, reply.cached_tokens or 0)
        if cost is not None:
            break
    return Spent(question.model, sent, answered, cost)


def _knows_not(reply: Reply) -> bool:
    return reply.status in (400, 422) and any(word in (reply.problem or "") for word in _FORM_WORDS)


def _limit_name(settings: Settings) -> LimitName:
    return "max_tokens" if settings.ai_base_url in _older_limits else "max_completion_tokens"


def _knows_no_limit(reply: Reply) -> bool:
    return reply.status in {400, 422} and "max_completion_tokens" in (reply.problem or "")


def _remember(way_key: str, way: int) -> None:
    if way and way_key not in _known_ways:
        if len(_known_ways) >= _MOST_KNOWN:
            _known_ways.clear()
        _known_ways[way_key] = way


def _as_reply(known: Kept) -> Reply:
    return Reply(
        attempts=0,
        text=known.text,
        status=200,
        model=known.model,
        input_tokens=known.input_tokens,
        output_tokens=known.output_tokens,
        finish_reason=known.finish_reason,
    )


def _to_keep(reply: Reply, question: Question) -> Kept:
    return Kept(
        reply.text,
        reply.model or question.model,
        reply.input_tokens or 0,
        reply.output_tokens or 0,
        reply.finish_reason,
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
