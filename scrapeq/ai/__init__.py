"""Any OpenAI-compatible language model: a page's text in, a checked value and its cost out."""

from scrapeq.ai.breaker import Breaker, endpoint_name
from scrapeq.ai.processing import process
from scrapeq.ai.result import AIResult

__all__ = ["AIResult", "Breaker", "endpoint_name", "process"]
