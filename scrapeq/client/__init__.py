"""What a notebook holds: scrape, the handle of a batch, the tables of what was; the same over a server.

Each name is loaded on first use: `Client` loads neither Celery nor a database.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.client.handle import BatchHandle
    from scrapeq.client.remote.batch import RemoteBatch
    from scrapeq.client.remote.client import Client

__all__ = ["BatchHandle", "Client", "RemoteBatch"]

_find = names_of(
    __name__,
    {
        "BatchHandle": "handle",
        "Client": "remote.client",
        "RemoteBatch": "remote.batch",
    },
)


def __getattr__(name: str) -> Any:
    value = _find(name)
    if "ipykernel" in sys.modules:  # in a notebook, batches show themselves as live cards
        importlib.import_module("scrapeq.notebook").install()
    return value
