"""What a notebook holds: scrape, the handle of a batch, the tables of what was."""

from scrapeq.client.handle import BatchHandle
from scrapeq.client.scrape import attach, scrape

__all__ = ["BatchHandle", "attach", "scrape"]
