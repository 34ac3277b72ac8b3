"""A little web, a hostile one and a little language model on loopback, for tests, notebooks, benchmarks and the demo."""

from scrapeq.testing.behaviours import BEHAVIOURS
from scrapeq.testing.hostile import CATALOGUE, Case, HostileWeb
from scrapeq.testing.little_model import LittleModel
from scrapeq.testing.little_web import Hit, LittleWeb

__all__ = ["BEHAVIOURS", "CATALOGUE", "Case", "Hit", "HostileWeb", "LittleModel", "LittleWeb"]
