"""What the tab key offers behind our magics: options, their values, batches, columns, variables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from scrapeq.errors import ScrapeqError
from scrapeq.models import ScrapingConfig

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

#: Batches whose names are offered, the newest.
MOST_BATCHES = 100
#: What is scraped may be one of these; by name, so that pandas is not loaded for a tab key.
_SOURCES = frozenset({"DataFrame", "Series", "Index", "list", "tuple", "dict", "str", "ndarray"})
_MAGIC = re.compile(r"(?:^|=)\s*(%{1,2})(scrape|jobs|history|batches|health)\s(.*)$")


class Completer:
    """The completions of one shell. Nothing is started, run or fetched for them."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

        @context_matcher(identifier="scrapeq")
        def matcher(context: CompletionContext) -> SimpleMatcherResult:
            return self._complete(context.text_until_cursor)

        self.matcher = matcher

    def _complete(self, line: str) -> SimpleMatcherResult:
        fragment, offered, is_all = self._offer(line)
        fitting = [text for text in offered if text.startswith(fragment)]
        return {
            "completions": [SimpleCompletion(text, type="scrapeq") for text in fitting],
            "matched_fragment": fragment,
            "suppress": is_all and bool(fitting),
        }

    def _offer(self, line: str) -> tuple[str, Iterable[str], bool]:
        """What is being typed, what it may become, and whether that is all there is."""
        found = _MAGIC.search(line)
        if found is None:
            return "", (), False
        percents, name, typed = found.groups()
        options = _options(self._shell.find_magic(name, "line"))
        *before, fragment = re.split(r"\s+", typed)
        if "=" in fragment and fragment.startswith("--"):
            option, _, fragment = fragment.partition("=")
        else:
            option = before[-1] if before else ""
        if option == "--option":
            name, equals, value = fragment.partition("=")
            if equals:
                return value, _values(name), True
            return fragment, [f"{one}=" for one in ScrapingConfig.model_fields], True
        if option == "--batch" or (option == "--name" and name == "scrape"):
            return fragment, _batch_names(), True
        if option == "--url" and name == "scrape":
            return fragment, self._columns(before), True
        if option == "--every":
            return fragment, ("1min", "5min", "15min", "1h", "1d"), True
        if choices := options.get(option):
            return fragment, choices, True
        if name == "scrape" and percents == "%" and not before:
            return fragment, self._sources(), not fragment
        if fragment.startswith("-") or not fragment:
            return fragment, options, True
        return fragment, (), False

    def _sources(self) -> Iterable[str]:
        """Variables that hold something to scrape."""
        return [
            name
            for name, value in self._shell.user_ns.items()
            if not name.startswith("_")
            and name not in self._shell.user_ns_hidden
            and type(value).__name__ in _SOURCES
        ]

    def _columns(self, words: list[str]) -> Iterable[str]:
        """The columns of the table that is named first; no code is run to find it."""
        table = self._shell.user_ns.get(words[0]) if words else None
        columns = getattr(table, "columns", ()) if type(table).__name__ == "DataFrame" else ()
        return _quoted(one for one in columns if isinstance(one, str))


def _options(magic: Any) -> dict[str, list[str]]:
    """The options of a magic, each with the values that it may have, as far as they are few."""
    return {
        flag: list(decorator.kwds.get("choices", ()))
        for decorator in getattr(magic, "decorators", ())
        for flag in getattr(decorator, "args", ())
        if flag.startswith("-")
    }


def _values(option: str) -> Iterable[str]:
    """What an option of ScrapingConfig may be, where that is a short list."""
    field = ScrapingConfig.model_fields.get(option)
    if field is None:
        return ()
    if field.annotation is bool or field.annotation == bool | None:
        return ("true", "false")
    return get_args(field.annotation) if get_origin(field.annotation) is Literal else ()


def _batch_names() -> Iterable[str]:
    """Names of batches, newest first; none where there is no record yet."""
    # half a second of SQLAlchemy, which `%load_ext` does without
    from scrapeq.pipeline.job_queue import get_looking_queue
    from scrapeq.settings import load_settings

    try:
        settings = load_settings()
        if settings.database_url is None and not settings.database_path.exists():
            return ()
        found = get_looking_queue(settings).list_batches(MOST_BATCHES)
    except ScrapeqError:
        return ()
    return _quoted(dict.fromkeys(one.name for one in found if one.name))


def _quoted(names: Iterable[str]) -> list[str]:
    """Names as they are typed. One with a line break is left out: what stands behind it, perhaps
    in a stranger's table, would be a line of code of its own."""
    return [shlex.quote(name) for name in names if name.isprintable()]
