"""Which jobs come first: 1 is the highest priority."""

from __future__ import annotations

HIGHEST_PRIORITY, LOWEST_PRIORITY, USUAL_PRIORITY = 1, 9, 5
