"""A little web, a hostile one and a little language model on loopback, for tests, notebooks, benchmarks and the demo.

Each name is loaded on first use: the process of a little web needs none of the hostile one's pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.testing.behaviours import BEHAVIOURS
    from scrapeq.testing.hostile import CATALOGUE, Case, HostileWeb
    from scrapeq.testing.little_model import LittleModel
    from scrapeq.testing.little_web import Hit, LittleWeb

__all__ = ["BEHAVIOURS", "CATALOGUE", "Case", "Hit", "HostileWeb", "LittleModel", "LittleWeb"]

__getattr__ = names_of(
    __name__,
    {
        "BEHAVIOURS": "behaviours",
        "CATALOGUE": "hostile",
        "Case": "hostile",
        "Hit": "little_web",
        "HostileWeb": "hostile",
        "LittleModel": "little_model",
        "LittleWeb": "little_web",
    },
)
