"""Loaded by each Python process under libfaketime: how it sleeps.

Python asks for sleeps until a time of the monotonic clock. Version 0.9.10 of the library refuses them all
(EINVAL) where it is told to leave that clock alone.
"""

from __future__ import annotations

import select
import time


def _sleep(seconds: float, /) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment]
