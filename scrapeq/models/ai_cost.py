"""What questions to a language model have cost: calls, tokens and dollars, and what was saved."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from scrapeq import display

_NANO = 1_000_000_000


class AICost(BaseModel):
    """The calls of a batch, or of one question.

    `calls` were answered and are paid for; `cached` were answered from the record, for nothing.
    `unpriced` of the calls are of models whose price is not known: `usd` has the others. `unknown` calls
    were sent, and no answer was recorded (their worker was killed): they count at their upper bound.
    """

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0
    unpriced: int = 0
    unknown: int = 0
    budget_usd: float | None = None

    @property
    def tokens(self) -> int:
        """Those that were sent and those that came back."""
        return self.input_tokens + self.output_tokens

    @property
    def usd(self) -> float | None:
        """Dollars; None if there were calls and no price of any is known."""
        if self.unpriced and self.unpriced >= self.calls + self.unknown:
            return None
        return self.cost_nano / _NANO

    @property
    def left_usd(self) -> float | None:
        """What is left of the budget; None without one."""
        if self.budget_usd is None:
            return None
        return max(0.0, self.budget_usd - self.cost_nano / _NANO)

    def __repr__(self) -> str:
        return f"<AICost {self._in_words()}>"

    def __str__(self) -> str:
        return self._in_words()

    def _in_words(self) -> str:
        parts = [
            self._money(),
            f"{display.count(self.calls)} calls",
            f"{display.count(self.tokens)} tokens",
            f"{display.count(self.cached)} cached",
        ]
        if self.unpriced:
            parts.append(f"{display.count(self.unpriced)} without a known price")
        return ", ".join(parts)

    def _money(self) -> str:
        if self.usd is None:
            return "price not known"
        of = f" of {dollars(self.budget_usd)}" if self.budget_usd is not None else ""
        return f"{dollars(self.usd)}{of}"

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            "calls": display.count(self.calls),
            "tokens": f"{display.count(self.input_tokens)} sent, "
            f"{display.count(self.output_tokens)} answered",
            "cached": f"{display.count(self.cached)} answered from the record, for nothing",
        }
        if self.left_usd is not None:
            facts["left"] = dollars(self.left_usd)
        notes = []
        if self.unpriced:
            notes.append(
                f"{display.count(self.unpriced)} calls are of a model whose price is not known: set "
                "SCRAPEQ_AI_INPUT_PRICE and SCRAPEQ_AI_OUTPUT_PRICE"
            )
        if self.unknown:
            notes.append(
                f"{display.count(self.unknown)} calls have no answer yet, or lost their worker: they "
                "count at their upper bound"
            )
        return display.card(
            "Language model", facts, note=display.sentences(*notes) or None, corner=self._money()
        )


def dollars(usd: float) -> str:
    """An amount with as many digits as say something: 2.00 USD, 0.0042 USD.

    >>> dollars(2), dollars(0.00421), dollars(0)
    ('2.00 USD', '0.0042 USD', '0.00 USD')
    """
    if usd == 0 or usd >= 0.1:
        return f"{usd:,.2f} USD"
    return f"{float(f'{usd:.2g}'):.10f}".rstrip("0") + " USD"
