"""The options of a scrape as words of a command: `--select title=h1 --option max_retries=1`.

The command line and the notebook's magics take the same words, and this is what they mean.
"""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scrapeq.errors import ConfigError
from scrapeq.models.config import ScrapingConfig
from scrapeq.models.page_action import listed

#: Options whose value is a dict: written as JSON.
_DICTS = frozenset({"custom_selectors", "headers", "cookies"})

#: Python's way to write something, and the command line's, where that is a word of its own.
_WORDS = {
    r"retry_failed\(\)": "--retry-failed",
    r"\bdelay_between_requests=([\d.]+)": r"--delay \1",
    r"\buse_stealth=True": "--stealth",
    r"\bextract_links=True": "--links",
    r"\bextract_images=True": "--images",
    r"\brefresh=True": "--refresh",
    r"\burl=('[^']*'|\"[^\"]*\")": r"--url-column \1",
    r"\bname=('[^']*'|\"[^\"]*\")": r"--name \1",
    r"\brender=[\"']?(\w+)[\"']?": r"--render \1",
    rf"(?<!--option )\b({'|'.join(ScrapingConfig.model_fields)})='?(\w+|[\d.]+|\{{[^}}]*\}})'?": r"--option \1=\2",
    r"\bbatch\.errors\b": "the table that -o writes",
    r"\bbatch\.problems\b": "page_kind in the table that -o writes",
}


def as_flags(text: str) -> str:
    """A message for people in a notebook, with what they are to write as flags of a command."""
    for written, flag in _WORDS.items():
        text = re.sub(written, flag, text)
    return text


def config_from_options(
    *,
    select: Iterable[str] | None = None,
    select_all: Iterable[str] | None = None,
    option: Iterable[str] | None = None,
    record: Any = None,
    delay: float | None = None,
    links: bool = False,
    images: bool = False,
    stealth: bool = False,
    render: str | None = None,
    wait_for: str | None = None,
    action: Iterable[str] | None = None,
    screenshot: str | None = None,
    pdf: bool = False,
    capture: Iterable[str] | None = None,
    console: bool = False,
) -> ScrapingConfig:
    """The config that these words ask for, each by the name of its option.

    `select`, `select_all` and `option` are NAME=VALUE; an option that is a dict is JSON:
    `cookies={"session": "env:SHOP_COOKIE"}`. `action` is JSON too, or @ and the name of a file of
    it. record: the class or dict itself, or as `record_of` takes it. The short words win over the same
    thing as an option.

    Raises ConfigError, which never repeats a value that may be a secret.
    """
    options = dict(_option(word) for word in option or [])
    selectors: dict[str, Any] = dict(_pair(word, "--select") for word in select or [])
    for word in select_all or []:
        name, selector = _pair(word, "--select-all")
        selectors[name] = [selector]
    if selectors:
        options["custom_selectors"] = {**options.get("custom_selectors", {}), **selectors}
    if steps := [one for word in action or [] for one in actions_of(word)]:
        options["actions"] = steps
    given = {
        "record": record_of(record) if isinstance(record, str) else record,
        "delay_between_requests": delay,
        "render": render,
        "wait_for": wait_for,
        "screenshot": screenshot,
        "capture": tuple(capture) if capture else None,
    }
    options |= {name: value for name, value in given.items() if value is not None}
    chosen = {
        "extract_links": links,
        "extract_images": images,
        "use_stealth": stealth,
        "pdf": pdf,
        "console": console,
    }
    options |= {name: True for name, asked in chosen.items() if asked}
    return ScrapingConfig.build(**options)


def record_of(word: str) -> Any:
    """The record in a file: "products.json", its JSON, or "products.py:Product", a class or dict in it.

    The file is run, as Python runs a program. Raises ConfigError.
    """
    file, _, name = word.rpartition(":")
    if file.endswith(".py"):
        try:
            found = runpy.run_path(file)
        except OSError as error:
            raise _no_record(word, error.strerror or "") from None
        except Exception as error:
            raise _no_record(word, f"running it gave {type(error).__name__}: {error}") from error
        if name not in found:
            raise _no_record(word, f"it has no {name!r}")
        return found[name]
    try:
        return json.loads(Path(word).read_text(encoding="utf-8"))
    except OSError as error:
        raise _no_record(word, error.strerror or "") from None
    except ValueError:
        raise _no_record(word, "it is not written as JSON") from None


def _no_record(word: str, why: str) -> ConfigError:
    return ConfigError(
        f"--record {word}: {why}", hint="write products.py:Product, or products.json with a record"
    )


def actions_of(word: str) -> list[Any]:
    """The actions that are written as JSON, or in the file that is named after an @."""
    try:
        text = Path(word[1:]).read_text(encoding="utf-8") if word.startswith("@") else word
        return list(listed(text))
    except OSError as error:
        raise ConfigError(
            f"--action: the file {word[1:]!r} cannot be read", hint=error.strerror or ""
        ) from None
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"--action: {error}", hint='write JSON, such as \'{"click": "#more"}\', or @file.json'
        ) from None


def _option(word: str) -> tuple[str, Any]:
    name, value = _pair(word, "--option")
    if name not in _DICTS:
        return name, value
    try:
        read = json.loads(value)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise ConfigError(
            f"--option {name} is not written as JSON",
            hint=f'write --option \'{name}={{"name": "value"}}\'',
        )
    return name, read


def _pair(word: str, option: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise ConfigError(
            f"{option} {name if equals else word!r} is not NAME=VALUE",
            hint=f"write {option} {'max_retries=1' if option == '--option' else 'title=h1'}",
        )
    return name.strip(), value.strip()
