"""The dashboard: what to show and what may be done, for a notebook's widget and for a page alike."""

from pathlib import Path

from scrapeq.dashboards.dashboard import Dashboard
from scrapeq.dashboards.requests import Requests
from scrapeq.dashboards.sections import SECTIONS, frames_choice, shell

#: The front end's half: goes into `display.script`, and a style sheet.
SCRIPT = Path(__file__).with_name("dashboard.js")
STYLE = Path(__file__).with_name("dashboard.css")

__all__ = ["SCRIPT", "SECTIONS", "STYLE", "Dashboard", "Requests", "frames_choice", "shell"]
