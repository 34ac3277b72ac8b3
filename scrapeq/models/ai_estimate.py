"""What the language model of a batch will cost, before it starts: what is known, and what is not."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from scrapeq import display
from scrapeq.models.ai_cost import dollars


class AIEstimate(BaseModel):
    """An estimate for `rows` pages, from the texts of `sampled` stored ones.

    Tokens are for all rows. `usd` is what they cost at the model's price, None if that is not known, or if
    no page could be looked at; `most_usd` is the bound of a budget that no row can exceed. `notes` say what
    the estimate does not know.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    rows: int
    sampled: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None
    most_usd: float | None = None
    budget_usd: float | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<AIEstimate {self._money()} for {display.count(self.rows)} rows by {self.model}>"

    def __str__(self) -> str:
        return display.sentences(
            f"{self._money()} for {display.count(self.rows)} rows", *self.notes
        )

    def _money(self) -> str:
        return "not known" if self.usd is None else f"about {dollars(self.usd)}"

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {"model": self.model, "rows": display.count(self.rows)}
        if self.input_tokens is not None and self.output_tokens is not None:
            facts["tokens"] = (
                f"about {display.count(self.input_tokens)} sent, "
                f"{display.count(self.output_tokens)} answered"
            )
        if self.most_usd is not None:
            facts["at most"] = dollars(self.most_usd)
        if self.budget_usd is not None:
            facts["budget"] = dollars(self.budget_usd)
        facts["looked at"] = f"{display.count(self.sampled)} stored pages"
        return display.card(
            "Estimate", facts, note=display.sentences(*self.notes) or None, corner=self._money()
        )
