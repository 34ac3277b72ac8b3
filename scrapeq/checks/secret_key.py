"""The key of the secrets in the record: whether there is one, who can read it, and whether it fits."""

from __future__ import annotations

from collections.abc import Iterator

from scrapeq import database
from scrapeq.checks.check import Check, bad, good, note
from scrapeq.database.sealing import KEY_FILE, Keys
from scrapeq.errors import ConfigError
from scrapeq.settings import Settings

NAME = "secret key"
#: Rights of others than its owner on a file.
_OF_OTHERS = 0o077


def secret_key(settings: Settings) -> Iterator[Check]:
    """Nothing is made. Raises what `inspect_record` raises."""
    keys, path = Keys.of(settings), settings.home / KEY_FILE
    named = "SCRAPEQ_SECRET_KEY" if settings.secret_key is not None else str(path)
    is_there = settings.secret_key is not None or path.exists()
    if is_there:
        try:
            keys.check()
        except ConfigError as error:
            yield bad(NAME, error.problem, error.hint)
            return
    sealed = database.inspection.inspect_record(settings).sealed
    unread = [value for value in sealed if keys.unseal(value) == value]
    if unread and not is_there:
        yield bad(
            NAME,
            f"the record holds encrypted secrets, and there is no key: neither SCRAPEQ_SECRET_KEY nor {path}",
            "set SCRAPEQ_SECRET_KEY to the key they were written with, or put its file back; without it give "
            "the secrets again: batch.retry_failed(cookies=...)",
        )
    elif unread:
        yield bad(
            NAME,
            f"{named} does not fit {len(unread):,} of {len(sealed):,} secrets that were looked at",
            "write the key they were made with behind it, with a comma; or give the secrets again",
        )
    elif not is_there:
        yield good(NAME, f"none yet; {path} is made when the first secret is kept")
    elif settings.secret_key is None and path.stat().st_mode & _OF_OTHERS:
        yield bad(NAME, f"others than you may read {path}", f"chmod 600 {path}")
    elif settings.secret_key is None and settings.shared:
        yield note(
            NAME,
            f"{path}, which other machines do not have",
            "if there are such: set SCRAPEQ_SECRET_KEY everywhere to what stands in it",
        )
    else:
        yield good(NAME, named)
