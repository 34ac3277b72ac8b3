"""The price of a model: named by hand, or from the package genai-prices, which needs no network.

Its prices are those of the day on which it was released: `pip install --upgrade genai-prices` brings
newer ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapeq.settings import Settings

#: The smallest model of its family that keeps to a schema; SCRAPEQ_AI_MODEL names another.
DEFAULT_MODEL = "gpt-5.4-mini"
#: Money is counted in billionths of a dollar: a token costs hundreds of them, and sums are exact.
NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Pricing:
    """Where prices come from. base_url: of the endpoint, None for OpenAI's. input_usd, output_usd: the
    prices of a million tokens that were named by hand, which hold for every model."""

    base_url: str | None = None
    input_usd: float | None = None
    output_usd: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Pricing:
        """As the settings say."""
        return cls(settings.ai_base_url, settings.ai_input_price, settings.ai_output_price)

    def cost_nano(
        self, model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0
    ) -> int | None:
        """What so many tokens cost, in billionths of a dollar; None if no price of `model` is known.

        cached_tokens: those of the input that the endpoint had read before, and sells for less.
        """
        if self.input_usd is not None and self.output_usd is not None:
            million = 1_000_000
            usd = (input_tokens * self.input_usd + output_tokens * self.output_usd) / million
            return round(usd * NANO)
        return _listed_nano(self.base_url, model, input_tokens, output_tokens, cached_tokens)


def _listed_nano(
    base_url: str | None, model: str, input_tokens: int, output_tokens: int, cached_tokens: int
) -> int | None:
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    usage = Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens
    )
    # An address that is not known may be a gateway to a model that is; a model of one's own is not.
    for address in (base_url or "https://api.openai.com/v1", None):
        try:
            found = calc_price(usage, model, provider_api_url=address)
        except LookupError:
            continue
        return round(found.total_price * NANO)
    return None
