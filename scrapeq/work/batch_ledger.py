"""An `llm.Ledger` of a batch: what its calls cost goes to the record, and its budget is kept in Redis."""

from __future__ import annotations

import logging
import time
import uuid

from scrapeq.costs.prices import NANO
from scrapeq.database import ai_spending
from scrapeq.frontier import Granted, NoRoom, UnknownBudget
from scrapeq.llm import BudgetSpent, Spent
from scrapeq.models import AICost
from scrapeq.models.ai_cost import dollars
from scrapeq.project.services import Services
from scrapeq.work.waiting import AGAIN_S, STORES_AWAY

log = logging.getLogger(__name__)

#: Seconds between two looks whether calls under way have left room in the budget.
LOOK_S = 0.1
#: Seconds that room, or a store that is away, is waited for.
LONGEST_WAIT_S = 600.0
#: Seconds after which a call that should have ended has lost its worker.
MARGIN_S = 30.0


class BatchLedger:
    """The calls of one batch, or with "" those of none. Safe to use from several threads.

    budget_usd: what may be spent; None: calls are counted only.
    """

    def __init__(
        self, services: Services, batch_id: str, model: str, budget_usd: float | None = None
    ) -> None:
        self._services = services
        self._batch_id = batch_id
        self._model = model
        self._budget_usd = budget_usd
        # connecting, the head and the body may each take that long
        self._hold_ms = round(1000 * (3 * services.settings.ai_timeout_s + MARGIN_S))

    @property
    def budget_usd(self) -> float | None:
        """What may be spent."""
        return self._budget_usd

    def reserve(self, most_nano: int) -> str:
        """A call that may cost so much may be made: its name. Raises BudgetSpent."""
        call = uuid.uuid4().hex
        if self._budget_usd is None:
            return call
        budget_nano = round(self._budget_usd * NANO)
        ends_s = time.monotonic() + LONGEST_WAIT_S
        noted = False
        while time.monotonic() < ends_s:
            try:
                if not noted:  # before Redis is asked: see lua/budget.lua
                    ai_spending.open_call(self._services.engine, call, self._batch_id, most_nano)
                    noted = True
                answer = self._ask(call, most_nano, budget_nano)
            except STORES_AWAY as error:
                log.info("a call of the language model waits: %s", error)
                time.sleep(AGAIN_S)
                continue
            if isinstance(answer, Granted):
                return call
            if isinstance(answer, NoRoom):
                self._forget(call)
                raise BudgetSpent(self._in_words(answer.spent, most_nano))
            time.sleep(LOOK_S)
        self._forget(call)
        raise BudgetSpent("whether the budget has room could not be found out: try it again later")

    def _ask(self, call: str, most_nano: int, budget_nano: int) -> object:
        budgets = self._services.frontier.budgets
        answer = budgets.reserve(self._batch_id, call, most_nano, budget_nano, self._hold_ms)
        if isinstance(answer, UnknownBudget):
            known = ai_spending.spending(self._services.engine, self._batch_id)
            others = {one: nano for one, nano in known.open_nano.items() if one != call}
            budgets.seed(self._batch_id, answer.epoch, known.settled_nano, others, self._hold_ms)
            return budgets.reserve(self._batch_id, call, most_nano, budget_nano, self._hold_ms)
        return answer

    def _in_words(self, spent_nano: int, most_nano: int) -> str:
        budget = dollars(self._budget_usd or 0.0)
        return (
            f"the budget of {budget} has no room for another call, which may cost up to "
            f"{dollars(most_nano / NANO)} ({dollars(spent_nano / NANO)} are spent or held by calls under "
            "way): raise ai_budget to go on"
        )

    def settle(self, call: str, spent: Spent | None) -> None:
        """What the call cost; None: nothing. What the stores do not take is tried for some seconds, and
        then left at its upper bound."""
        steps = [self._record] if self._budget_usd is None else [self._record, self._give_back]
        for _ in range(5):
            try:
                while steps:
                    steps[0](call, spent)
                    del steps[0]
                return
            except STORES_AWAY as error:
                log.info("the cost of a call waits to be written: %s", error)
                time.sleep(AGAIN_S)
        log.warning("the cost of a call could not be written: it counts at its upper bound")

    def _record(self, call: str, spent: Spent | None) -> None:
        engine, batch_id, model = self._services.engine, self._batch_id, self._model
        if self._budget_usd is None:
            if spent is not None:
                ai_spending.add(engine, batch_id, model, _counts(spent))
        elif spent is None:
            ai_spending.release_call(engine, call)
        else:
            ai_spending.settle_call(engine, call, batch_id, model, _counts(spent))

    def _give_back(self, call: str, spent: Spent | None) -> None:
        cost_nano = (spent.cost_nano or 0) if spent is not None else 0
        self._services.frontier.budgets.settle(self._batch_id, call, cost_nano)

    def count_cached(self) -> None:
        """An answer was there already, and cost nothing."""
        try:
            ai_spending.add(self._services.engine, self._batch_id, self._model, AICost(cached=1))
        except STORES_AWAY as error:
            log.info("an answer from the record is not counted: %s", error)

    def _forget(self, call: str) -> None:
        try:
            ai_spending.release_call(self._services.engine, call)
        except STORES_AWAY as error:
            log.warning("a call that was not made counts at its upper bound: %s", error)


def _counts(spent: Spent) -> AICost:
    if spent.is_unknown:
        return AICost(
            unknown=1, cost_nano=spent.cost_nano or 0, unpriced=int(spent.cost_nano is None)
        )
    return AICost(
        calls=1,
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost_nano=spent.cost_nano or 0,
        unpriced=int(spent.cost_nano is None),
    )
