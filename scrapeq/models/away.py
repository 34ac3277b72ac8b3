"""A service that does not answer, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Away:
    """what: which service does not answer, and since when, in a few words. advice: a sentence."""

    what: str
    advice: str
