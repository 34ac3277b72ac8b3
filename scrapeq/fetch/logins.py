"""Logins that were kept: what a browser held when somebody had logged in, by name.

    <home>/logins/NAME.json   cookies and localStorage, as Playwright's storage state; 0600

They are secrets: they are read where a request is made, and go into no message, Redis or record.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from scrapeq import clock
from scrapeq.errors import ConfigError
from scrapeq.fetch.cookies import Cookie


@dataclass(frozen=True, slots=True)
class Login:
    """cookies: those that are not over. state: all of it, as a browser takes it."""

    cookies: tuple[Cookie, ...] = field(default=(), repr=False)
    state: dict[str, Any] = field(default_factory=dict, repr=False)


def path_of(folder: Path, name: str) -> Path:
    """The file of a login."""
    return folder / f"{name}.json"


def keep(folder: Path, name: str, state: dict[str, Any]) -> Path:
    """Keep a login so that only this user reads it; one of the same name is replaced."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = path_of(folder, name)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(state, file)
    draft.replace(path)
    return path


def load(folder: Path | None, name: str) -> Login:
    """A login that was kept. Raises ConfigError if there is none of this name, or it is no login."""
    if folder is None:
        raise ConfigError(
            f"this fetcher has no folder of logins for {name!r}",
            hint="it is the folder 'logins' of a home (SCRAPEQ_HOME)",
        )
    path = path_of(folder, name)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError:
        raise ConfigError(
            f"there is no login {name!r} where the worker runs",
            hint=f"run there: scrapeq login {name} URL; or copy its file",
        ) from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(
            f"the file of the login {name!r} is damaged", hint=f"run: scrapeq login {name} URL"
        ) from None


@lru_cache(maxsize=64)
def _read(path: Path, _changed_ns: int) -> Login:
    state = json.loads(path.read_text(encoding="utf-8"))
    now_s = clock.now().timestamp()
    cookies = [
        Cookie.of_browser(one)
        for one in state["cookies"]
        if one.get("expires", -1) == -1 or one["expires"] > now_s
    ]
    return Login(tuple(cookies), state)
