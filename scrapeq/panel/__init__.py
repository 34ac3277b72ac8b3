"""The dashboard: what to show and what may be done, for a notebook's widget and for a page alike."""

from scrapeq.panel.panel import Panel
from scrapeq.panel.sections import SECTIONS, shell

__all__ = ["SECTIONS", "Panel", "shell"]
