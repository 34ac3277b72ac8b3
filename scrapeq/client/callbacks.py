"""Calling a function of this kernel when a batch is done."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Self

from scrapeq.errors import ConfigError

log = logging.getLogger(__name__)


class CallsBack:
    """What a handle has for functions that are called at the end."""

    id: str

    def wait(self, timeout: float | None = None) -> Self:
        """Return when every row has its result."""
        raise NotImplementedError

    def on_done(self, call: Callable[[Self], Any]) -> Self:
        """Call a function with this handle when every row has its result, at once if that is so.

        It runs on a thread of this kernel, and only while the kernel lives; `notify` of `scrape()` needs
        none. What it raises is logged, and seen nowhere else. Raises ConfigError for what is no function.
        """
        if not callable(call):
            raise ConfigError(
                f"on_done takes a function, not {call!r:.80}",
                hint="write batch.on_done(print), or a function of yours that takes the batch",
            )

        def wait_and_call() -> None:
            try:
                self.wait()
                call(self)
            except Exception:  # the rim of a thread: nobody above would see it
                log.exception("the function for the end of batch %s failed", self.id)

        threading.Thread(target=wait_and_call, name="scrapeq-on-done", daemon=True).start()
        return self
