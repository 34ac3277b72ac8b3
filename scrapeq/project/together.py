"""What several threads want done at the same time, done in one go: a group commit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from scrapeq.errors import AlreadyThere, DatabaseUnavailable, InputError

_T = TypeVar("_T")


class _Entry(Generic[_T]):
    """What one thread gave. `turn` is set when it is done, or is the thread's to do."""

    def __init__(self, item: _T) -> None:
        self.item = item
        self.turn = threading.Event()
        self.is_done = False
        self.error: BaseException | None = None


class Together(Generic[_T]):
    """Does for many threads at once what costs the same for one as for many: a commit, a round trip.

    The thread that comes first begins at once, alone. Those that come while it is at work wait, and
    then one of them does it for all. So nobody waits for company.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Entry[_T]] = []
        self._is_busy = False

    def add(self, item: _T, act: Callable[[list[_T]], object]) -> None:
        """Have `act` called with this item, and with those of other threads; back when it is done.

        act: does all of it or nothing. Raises what it raises. Where one item alone may be the reason
        (AlreadyThere, InputError), each is tried by itself, so that the others are done. A thread that is
        interrupted while it waits leaves the others as they are; one that is interrupted while it does
        it for all leaves them DatabaseUnavailable.
        """
        entry = _Entry(item)
        with self._lock:
            self._waiting.append(entry)
            is_first, self._is_busy = not self._is_busy, True
        if not is_first:
            try:
                entry.turn.wait()
            except BaseException:  # an interrupt
                self._leave(entry)
                raise
        if not entry.is_done:
            self._lead(act)
        if entry.error is not None:
            raise entry.error

    def _leave(self, entry: _Entry[_T]) -> None:
        with self._lock:
            if entry not in self._waiting:  # it is being done, or was
                return
            self._waiting.remove(entry)
            if entry.turn.is_set():  # it was to lead
                self._hand_over()

    def _hand_over(self) -> None:
        """Let the first of those that wait lead, if there is one. Under the lock."""
        self._is_busy = bool(self._waiting)
        if self._waiting:
            self._waiting[0].turn.set()

    def _lead(self, act: Callable[[list[_T]], object]) -> None:
        with self._lock:
            group, self._waiting = self._waiting, []
        try:
            _do(group, act)
        finally:
            for entry in group:
                entry.is_done = True
                entry.turn.set()
            with self._lock:
                self._hand_over()


def _do(group: list[_Entry[_T]], act: Callable[[list[_T]], object]) -> None:
    try:
        act([entry.item for entry in group])
    except (AlreadyThere, InputError) as error:
        if len(group) == 1:
            group[0].error = error
            return
        for entry in group:
            _do([entry], act)
    except Exception as error:
        for entry in group:
            entry.error = error
    except BaseException:  # an interrupt, which is this thread's alone
        for entry in group:
            entry.error = DatabaseUnavailable(
                "the thread that accepted this was interrupted, so it may be accepted or not",
                hint="submit it once more, with an id of your own: it is accepted once",
            )
        raise
