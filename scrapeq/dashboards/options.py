"""The options form: ScrapingConfig's own fields as things to fill in, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args, get_origin

from pydantic_core import PydanticUndefined

from scrapeq.errors import ConfigError
from scrapeq.models import ScrapingConfig

#: What most scrapes set; the others are folded away.
COMMON = ("custom_selectors", "extract_links", "extract_images", "main_text", "respect_robots")
#: How the fields that hold several values are written, a line each.
_LINES = {
    "custom_selectors": "price = .price\nall[] = .tag",
    "headers": "Accept-Language: de",
    "cookies": "session: env:SHOP_COOKIE",
}
_CHOICES = {None: "as set", True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class Field:
    """One option as a form shows it.

    `kind` is checkbox, choice, number, secret, lines or text; `choices` are (value, label,
    whether it is chosen); `least` and `most` are the bounds of a number, "" without.
    """

    name: str
    label: str
    kind: str
    help: str
    hint: str = ""
    checked: bool = False
    choices: tuple[tuple[str, str, bool], ...] = ()
    least: str = ""
    most: str = ""

    @property
    def is_common(self) -> bool:
        """Whether it is shown at once."""
        return self.name in COMMON


def fields() -> list[Field]:
    """Every option of ScrapingConfig, common ones first, else in its own order."""
    found = [_field(name) for name in ScrapingConfig.model_fields]
    return sorted(found, key=lambda field: not field.is_common)


def config(answers: Mapping[str, Any]) -> ScrapingConfig:
    """The options that a filled-in form means: what was left as it was is not set.

    `answers` are texts by option, checkboxes booleans. Raises ConfigError, with the option's name.
    """
    options: dict[str, Any] = {}
    for name, answer in answers.items():
        kind = _field(name).kind if name in ScrapingConfig.model_fields else "text"
        if kind == "lines":
            value: Any = _lines(name, str(answer))
        elif isinstance(answer, str):
            value = answer.strip()
        else:
            value = answer
        if value not in ("", {}, None) and value != _default(name):
            options[name] = value
    return ScrapingConfig.build(**options)


def _field(name: str) -> Field:
    info = ScrapingConfig.model_fields[name]
    field = partial(Field, name=name, label=name.replace("_", " "), help=info.description or "")
    default = _default(name)
    if name in _LINES:
        return field(kind="lines", hint=_LINES[name])
    if info.annotation is bool:
        return field(kind="checkbox", checked=bool(default))
    if get_origin(info.annotation) is Literal:
        choices = [(value, value, value == default) for value in get_args(info.annotation)]
        return field(kind="choice", choices=tuple(choices))
    types = get_args(info.annotation) or (info.annotation,)
    if bool in types and str not in types:
        choices = [
            ("" if value is None else str(value).lower(), text, value is default)
            for value, text in _CHOICES.items()
        ]
        return field(kind="choice", choices=tuple(choices))
    is_set = default is not None and default is not False and default != ()
    if isinstance(default, tuple):
        hint = ", ".join(default)
    else:
        hint = "" if not is_set else f"{default:g}" if isinstance(default, float) else str(default)
    if int in types or float in types:
        return field(kind="number", hint=hint, least=_bound(info, "ge"), most=_bound(info, "le"))
    return field(kind="secret" if name == "proxy" else "text", hint=hint)


def _default(name: str) -> Any:
    info = ScrapingConfig.model_fields.get(name)
    if info is None or info.default is PydanticUndefined:
        return None
    return info.default


def _bound(info: Any, which: str) -> str:
    found = [getattr(one, which) for one in info.metadata if hasattr(one, which)]
    return f"{found[0]:g}" if found else ""


def _lines(name: str, text: str) -> dict[str, Any]:
    """`name = value` lines as a dict; `name[] = selector` means all matches."""
    sign = "=" if name == "custom_selectors" else ":"
    found: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        key, separator, value = (part.strip() for part in line.partition(sign))
        if not (key and separator and value):  # the line itself may be a secret
            raise ConfigError(
                f"{name}: line {number} is not understood",
                hint=f"write one a line, like {_LINES[name].splitlines()[0]}",
            )
        if sign == "=" and key.endswith("[]"):
            found[key.removesuffix("[]").strip()] = [value]
        else:
            found[key] = value
    return found
