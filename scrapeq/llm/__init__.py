"""Any OpenAI-compatible language model: a page's text in, a checked value and its cost out."""

from scrapeq.llm.breaker import Breaker, Paused, endpoint_name
from scrapeq.llm.endpoint import Listed, list_models
from scrapeq.llm.fields import Evidence, Fields, read_fields
from scrapeq.llm.processing import process
from scrapeq.llm.resources import Answers, BudgetSpent, Kept, Ledger, Resources, Spent
from scrapeq.llm.result import AIResult

__all__ = [
    "AIResult",
    "Answers",
    "Breaker",
    "BudgetSpent",
    "Evidence",
    "Fields",
    "Kept",
    "Ledger",
    "Listed",
    "Paused",
    "Resources",
    "Spent",
    "endpoint_name",
    "list_models",
    "process",
    "read_fields",
]
