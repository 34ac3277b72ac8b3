"""The command line: `scrapeq scrape urls.csv --url-column link --select title=h1 -o pages.parquet`.

Exit status: 0 every row has its page; 1 some rows failed; 2 the command cannot be understood or
met; 3 every row failed; 4 scrapeq itself could not work; 130 interrupted (the same command goes
on).
"""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from scrapeq.api import commands
from scrapeq.cli_schedule import schedule_commands
from scrapeq.errors import ConfigError, InputError, MissingExtra, NotFound, ScrapeqError
from scrapeq.frames.file_formats import READ, WRITTEN, in_words

if TYPE_CHECKING:
    from scrapeq.client.handle import BatchHandle
    from scrapeq.pipeline.job_queue import JobQueue
    from scrapeq.settings import Settings

#: Hosts that `scrapeq status` lists.
MOST_PAUSED = 10
ALL_GOOD, SOME_FAILED, NOT_UNDERSTOOD, ALL_FAILED, BROKEN, INTERRUPTED = 0, 1, 2, 3, 4, 130

app = typer.Typer(
    help="A column of URLs in, a table out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(schedule_commands)


def main() -> None:
    """Run the command line; our own errors become one line and an exit status."""
    # What a command loads stays: to walk through it while it comes, and once more at the end, would
    # be a third of its time.
    gc.set_threshold(50_000, 20, 50)
    try:
        app()
    except (ConfigError, InputError, NotFound, MissingExtra) as error:
        _fail(str(error), NOT_UNDERSTOOD)
    except ScrapeqError as error:
        _fail(str(error), BROKEN)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        gc.freeze()


def _print_version(asked: bool) -> None:
    if asked:
        from scrapeq import __version__

        typer.echo(f"scrapeq {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """A column of URLs in, a table out."""


@app.command()
def scrape(  # noqa: PLR0917 - typer's way to declare options
    source: Annotated[
        str,
        typer.Argument(help=f"{in_words(READ)} file; - for stdin, a URL a line."),
    ] = "-",
    url_column: Annotated[
        str | None, typer.Option(help="The column of URLs; found by itself if there is one.")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(help="NAME=SELECTOR, a column of what matches first; CSS or XPath."),
    ] = None,
    select_all: Annotated[
        list[str] | None, typer.Option(help="NAME=SELECTOR, a column of all that matches.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE of any other option, as in ScrapingConfig: max_retries=1."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help=f"{in_words(WRITTEN)}, by the ending."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="To find the batch again; made from the URLs if not given.")
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(help="What a row holds: FILE.py:CLASS of a Record, or FILE.json of one."),
    ] = None,
    delay: Annotated[
        float | None, typer.Option(help="Seconds between two requests to one host.")
    ] = None,
    links: Annotated[bool, typer.Option("--links", help="Keep every link.")] = False,
    images: Annotated[bool, typer.Option("--images", help="Keep every image.")] = False,
    stealth: Annotated[
        bool, typer.Option("--stealth", help="Send a real browser's headers and TLS.")
    ] = False,
    render: Annotated[
        str | None,
        typer.Option(help="auto: a browser shows the pages that need one; always; never."),
    ] = None,
    wait_for: Annotated[
        str | None, typer.Option(help="A selector or text=... that a rendered page waits for.")
    ] = None,
    action: Annotated[
        list[str] | None,
        typer.Option(
            help='What a browser does on each page, as JSON: {"click": "#more"}; or @FILE.'
        ),
    ] = None,
    screenshot: Annotated[
        str | None,
        typer.Option(help="A picture of each page: window, full, or a selector of an element."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Each page as a PDF.")] = False,
    capture: Annotated[
        list[str] | None,
        typer.Option(help="Keep the JSON answers of URLs like this: '*/api/offers*'."),
    ] = None,
    console: Annotated[
        bool, typer.Option("--console", help="Keep the errors of pages' scripts.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch again, also where stored pages could answer.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try failed rows of this batch again.")
    ] = False,
    priority: Annotated[int, typer.Option(min=1, max=9, help="1 first, 9 last.")] = 5,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Fetch a column of URLs and write the table."""
    from scrapeq import frames
    from scrapeq.client import scrape as verbs
    from scrapeq.models.command_options import as_flags, config_from_options
    from scrapeq.project.submission import fingerprint

    if output is not None:
        frames.check_export_path(output)
    config = config_from_options(
        select=select,
        select_all=select_all,
        option=option,
        record=record,
        delay=delay,
        links=links,
        images=images,
        stealth=stealth,
        render=render,
        wait_for=wait_for,
        action=action,
        screenshot=screenshot,
        pdf=pdf,
        capture=capture,
        console=console,
    )
    column: Any = _stdin_urls() if source == "-" else frames.read_urls(source, url_column)
    values = column if isinstance(column, list) else column.values
    if not name:
        # A file's name may be no text: its odd bytes become question marks.
        stem = os.fsencode(Path(source).stem).decode(errors="replace") if source != "-" else "stdin"
        name = f"{stem}-{fingerprint(values, config)[:8]}"
    batch = None
    try:
        batch = verbs.scrape(column, name=name, config=config, priority=priority, refresh=refresh)
        if retry_failed and batch.is_done:
            batch.retry_failed()
        if batch.note:
            _say(as_flags(batch.note))
        _follow(batch, quiet=quiet)
    except KeyboardInterrupt:
        from scrapeq import display

        so_far = ""
        if batch is not None:
            so_far = f" at {batch.progress.done:,} of {display.counted(len(batch), 'row', 'rows')}"
        _say(f"stopped{so_far}; run the same command to continue")
        sys.exit(INTERRUPTED)
    _deliver(batch, output)
    _tell_failures(batch)
    sys.exit(_verdict(batch))


@app.command()
def export(
    batch: Annotated[str, typer.Argument(help="The name or id of a batch.")],
    output: Annotated[Path, typer.Argument(help=f"{in_words(WRITTEN)}, by the ending.")],
) -> None:
    """Write the table of a batch, also of one that still runs."""
    from scrapeq.client import scrape as verbs

    _say(_written(verbs.attach(batch, queue=_looking_queue()).export(output)))


@app.command()
def batches() -> None:
    """List the batches of this project, newest first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from scrapeq.display import plain

    table = Table("batch", "run", "state", "done", "of", "failed", box=None, pad_edge=False)
    for batch in _looking_queue().list_batches():
        table.add_row(
            escape(plain(batch.name or batch.id)),  # a file may be called urls[old].csv
            str(batch.run),
            batch.state.value,
            f"{batch.done:,}",
            f"{batch.total:,}",
            f"{batch.failed:,}",
        )
    Console().print(table)


@app.command()
def up(
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes.")] = None,
) -> None:
    """Start the private Redis and workers of this folder, to outlive kernels and terminals."""
    from scrapeq import cluster
    from scrapeq.settings import load_settings

    settings = load_settings()
    _refuse_shared(settings)
    cluster.up(settings, workers or settings.workers)
    _print_status()


@app.command()
def down() -> None:
    """End the private Redis and workers of this folder; submitted work is not lost."""
    from scrapeq import cluster
    from scrapeq.settings import load_settings

    _say("ended" if cluster.down(load_settings().home) else "nothing was running")


@app.command()
def status() -> None:
    """Print what runs in this folder: Redis, workers, open jobs, paused hosts."""
    _print_status()


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def worker(context: typer.Context) -> None:
    """Start a Celery worker; whatever follows goes to Celery (--queues, --concurrency, ...)."""
    command = [sys.executable, "-m", "celery", "-A", "scrapeq.pipeline.worker", "worker"]
    os.execv(sys.executable, [*command, "--loglevel=info", *context.args])  # noqa: S606 - our own


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Check this installation and its services; for what is wrong, print what to do.

    Exit status: 0 nothing is bad; 1 something is.
    """
    from scrapeq.checks.doctor import doctor as look
    from scrapeq.display import plain
    from scrapeq.models.command_options import as_flags

    found = look()
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    else:
        marks = {"good": "ok  ", "note": "note", "bad": "FAIL"}
        for check in found.checks:
            typer.echo(f"{marks[check.state]} {check.name}: {plain(check.result, 500)}")
            if check.hint:
                typer.echo(f"     → {plain(as_flags(check.hint), 500)}")
    sys.exit(ALL_GOOD if found.is_good else SOME_FAILED)


@app.command()
def metrics() -> None:
    """Print what the whole does once, in Prometheus's text format; nothing is started."""
    try:
        from scrapeq.api.metrics import as_text
    except ImportError as error:
        raise MissingExtra(
            f"metrics need {error.name}", hint="pip install 'scrapeq[server]'"
        ) from None
    typer.echo(as_text(_looking_queue()), nl=False)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one.")] = 8765,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Serve the dashboard to browsers of this machine, until it is interrupted."""
    import webbrowser

    from scrapeq.api.serve import serve

    def say(address: str) -> None:
        typer.echo(f"the dashboard is at {address}")
        _say(
            "everybody who has this address can use it; Ctrl-C ends it, and submitted work goes on"
        )
        if open_browser:
            webbrowser.open(address)

    serve(say, port=port)


app.command()(commands.serve)
app.add_typer(commands.tokens, name="token")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
) -> None:
    """Write this folder's project into one file: its record and its logins; work goes on meanwhile."""
    from scrapeq.project import archive
    from scrapeq.settings import load_settings

    made = archive.backup(load_settings(), file)
    _say(f"wrote {file}; batches: {made.rows['batches']:,}, pages: {made.rows['pages']:,}")
    _say("it holds what is secret in options and logins: keep it where only you can read it")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that scrapeq backup wrote.")],
) -> None:
    """Put a backup into this folder, which must have no record; open jobs go on when workers start."""
    from scrapeq.project import archive
    from scrapeq.settings import load_settings

    settings = load_settings()
    made = archive.restore(settings, file)
    _say(
        f"restored what was backed up on {made.made_at:%Y-%m-%d %H:%M} UTC into {settings.home}; "
        f"batches: {made.rows['batches']:,}"
    )


@app.command()
def move(
    database_url: Annotated[str, typer.Argument(help="postgresql://user@host/name, empty.")],
) -> None:
    """Copy this folder's record from SQLite into a PostgreSQL, and compare the counts."""
    from scrapeq.project import archive
    from scrapeq.settings import load_settings

    settings = load_settings()
    rows = archive.move(settings, database_url)
    _say(f"copied {sum(rows.values()):,} rows of {len(rows)} tables; the counts are the same")
    _say(f"from now on set SCRAPEQ_DATABASE_URL; {settings.database_path} is as it was")


@app.command()
def migrate(
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Take all of it back, and say how long it took.")
    ] = False,
) -> None:
    """Bring the tables of the record to this version, as whoever opens it first does."""
    from scrapeq import database
    from scrapeq.settings import load_settings

    settings = load_settings()
    if rehearse:
        tried = database.rehearsal.rehearse(settings)
        if tried.is_needed:
            _say(
                f"the tables go from version {tried.found} to {tried.wanted} in {tried.took_s:.1f} s; "
                "all of it was taken back"
            )
        elif tried.found:
            _say(f"the tables are of this version, {tried.wanted}: nothing to do")
        else:
            _say("there is no record yet, so there is nothing to rehearse")
        return
    found = database.inspection.inspect_record(settings).version
    database.open_database(settings).dispose()
    now = database.inspection.VERSION
    if found == now:
        _say(f"the tables are of this version, {now}: nothing to do")
    else:
        _say(f"the tables are of version {now} now; before: {found or 'none'}")


@app.command()
def cleanup(
    days: Annotated[
        float | None, typer.Option(min=0, help="Delete what ended longer ago than that.")
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=0, help="Keep so many rows at most; the oldest batches go.")
    ] = None,
) -> None:
    """Delete batches that are done, with their rows and pages; by default what the settings do not keep."""
    from scrapeq import clock, database
    from scrapeq.settings import load_settings

    settings = load_settings()
    if days is None and rows is None:
        days, rows = settings.keep_days, settings.keep_rows
    if days is None and rows is None:
        raise InputError(
            "nothing says what is to be kept",
            hint="name it: --days 90, --rows 1000000, or set SCRAPEQ_KEEP_DAYS or SCRAPEQ_KEEP_ROWS",
        )
    engine = database.open_database(settings)
    try:
        deleted = database.keeping.keep_only(engine, clock.now_ms(), days=days, rows=rows)
    finally:
        engine.dispose()
    batches = f"{deleted.batches:,} {'batch' if deleted.batches == 1 else 'batches'}"
    jobs = f"{deleted.jobs:,} {'job' if deleted.jobs == 1 else 'jobs'}"
    _say(f"deleted {batches}, {jobs}")


@app.command()
def login(
    name: Annotated[str, typer.Argument(help="What the login is called: shop.")],
    url: Annotated[str, typer.Argument(help="Where to log in.")],
    action: Annotated[
        list[str] | None,
        typer.Option(help="Log in by these instead of by hand, as JSON or @FILE."),
    ] = None,
) -> None:
    """Log in once in a browser; --option storage_state=NAME uses it."""
    from scrapeq.fetch.browser.login import login as log_in
    from scrapeq.models.command_options import actions_of

    log_in(name, url, actions=[one for word in action or [] for one in actions_of(word)])
    _say(f"kept; use it with --option storage_state={name}")


@app.command()
def demo(
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="URLs to fetch.")] = 200,
    output: Annotated[Path | None, typer.Option("--output", "-o")] = None,
) -> None:
    """Scrape a little web that runs on this machine, and show the table."""
    from contextlib import ExitStack

    from scrapeq import display
    from scrapeq.client import scrape as verbs
    from scrapeq.cluster import temporary
    from scrapeq.display import plain
    from scrapeq.settings import load_settings
    from scrapeq.testing import LittleWeb

    with ExitStack() as ending, LittleWeb(hosts=10) as web:
        home = temporary.make("demo")
        ending.callback(temporary.remove, home)
        settings = load_settings(SCRAPEQ_HOME=home / "home", SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True)
        urls = [record["url"] for record in web.urls(rows, failures=0.05)]
        _say(f"a little web of 10 hosts answers on this machine; {rows:,} of its URLs, 5 % broken:")
        batch = verbs.scrape(
            {"link": urls},
            url="link",
            name="demo",
            settings=settings,
            custom_selectors={"headline": "h1"},
            extract_links=True,
            retry_backoff_s=0.2,
        )
        _follow(batch, quiet=False)
        _deliver(batch, output)
        failed = batch.errors
        _say(f"\n{display.counted(len(failed), 'row', 'rows')} failed, each with its reason:")
        counts = failed["error_kind"].value_counts()
        for kind, count in counts[counts > 0].items():
            example = failed.loc[failed["error_kind"] == kind, "error_message"].iloc[0]
            _say(f"  {count:>4}  {kind:<14} {plain(example)}")
        _say(f"{len(batch.links):,} links were kept: batch.links")


# -- helpers ------------------------------------------------------------------------------------


def _follow(batch: BatchHandle, *, quiet: bool) -> None:
    """Show how far the batch is until it is done; on stderr, so that stdout can be piped."""
    if quiet or not sys.stderr.isatty():
        batch.wait()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}, {task.fields[failed]:,} failed"),
        TimeElapsedColumn(),
        TextColumn("·"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[away]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        bar = shown.add_task("pages", total=len(batch), failed=0, away="")
        for progress in batch.follow():
            away = f"· {progress.away}" if progress.away else ""
            shown.update(bar, completed=progress.done, failed=progress.failed, away=away)


def _written(path: Path) -> str:
    """What was written, in words."""
    from scrapeq.frames import files_folder

    folder = files_folder(path)
    return f"wrote {path} and {folder}" if folder.is_dir() else f"wrote {path}"


def _deliver(batch: BatchHandle, output: Path | None) -> None:
    if found := batch.findings().in_words():
        _say(found)
    if output is not None:
        _say(_written(batch.export(output)))
        return
    import pandas as pd

    wanted = ["url", "ok", "http_status", "title", "language", "error_kind"]
    frame = batch.table()
    columns = [*wanted, *(one for one in batch.batch.config.recipe.asked if one not in wanted)]
    with pd.option_context("display.width", 200, "display.max_colwidth", 36):
        from scrapeq.display import plain

        shown = frame[[one for one in columns if one in frame]].head(15).copy()
        for column in shown.select_dtypes(["string", "object"]):
            shown[column] = [
                plain(value, 60) if value is not pd.NA else "" for value in shown[column]
            ]
        typer.echo(shown.to_string())
    if len(frame) > len(shown):
        typer.echo(f"… {len(frame):,} rows; -o pages.csv writes them all, text and all columns")


def _tell_failures(batch: BatchHandle) -> None:
    """How many rows failed, of which kinds, and what to do about each; nothing if none did."""
    failed = batch.progress.failed
    if not failed:
        return
    from scrapeq import display

    _say(f"{display.counted(failed, 'row', 'rows')} failed:")
    problems = batch.problems
    errors = problems.loc[problems["problem"] == "error", ["name", "rows", "message", "advice"]]
    for kind, rows, *words in errors.itertuples(index=False, name=None):
        _say(f"  {rows:>6,}  {kind:<14} {display.plain('; '.join(filter(None, words)))}")


def _verdict(batch: BatchHandle) -> int:
    progress = batch.progress
    if progress.completed == progress.total:
        return ALL_GOOD
    return SOME_FAILED if progress.completed else ALL_FAILED


def _print_status() -> None:
    from scrapeq import cluster, display
    from scrapeq.display import plain, seconds
    from scrapeq.errors import RedisUnavailable
    from scrapeq.models.error_words import error_words
    from scrapeq.pipeline.job_queue import away, check
    from scrapeq.settings import load_settings

    settings = load_settings()
    if settings.shared:
        typer.echo(f"a Redis of your own is named by {settings.redis_named_by}")
    else:
        now = cluster.status(settings.home)
        if not now.running:
            typer.echo(f"nothing runs in {settings.home}; scrapeq up starts it")
            return
        typer.echo(
            f"Redis {now.redis_version or 'does not answer'}, {now.redis_memory_bytes / 1e6:.1f} MB; "
            f"{display.counted(now.worker_count, 'worker process', 'worker processes')}; up for {seconds(now.uptime_s)}; "
            f"{'stays until scrapeq down' if now.detached else f'held by {now.owners} processes'}"
        )
        if now.problem:
            typer.echo(f"problem: {now.problem}")
    queue = _looking_queue()
    try:
        check(queue)
        stats, paused = queue.get_queue_stats(), queue.paused_host_rows()
    except RedisUnavailable as error:
        found = away(queue, error)
        _fail(f"{found.what}: {found.advice}", BROKEN)
    counts = ", ".join(f"{count:,} {name}" for name, count in stats.status_counts.items() if count)
    typer.echo(
        f"{display.counted(stats.workers, 'worker answers', 'workers answer')}; jobs: {counts or 'none yet'}"
    )
    for host in paused[:MOST_PAUSED]:
        left = seconds(max(0.0, host.until_s - time.time()))
        typer.echo(
            f"paused: {plain(host.host, 60)} ({host.state.replace('_', ' ')}), for {left}; "
            f"{host.waiting:,} jobs wait; last error: {error_words(host.error_kind)}: "
            f"{plain(host.error_message, 120)}"
        )
    if len(paused) > MOST_PAUSED:
        typer.echo(
            f"… and {len(paused) - MOST_PAUSED:,} more hosts: get_job_queue().paused_hosts()"
        )


def _looking_queue() -> JobQueue:
    """A queue that looks without starting anything: the record is enough for most."""
    from scrapeq.pipeline.job_queue import get_looking_queue

    return get_looking_queue()


def _refuse_shared(settings: Settings) -> None:
    if settings.shared:
        raise ConfigError(
            f"{settings.redis_named_by} names a Redis of your own, which needs no private one",
            hint=f"start workers on it: scrapeq worker; or unset {settings.redis_named_by}",
        )


def _stdin_urls() -> list[str]:
    if sys.stdin.isatty():
        raise InputError("there are no URLs", hint="name a file, or pipe URLs in, one a line")
    lines = sys.stdin.buffer.read().decode("utf-8-sig", "replace").splitlines()
    found = [line.strip() for line in lines if line.strip()]
    if not found:
        raise InputError("stdin holds no URLs", hint="give one on each line")
    return found


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _fail(text: str, status: int) -> NoReturn:
    from scrapeq.models.command_options import as_flags

    typer.echo(f"scrapeq: {as_flags(text)}", err=True)
    sys.exit(status)
