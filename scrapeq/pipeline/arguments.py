"""Arguments of the guide's methods: what can be meant is taken, the rest is refused by its name.

Each function gives the value that was meant, or raises ConfigError with the argument's name, what it
is, and what to write.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar

from scrapeq import display, models
from scrapeq.errors import ConfigError
from scrapeq.models.secret_values import SECRET_OPTIONS

if TYPE_CHECKING:
    from scrapeq.models import ErrorKind, JobStatus, ScrapingConfig
    from scrapeq.settings import Settings

#: Rows that a limit asks for at most: what a database counts with.
MOST_ROWS = 2**31 - 1
#: Hours that a window reaches back at most, a hundred years: no record is older.
MOST_HOURS = 876_000.0
#: Other spellings of a status.
_SPELLINGS = {
    "canceled": "cancelled",
    "done": "completed",
    "waiting": "pending",
    "queued": "pending",
}

_Word = TypeVar("_Word", bound=StrEnum)


def refused(name: str, value: object, hint: str) -> ConfigError:
    """The error for an argument of this value."""
    return ConfigError(
        f"{name} is {display.plain(repr(value), 80)} ({type(value).__name__})", hint=hint
    )


def an_id(
    value: object, name: str = "job_id", hint: str = "write the id as text, as in job.id"
) -> str:
    """The id of a job or batch; one of them may be given itself."""
    if isinstance(value, (models.Job, models.Batch)):
        return value.id
    if not isinstance(value, str) or not _is_storable(value):
        raise refused(name, value, hint)
    return value


def ids(values: object, name: str = "job_ids") -> list[str]:
    """Many ids; a single one counts as a list of one."""
    if isinstance(values, (str, models.Job, models.Batch)):
        return [an_id(values, name)]
    if not isinstance(values, Iterable):
        raise refused(name, values, "write a list of ids")
    return [an_id(value, name) for value in values]


def a_text(value: object, name: str) -> str:
    """A text that the record can keep."""
    if not isinstance(value, str) or not _is_storable(value):
        raise refused(name, value, "write a text")
    return value


def a_number(
    value: object, name: str, hint: str, *, least: float = 0.0, most: float = math.inf
) -> float:
    """A number from `least` on, "24" too; one above `most` counts as `most`. Never NaN."""
    try:
        if isinstance(value, bool) or not isinstance(value, (Real, str)):
            raise refused(name, value, hint)
        number = float(value)
    except OverflowError:
        number = math.inf
    except ValueError:
        raise refused(name, value, hint) from None
    if math.isnan(number) or number < least or (number == math.inf and most == math.inf):
        raise refused(name, value, hint)
    return min(number, most)


def a_limit(value: object, name: str = "limit") -> int:
    """How many rows at most."""
    hint = "write a whole number, like 100"
    number = a_number(value, name, hint, most=MOST_ROWS)
    if number != int(number):
        raise refused(name, value, hint)
    return int(number)


def hours(value: object) -> float:
    """A window that ends now; a timedelta will do."""
    if isinstance(value, timedelta):
        value = value.total_seconds() / 3600
    return a_number(value, "hours", "write hours, like 24", most=MOST_HOURS)


def days(value: object) -> float:
    """An age; a timedelta will do."""
    if isinstance(value, timedelta):
        value = value.total_seconds() / 86_400
    return a_number(value, "max_age_days", "write days, like 30", most=MOST_HOURS / 24)


def a_timeout(value: object) -> float | None:
    """Seconds; None waits for ever."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        value = value.total_seconds()
    return a_number(value, "timeout", "write seconds, or None", most=MOST_HOURS * 3600)


def a_flag(value: object, name: str) -> bool:
    """True or False; 1 and 0, and numpy's, are meant so."""
    if type(value).__name__ in {"bool", "bool_"} or (isinstance(value, int) and value in {0, 1}):
        return bool(value)
    raise refused(name, value, "write True or False")


def a_status(value: object, name: str = "status") -> JobStatus:
    """A status by its word, in any case."""
    return _word(models.JobStatus, value, name)


def an_error_kind(value: object, name: str = "error_kind") -> ErrorKind:
    """An error kind by its word, in any case."""
    return _word(models.ErrorKind, value, name)


def error_kinds(values: object, name: str = "kinds") -> list[ErrorKind] | None:
    """Some error kinds; a single word counts as a list of one, None as all."""
    if values is None:
        return None
    if isinstance(values, str):
        return [an_error_kind(values, name)]
    if not isinstance(values, Collection):
        raise refused(name, values, 'write a list of error kinds, like ["dns"]')
    return [an_error_kind(value, name) for value in values]


def _word(words: type[_Word], value: object, name: str) -> _Word:
    text = value.strip().lower() if isinstance(value, str) else None
    text = _SPELLINGS.get(text, text) if text else None
    for word in words:
        if word.value == text:
            return word
    near = difflib.get_close_matches(text or "", [word.value for word in words], 1, 0.7)
    raise refused(
        name,
        value,
        f"did you mean {near[0]!r}?" if near else f"write one of: {', '.join(words)}",
    )


def a_config(value: object, name: str = "config") -> ScrapingConfig:
    """The options; a dict of them will do, and None is all defaults."""
    if isinstance(value, models.ScrapingConfig):
        return value
    if value is None:
        return _usual_config()
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise refused(name, value, "write ScrapingConfig(...), or a dict of its options")
    return models.ScrapingConfig.build(**value)


@cache
def _usual_config() -> ScrapingConfig:
    """All defaults: to make them anew for each job takes longer than to parse its URL."""
    return models.ScrapingConfig()


def secrets(given: Mapping[str, object]) -> None:
    """Nothing, if these are options that hold secrets."""
    for name in given:
        if name not in SECRET_OPTIONS:
            raise ConfigError(
                f"retry_failed does not take {name!r}",
                hint=f"it takes {', '.join(SECRET_OPTIONS)}; for other options submit a new batch",
            )


def cells(values: object, name: str = "urls") -> Sequence[Any]:
    """A column of URLs; a single one counts as a column of one."""
    if isinstance(values, (str, bytes)):
        return [values]
    if isinstance(values, Mapping) or not isinstance(values, Iterable):
        raise refused(name, values, "write a list of URLs")
    is_column = hasattr(values, "__len__") and hasattr(values, "__getitem__")
    return values if is_column else list(values)  # type: ignore[return-value] # it has both


def a_content(value: object) -> str:
    """A page's text or HTML, whatever it holds."""
    if not isinstance(value, str):
        raise refused("content", value, "write a page's text, like page.text")
    return value


_AI_OPTIONS: dict[str, tuple[type, ...]] = {
    "prompt": (str,),
    "schema": (dict,),
    "labels": (list, tuple),
    "language": (str,),
    "questions": (list, tuple),
    "model": (str,),
    "max_chars": (int,),
}


def ai_options(options: Mapping[str, object]) -> None:
    """Nothing, if `scrapeq.llm.process` takes these."""
    for name, value in options.items():
        if name not in _AI_OPTIONS:
            raise ConfigError(
                f"process_content_task does not take {name}",
                hint=f"it takes {', '.join(_AI_OPTIONS)}",
            )
        kinds = _AI_OPTIONS[name]
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise refused(name, value, f"write a {kinds[0].__name__}")


def some_settings(value: object) -> Settings | None:
    """Settings, or None for those of the environment."""
    if value is None:
        return None
    from scrapeq.settings import Settings  # 0.2 s of pydantic-settings

    if not isinstance(value, Settings):
        raise refused("settings", value, "write load_settings(...), or nothing")
    return value


def _is_storable(text: str) -> bool:
    """Whether every database keeps it as it is: no NUL, no half of a surrogate pair, not empty."""
    return bool(text) and "\0" not in text and text.encode("utf-8", "replace").decode() == text
