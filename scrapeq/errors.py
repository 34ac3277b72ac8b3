"""Every exception of scrapeq, drawn as one tree.

    ScrapeqError
    ├── ConfigError            an option or a setting that cannot be met   (also a ValueError)
    ├── InputError             a table or a list that cannot be read       (also a ValueError)
    │   └── AlreadyThere       an id that is taken
    ├── MissingExtra           an optional part is not installed           (also an ImportError)
    ├── NotFound               no such job, batch or name                  (also a LookupError)
    ├── IllegalMove            a job status that cannot follow another     (also a ValueError)
    ├── WaitTimeout            the time given to wait() was over           (also a TimeoutError)
    ├── RedisUnavailable       Redis cannot be reached or started          (also a ConnectionError)
    ├── RedisFull              Redis is at its memory limit
    ├── RedisEvicts            Redis may throw our keys away
    ├── DatabaseUnavailable    the record cannot be opened or written
    │   ├── DatabaseTooNew     a newer scrapeq wrote it
    │   └── DiskFull           its disk takes no more
    ├── ServerUnavailable      the server of a Client cannot be reached    (also a ConnectionError)
    ├── NotAllowed             the token of a Client may not do this       (also a PermissionError)
    ├── ModelFailed            the language model gave no answer that can be used
    └── ClusterFailed          the private Redis or the workers do not start

    NoWorkersWarning           (a warning) jobs wait and nobody works
    NameTakenWarning           (a warning) another kernel submits the same name
    ScheduleWarning            (a warning) a schedule may find no worker when its time comes
    ServiceAwayWarning         (a warning) whoever waits goes on waiting for Redis or the record

A page that failed is data, not an exception: a row with `error_kind` and `error_message`.
An exception here means that scrapeq itself could not work. Each has two halves: what happened
(`.problem`) and what to try (`.hint`). Where there are facts, they are typed attributes.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

_PACKAGE = f"{Path(__file__).parent}{os.sep}"


class ScrapeqError(Exception):
    """What happened (`problem`) and what to try (`hint`, "" where nothing helps), as sentences for
    a person. Some kinds have facts, too, each an attribute of its own."""

    #: Whether its sentences may name folders and sockets of this machine.
    names_places = False

    def __init__(self, problem: str, *, hint: str = "", where: str = "") -> None:
        """where: the record that it is about, "" where that does not matter. Only people on this machine are
        told."""
        self.problem = problem
        self.hint = hint
        self.where = where
        super().__init__(_both(problem, hint))

    def __str__(self) -> str:
        words = _both(self.problem, self.hint)
        return f"{words}. The record is {self.where}" if self.where else words

    @property
    def halves_elsewhere(self) -> tuple[str, str]:
        """Problem and hint as somebody on another machine reads them: no path of this one is told."""
        if not self.names_places:
            return self.problem, self.hint
        return _PATH.sub("…", self.problem), _PATH.sub("…", self.hint)

    @property
    def elsewhere(self) -> str:
        """The same as one sentence."""
        return _both(*self.halves_elsewhere)


def _both(problem: str, hint: str) -> str:
    return f"{problem}; {hint}" if hint else problem


#: An absolute path of two names or more, and no address of the API.
_PATH = re.compile(r"(?<![\w/.:~-])/(?!v1/)[^\s'\"(),;:/]+/[^\s'\"(),;:]*")


class ConfigError(ScrapeqError, ValueError):
    """An option or an environment variable has a value that cannot be met."""


class InputError(ScrapeqError, ValueError):
    """The table, column or file of URLs cannot be read as one.

    columns: the columns that the trouble is about; all of the table's where none was found.
    """

    def __init__(self, problem: str, *, hint: str = "", columns: Sequence[object] = ()) -> None:
        super().__init__(problem, hint=hint)
        self.columns = tuple(columns)


class AlreadyThere(InputError):
    """A job, batch or run with this id exists."""


class MissingExtra(ScrapeqError, ImportError):
    """An optional part is not installed; the hint is the pip command."""


class NotFound(ScrapeqError, LookupError):
    """There is no job, batch or name like the one asked for.

    where: the record that was looked in, "" where it is not known. Only people on this machine are told.
    """


class IllegalMove(ScrapeqError, ValueError):
    """A job status cannot follow the one that the job has: `job_id` is `old`, not to be `new`."""

    def __init__(
        self, problem: str, *, hint: str = "", job_id: str = "", old: str = "", new: str = ""
    ) -> None:
        super().__init__(problem, hint=hint)
        self.job_id, self.old, self.new = job_id, old, new


class WaitTimeout(ScrapeqError, TimeoutError):
    """The time given to `wait()` ended before the batch was done; the work goes on."""


class RedisUnavailable(ScrapeqError, ConnectionError):
    """Redis cannot be reached (shared mode) or started (embedded mode)."""

    names_places = True


class RedisFull(ScrapeqError):
    """Redis refuses writes because it is at its `maxmemory`."""


class RedisEvicts(ScrapeqError):
    """Redis has an eviction policy that may throw our keys away; `policy` is its name."""

    def __init__(self, problem: str, *, hint: str = "", policy: str = "") -> None:
        super().__init__(problem, hint=hint)
        self.policy = policy


class DatabaseUnavailable(ScrapeqError):
    """The database cannot be opened, is too new, or refuses to write.

    where: the record, "" where it is not known. Only people on this machine are told.
    """

    names_places = True


class DatabaseTooNew(DatabaseUnavailable):
    """A newer scrapeq wrote the record, and this one cannot read it."""


class DiskFull(DatabaseUnavailable):
    """The disk of the record takes no more: what was to be written is not kept."""


class ServerUnavailable(ScrapeqError, ConnectionError):
    """The server that a `Client` speaks with cannot be reached, takes no more now, or is none of ours."""


class NotAllowed(ScrapeqError, PermissionError):
    """The token of a `Client` is of no use, or its right is not enough."""


class ModelFailed(ScrapeqError):
    """The language model gave no answer that can be used; the problem says why."""


class ClusterFailed(ScrapeqError):
    """The private Redis or the supervised workers do not start; `home` is their folder."""

    names_places = True

    def __init__(self, problem: str, *, hint: str = "", home: Path | None = None) -> None:
        super().__init__(problem, hint=hint)
        self.home = home


class NoWorkersWarning(UserWarning):
    """Jobs wait and no worker is there to take them."""


class NameTakenWarning(UserWarning):
    """Another kernel submits a batch of the same name, and this one waits for it."""


class ScheduleWarning(UserWarning):
    """A schedule is kept, and its times will pass where no worker lives."""


class ServiceAwayWarning(UserWarning):
    """Redis or the record does not answer, and whoever waits goes on waiting for it."""


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn, and point at the caller's own line: the nearest one that is not scrapeq's."""
    depth, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_PACKAGE):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, category, stacklevel=depth + 1)
