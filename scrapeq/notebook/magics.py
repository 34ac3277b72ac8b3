"""Scraping in one cell: `%%scrape`, and `%jobs`, `%history`, `%batches`, `%health` to look.

    %load_ext scrapeq

    %%scrape firms --select title=h1 --option max_retries=1
    https://firm.example/
    https://other.example/

Each shows what the function of the same name gives, and leaves it in `_`. `%history` takes the
place of IPython's own, which stays reachable as `%hist`.
"""

from __future__ import annotations

import keyword
import re
import shlex
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from scrapeq import clock
from scrapeq.display import plain
from scrapeq.errors import ScrapeqError
from scrapeq.models import ErrorKind, JobStatus
from scrapeq.models.command_options import config_from_options
from scrapeq.notebook.completion import Completer
from scrapeq.notebook.install import install

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

#: Which frame each picture of `%history --plot` is drawn from.
PLOTS = {
    "throughput": "history",
    "latency": "history",
    "success_rate": "history",
    "error_kinds": "error_history",
    "host_heatmap": "host_history",
}
#: Where the options begin, behind an expression that may hold spaces and dashes.
_OPTION = re.compile(r"(?:^|(?<=\s))(?:-o|--[a-z][a-z-]*)(?=[\s=]|$)")


_out = argument("-o", "--out", metavar="VAR", help="Also leave it in this variable.")


@magics_class
class ScrapeqMagics(Magics):
    """The magics of one shell, and what they took the place of."""

    shell: InteractiveShell

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.completer = Completer(shell)
        names = [(kind, name) for kind, table in self.magics.items() for name in table]
        names.append(("line", "hist"))
        self.before = {(kind, name): shell.find_magic(name, kind) for kind, name in names}

    @no_var_expand  # an expression may be a dict, and a selector may hold a $
    @line_cell_magic
    @magic_arguments()
    @argument(
        "what",
        nargs="?",
        help="%%%%scrape: the batch's name. %%scrape: the URLs, an "
        "expression that gives a table, a column, a list or the path of a file.",
    )
    @argument("--url", metavar="COLUMN", help="The column of URLs of a table.")
    @argument("--name", help="To find the batch again; the same again sends no request.")
    @argument(
        "--select",
        metavar="NAME=SELECTOR",
        action="append",
        help="A column of what matches first; CSS or XPath.",
    )
    @argument(
        "--select-all",
        metavar="NAME=SELECTOR",
        action="append",
        help="A column of all that matches.",
    )
    @argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        help="Any other option of ScrapingConfig: max_retries=1.",
    )
    @argument(
        "--record", metavar="NAME", help="What a row holds: a class or dict of this notebook."
    )
    @argument("--delay", type=float, help="Seconds between two requests to one host.")
    @argument("--links", action="store_true", help="Keep every link.")
    @argument("--images", action="store_true", help="Keep every image.")
    @argument("--stealth", action="store_true", help="Send a real browser's headers and TLS.")
    @argument(
        "--render",
        choices=["auto", "always", "never"],
        help="auto: a browser shows the pages that need one.",
    )
    @argument("--wait-for", help="A selector or text=... that a rendered page waits for.")
    @argument(
        "--action",
        action="append",
        help='What a browser does on each page, as JSON: {"click": "#more"}; or @FILE.',
    )
    @argument(
        "--screenshot",
        metavar="WHAT",
        help="A picture of each page: window, full, or a selector of an element.",
    )
    @argument("--pdf", action="store_true", help="Each page as a PDF.")
    @argument(
        "--capture",
        metavar="PATTERN",
        action="append",
        help="Keep the JSON answers of URLs like this: */api/offers*.",
    )
    @argument("--console", action="store_true", help="Keep the errors of pages' scripts.")
    @argument(
        "--refresh", action="store_true", help="Fetch again, also where stored pages could answer."
    )
    @argument(
        "--retry-failed", action="store_true", help="Try failed rows of a finished batch again."
    )
    @argument("--priority", type=int, default=5, help="1 first, 9 last; usually 5.")
    @_out
    def scrape(self, line: str, cell: str | None = None) -> Any:
        """Fetch URLs; the batch shows how far it is, and its table is `_.df`.

        In a cell, one URL on each line; empty lines and those that begin with # are skipped:

            %%scrape firms --select title=h1
            https://firm.example/

        On a line, whatever `scrapeq.scrape` takes, before the options:

            %scrape df[df.year > 2020] --url link --name firms -o batch
        """
        expression, words = ("", line) if cell is not None else _split(line)
        asked = self._parse(self.scrape, words)
        if cell is None:
            if asked.what or not expression:
                raise UsageError("write what to scrape before the options: %scrape df --url link")
            source, name = self._value(expression), asked.name
        else:
            source, name = _lines(cell), asked.name or asked.what
            if asked.url:
                raise UsageError("a cell of URLs has no columns; --url goes with %scrape df")
            if asked.name and asked.what:
                raise UsageError(f"two names: {asked.what!r} and {asked.name!r}; give one")

        from scrapeq.client import scrape as verbs

        with _one_line():
            config = config_from_options(
                select=asked.select,
                select_all=asked.select_all,
                option=asked.option,
                record=self._value(asked.record) if asked.record else None,
                delay=asked.delay,
                links=asked.links,
                images=asked.images,
                stealth=asked.stealth,
                render=asked.render,
                wait_for=asked.wait_for,
                action=asked.action,
                screenshot=asked.screenshot,
                pdf=asked.pdf,
                capture=asked.capture,
                console=asked.console,
            )
            batch = verbs.scrape(
                source,
                asked.url,
                name=name,
                config=config,
                priority=asked.priority,
                refresh=asked.refresh,
            )
            if asked.retry_failed and batch.is_done:
                batch.retry_failed()
        return self._left(asked, batch)

    @line_magic
    @magic_arguments()
    @argument("--status", choices=[status.value for status in JobStatus], help="Only these.")
    @argument("--batch", help="Only of this batch, by name or id.")
    @argument("--host", help="Only of this host.")
    @argument("--error-kind", choices=[kind.value for kind in ErrorKind], help="Only these.")
    @argument("--hours", type=float, help="Only of so many hours past.")
    @argument("--limit", type=int, default=1000, help="At most so many; usually 1000.")
    @_out
    def jobs(self, line: str) -> Any:
        """The jobs as a table, newest first: `scrapeq.jobs`.

        %jobs --status failed --batch firms
        """
        asked = self._parse(self.jobs, line)

        from scrapeq.client import tables

        since = None if asked.hours is None else clock.now() - timedelta(hours=asked.hours)
        with _one_line():
            found = tables.jobs(
                status=asked.status,
                batch=asked.batch,
                host=asked.host,
                since=since,
                error_kind=asked.error_kind,
                limit=asked.limit,
            )
        return self._left(asked, found)

    @line_magic
    @magic_arguments()
    @argument("--hours", type=float, default=24, help="So many hours past; usually 24.")
    @argument("--every", help="The length of a row: 1min, 15min, 1h, 1d; usually 1h.")
    @argument("--batch", help="Only of this batch, over its own life.")
    @argument(
        "--plot",
        nargs="?",
        const="throughput",
        choices=[*PLOTS, "timeline"],
        help="A picture instead of the table; usually throughput.",
    )
    @_out
    def history(self, line: str) -> Any:
        """What was done when, as a table or a picture: `scrapeq.history`, `scrapeq.plots`.

            %history --hours 6 --every 15min --plot latency

        The history of what was typed is `%hist`.
        """
        asked = self._parse(self.history, line, else_="IPython's own %history is %hist now")
        if asked.plot == "timeline" and asked.batch is None:
            raise UsageError("a timeline is of one batch: %history --plot timeline --batch NAME")

        from scrapeq.client import tables

        with _one_line():
            if asked.plot == "timeline":
                from scrapeq import plots

                return self._left(asked, plots.timeline(asked.batch, every=asked.every))
            table = getattr(tables, PLOTS[asked.plot or "throughput"])
            frame = table(asked.hours, asked.every or "1h", batch=asked.batch)
            if asked.plot is None:
                return self._left(asked, frame)
            from scrapeq import plots

            return self._left(asked, getattr(plots, asked.plot)(frame))

    @line_magic
    @magic_arguments()
    @argument("--limit", type=int, default=100, help="At most so many; usually 100.")
    @_out
    def batches(self, line: str) -> Any:
        """The batches as a table, newest first: `scrapeq.batches`."""
        asked = self._parse(self.batches, line)

        from scrapeq.client import tables

        with _one_line():
            return self._left(asked, tables.batches(asked.limit))

    @line_magic
    @magic_arguments()
    @_out
    def health(self, line: str) -> Any:
        """How Redis, the workers and the record are doing: `scrapeq.health`."""
        asked = self._parse(self.health, line)

        from scrapeq.pipeline.monitor import health

        with _one_line():
            return self._left(asked, health())

    def _parse(self, magic: Any, words: str, else_: str = "") -> Namespace:
        """The options of a line, split as a shell splits it; one clear line for a mistake."""
        try:
            asked: Namespace = magic.parser.parse_args(shlex.split(words))
        except UsageError as error:
            advice = else_ or f"%{magic.__name__}? explains it"
            raise UsageError(f"{plain(error)}; {advice}") from None
        except ValueError as error:  # a quotation without an end
            raise UsageError(f"{plain(words)}: {error}") from None
        if asked.out is not None and (not asked.out.isidentifier() or keyword.iskeyword(asked.out)):
            raise UsageError(f"-o {plain(asked.out)!r} is no name of a variable")
        return asked

    def _value(self, expression: str) -> Any:
        try:
            return self.shell.ev(expression)
        except Exception as error:  # whatever the user's own code raises
            reason = plain(f"{type(error).__name__}: {error}")
            raise UsageError(f"%scrape {plain(expression, 100)}: {reason}") from error

    def _left(self, asked: Namespace, value: Any) -> Any:
        if asked.out is not None:
            self.shell.push({asked.out: value})
        return value


def _split(line: str) -> tuple[str, str]:
    """The expression and the options behind it."""
    begins = _OPTION.search(line)
    place = begins.start() if begins else len(line)
    return line[:place].strip(), line[place:]


def _lines(cell: str) -> list[str]:
    """The URLs of a cell; no URL begins with #."""
    found = [line.strip() for line in cell.splitlines()]
    found = [line for line in found if line and not line.startswith("#")]
    if not found:
        raise UsageError("the cell holds no URLs: write one on each line")
    return found


@contextmanager
def _one_line() -> Iterator[None]:
    """Our own errors become one line, without a traceback."""
    try:
        yield
    except ScrapeqError as error:
        raise UsageError(plain(error, 1000)) from error


# -- coming and going -----------------------------------------------------------------------------


def load(shell: InteractiveShell) -> None:
    """Let the shell have the magics, their completions and live cards."""
    install()
    manager = shell.magics_manager
    magics = ScrapeqMagics(shell)
    manager.register(magics)
    # `%hist` is an alias of whatever is called `history`: it is to stay what it was.
    manager.magics["line"]["hist"] = magics.before["line", "history"]
    shell.Completer.custom_matchers.append(magics.completer.matcher)


def unload(shell: InteractiveShell) -> None:
    """Everything as it was before `load`; without that, nothing."""
    manager = shell.magics_manager
    magics = manager.registry.pop(ScrapeqMagics.__name__, None)
    if magics is None:
        return
    for (kind, name), before in magics.before.items():
        if before is None:
            manager.magics[kind].pop(name, None)
        else:
            manager.magics[kind][name] = before
    shell.Completer.custom_matchers.remove(magics.completer.matcher)
