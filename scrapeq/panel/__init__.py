"""The dashboard: what to show and what may be done, for a notebook's widget and for a page alike."""

from pathlib import Path

from scrapeq.panel.panel import Panel
from scrapeq.panel.requests import Requests
from scrapeq.panel.sections import SECTIONS, frames_choice, shell

#: The front end's half: goes into `display.script`, and a style sheet.
SCRIPT = Path(__file__).with_name("panel.js")
STYLE = Path(__file__).with_name("panel.css")

__all__ = ["SCRIPT", "SECTIONS", "STYLE", "Panel", "Requests", "frames_choice", "shell"]
