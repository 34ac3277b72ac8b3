"""Selectors and records tried out on one page, at once: what matches, where, and why nothing does."""

from scrapeq.trying.reading import Reading, read_html, text_for_model
from scrapeq.trying.selection import Match, Selection
from scrapeq.trying.suggestion import SuggestedField, Suggestion
from scrapeq.trying.trial import SelectorTrial, TriedPage, try_selector

__all__ = [
    "Match",
    "Reading",
    "Selection",
    "SelectorTrial",
    "SuggestedField",
    "Suggestion",
    "TriedPage",
    "read_html",
    "text_for_model",
    "try_selector",
]
