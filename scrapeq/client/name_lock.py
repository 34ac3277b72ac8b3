"""Submitting a name one at a time, so that no work is done in vain. The record decides which run it is."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from scrapeq.errors import NameTakenWarning, RedisFull, RedisUnavailable, warn
from scrapeq.frontier import Frontier

#: Seconds that the lock lasts after its process was last alive, and between two renewals.
LOCK_S, RENEW_S = 5.0, 1.0
#: Seconds between two looks at a lock that another has, and until it is said, and said again.
LOOK_S, SAY_AFTER_S, SAY_EVERY_S = 0.05, 2.0, 10.0


@contextmanager
def one_at_a_time(frontier: Frontier, name: str | None) -> Iterator[None]:
    """Wait until nobody else submits this name, and let nobody else do so meanwhile.

    Who waits is warned for what. A process that ends or stands still has the lock for `LOCK_S` more;
    without Redis there is none.
    """
    if name is None:
        yield
        return
    key, proof, over = f"name:{name}", uuid.uuid4().hex, threading.Event()

    def keep() -> None:
        while not over.wait(RENEW_S):
            with suppress(RedisUnavailable, RedisFull):
                if not frontier.coordination.keep_lock(key, proof, LOCK_S):
                    return

    with suppress(RedisUnavailable, RedisFull):
        _take(frontier, key, proof, name)
    keeper = threading.Thread(target=keep, name="scrapeq-name", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        with suppress(RedisUnavailable, RedisFull):
            frontier.coordination.unlock(key, proof)


def _take(frontier: Frontier, key: str, proof: str, name: str) -> None:
    since_s = time.monotonic()
    say_s = SAY_AFTER_S
    while not frontier.coordination.keep_lock(key, proof, LOCK_S):
        time.sleep(LOOK_S)
        waited_s = time.monotonic() - since_s
        if waited_s >= say_s:
            warn(
                f"waiting for another kernel that submits {name!r}, since {waited_s:.0f} s",
                NameTakenWarning,
            )
            say_s += SAY_EVERY_S
