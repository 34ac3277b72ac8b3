"""Cleaning and validation: of every page, and of records on request; pure, with a report."""

from scrapeq.clean.content import clean_content, language_tag
from scrapeq.clean.records import clean_records
from scrapeq.clean.report import Change, CleanResult, Report, is_result
from scrapeq.clean.rules import CleaningRules
from scrapeq.clean.text import Layout, clean_text

__all__ = [
    "Change",
    "CleanResult",
    "CleaningRules",
    "Layout",
    "Report",
    "clean_content",
    "clean_records",
    "clean_text",
    "is_result",
    "language_tag",
]
