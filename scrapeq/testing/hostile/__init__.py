"""Everything that a server can do to a client: a catalogue, and a web on loopback that does it."""

from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.catalogue import CATALOGUE
from scrapeq.testing.hostile.web import HostileWeb

__all__ = ["CATALOGUE", "Case", "HostileWeb"]
