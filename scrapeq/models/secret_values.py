"""Which options hold secrets, and what stands for one that is encrypted, or erased."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Headers that say how an answer is wanted and not who asks: RFC 9110, section 12.5 (content
#: negotiation), and what a browser sends to everybody. Any other header may be a secret.
PUBLIC_HEADERS = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "cache-control"),
        *("dnt", "pragma", "referer", "sec-gpc", "upgrade-insecure-requests", "user-agent"),
    }
)
#: What an encrypted value begins with, and what is kept of one that was erased.
SEALED, ERASED = "scrapeq:sealed:", "scrapeq:erased"
#: The options that may hold secrets.
SECRET_OPTIONS = ("cookies", "headers", "proxy", "actions")


def is_clear(value: str) -> bool:
    """Whether a value is a secret as it was written: not a name, not encrypted, not erased."""
    return bool(value) and not value.startswith(("env:", SEALED)) and value != ERASED


def with_secrets(options: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Stored options (see `ScrapingConfig.to_storage`) with each value that may be a secret changed.

    Those are cookies, headers but for `PUBLIC_HEADERS`, the proxy, and what actions fill in.
    """
    changed = dict(options)
    if cookies := options.get("cookies"):
        changed["cookies"] = {name: change(value) for name, value in cookies.items()}
    if headers := options.get("headers"):
        changed["headers"] = {
            name: value if name.lower() in PUBLIC_HEADERS else change(value)
            for name, value in headers.items()
        }
    if proxy := options.get("proxy"):
        changed["proxy"] = change(proxy)
    if actions := options.get("actions"):
        changed["actions"] = [_with_secret(one, change) for one in actions]
    return changed


def erased(value: str) -> str:
    """What is kept of a secret: a name as it is, of any other that there was one."""
    return value if not value or value.startswith("env:") else ERASED


def options_with(options: dict[str, Any], wanted: Callable[[str], bool]) -> list[str]:
    """The names of the options of which a secret is so."""
    found: list[str] = []
    for name in SECRET_OPTIONS:
        values: list[str] = []

        def note(value: str, values: list[str] = values) -> str:
            values.append(value)
            return value

        with_secrets({name: options.get(name)}, note)
        if any(map(wanted, values)):
            found.append(name)
    return found


def _with_secret(action: Any, change: Callable[[str], str]) -> Any:
    fill = action.get("fill") if isinstance(action, dict) else None
    if not isinstance(fill, dict) or "value" not in fill:
        return action
    return {**action, "fill": {**fill, "value": change(fill["value"])}}
