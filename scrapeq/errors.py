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
    └── ClusterFailed          the private Redis or the workers do not start

    NoWorkersWarning           (a warning) jobs wait and nobody works

A page that failed is data, not an exception: a row with `error_kind` and `error_message`.
An exception here means that scrapeq itself could not work. Each has two halves: what happened
(`.problem`) and what to try (`.hint`).
"""

from __future__ import annotations

from typing import Any


class ScrapeqError(Exception):
    """What happened, what to try, and the facts as attributes.

    `problem` and `hint` are sentences for a person; everything else that is passed by name
    becomes an attribute of the error.
    """

    def __init__(self, problem: str, *, hint: str = "", **facts: Any) -> None:
        self.problem = problem
        self.hint = hint
        self.facts = facts
        super().__init__(f"{problem}; {hint}" if hint else problem)

    def __getattr__(self, name: str) -> Any:
        facts = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(name)


class ConfigError(ScrapeqError, ValueError):
    """An option or an environment variable has a value that cannot be met."""


class InputError(ScrapeqError, ValueError):
    """The table, column or file of URLs cannot be read as one."""


class AlreadyThere(InputError):
    """A job, batch or run with this id exists."""


class MissingExtra(ScrapeqError, ImportError):
    """An optional part is not installed; the hint is the pip command."""


class NotFound(ScrapeqError, LookupError):
    """There is no job, batch or name like the one asked for."""


class IllegalMove(ScrapeqError, ValueError):
    """A job status cannot follow the one that the job has."""


class WaitTimeout(ScrapeqError, TimeoutError):
    """The time given to `wait()` was over before the batch was done; the work goes on."""


class RedisUnavailable(ScrapeqError, ConnectionError):
    """Redis cannot be reached (shared mode) or started (embedded mode)."""


class RedisFull(ScrapeqError):
    """Redis refuses writes because it is at its `maxmemory`."""


class RedisEvicts(ScrapeqError):
    """Redis has an eviction policy that may throw our keys away."""


class DatabaseUnavailable(ScrapeqError):
    """The database cannot be opened, is too new, or refuses to write."""


class ClusterFailed(ScrapeqError):
    """The private Redis or the supervised workers do not start."""


class NoWorkersWarning(UserWarning):
    """Jobs wait and no worker is there to take them."""
