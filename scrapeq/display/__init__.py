"""How things look in a cell or a terminal: plain values in, text or safe HTML out."""

from scrapeq.display.card import Group, card
from scrapeq.display.checklist import Item, checklist
from scrapeq.display.colours import ACCENT, FAILED
from scrapeq.display.script import script
from scrapeq.display.shell import kernel_shell
from scrapeq.display.template import render
from scrapeq.display.text import (
    address,
    count,
    counted,
    joined,
    listed,
    moment,
    plain,
    quoted,
    seconds,
    sentences,
    text_bar,
    without_credentials,
)

__all__ = [
    "ACCENT",
    "FAILED",
    "Group",
    "Item",
    "address",
    "card",
    "checklist",
    "count",
    "counted",
    "joined",
    "kernel_shell",
    "listed",
    "moment",
    "plain",
    "quoted",
    "render",
    "script",
    "seconds",
    "sentences",
    "text_bar",
    "without_credentials",
]
