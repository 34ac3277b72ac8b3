"""The two colours of everything that is drawn: what succeeded, and what failed.

Both are told apart by all kinds of colour-blind eyes (the second is Okabe and Ito's vermilion,
jfly.uni-koeln.de/color) and have 3:1 to white and to a notebook's dark page (WCAG 1.4.11). What
failed is hatched, too, so that it needs no colour at all.
"""

from __future__ import annotations

ACCENT = "#3b82f6"
FAILED = "#d55e00"
