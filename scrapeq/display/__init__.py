"""How things look in a cell or a terminal: plain values in, text or safe HTML out."""

from scrapeq.display.card import card
from scrapeq.display.script import script
from scrapeq.display.template import render
from scrapeq.display.text import count, plain, seconds, text_bar

__all__ = ["card", "count", "plain", "render", "script", "seconds", "text_bar"]
