"""One subject over one site: how fast, how much CPU and memory, and whether it found everything."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType

import process_tree
import static_site
import subject

HERE = Path(__file__).parent
HOSTS = 32


@dataclass(frozen=True)
class Measured:
    """One subject in one round.

    start_s: until it was ready, not part of the rest. CPU is user and system time of its whole
    tree of processes, MB (10^6 bytes) the largest sum over the tree.
    """

    start_s: float
    pages_per_s: float
    cpu_ms_per_page: float
    peak_mb: float


def crawl(
    command: list[object],
    pages: int,
    delay_s: float,
    more: Sequence[str] = (),
    *,
    in_flight: int = 128,
    asked: str = "article",
    corpus: Path | None = None,
) -> Measured:
    """Run one subject over a fresh static site; fail if what it found is not what is there.

    in_flight: requests at once. asked: which selectors, by a name of `subject.ASKED`. corpus: a folder of
    real pages that are served; of these is known that each has a title.
    """
    site = [HERE / "static_site.py", "--hosts", HOSTS, "--delay-s", delay_s]
    site += ["--corpus", corpus] if corpus else []
    paths = [f"/page/{number}" for number in range(pages)]
    there = {"rows": pages} if corpus else truth(pages)
    if "body" not in subject.ASKED[asked]:
        there.pop("bodies", None)
    return run(command, site, paths, there, HOSTS, more, subject.environment(in_flight, asked))


def run(
    command: list[object],
    site: list[object],
    paths: list[str],
    truth: dict[str, int],
    hosts: int,
    more: Sequence[str] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Measured:
    """Run one subject over a fresh site, the paths in turns over its hosts.

    truth: what it must find; SystemExit if it does not. more: arguments after those of all. environment:
    variables beside those of this process.
    """
    pages = len(paths)
    with (
        serving(site) as (site_pid, port),
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
    ):
        urls = Path(folder) / "urls.txt"
        urls.write_text(
            "\n".join(
                f"http://127.0.0.{number % hosts + 1}:{port}{path}"
                for number, path in enumerate(paths)
            )
        )
        rows = Path(folder) / "rows"
        rows.mkdir()
        began = time.monotonic()
        process = subprocess.Popen(
            [*map(str, command), str(urls), str(rows), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={n: value for n, value in os.environ.items() if not _is_ours(n)} | environment,
        )
        try:
            expect(process, "ready")
            start_s = time.monotonic() - began
            with process_tree.peak_memory_mb(site_pid) as memory:
                cpu_before_s, clock = process_tree.cpu_s(site_pid), time.monotonic()
                tell(process)
                expect(process, "finished")
                took_s = time.monotonic() - clock
                cpu_s = process_tree.cpu_s(site_pid) - cpu_before_s
            tell(process)
            found = json.loads(read_line(process))
            process.wait(timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process_tree.end_all(but_not=site_pid)
        if {name: found[name] for name in truth} != truth:
            raise SystemExit(f"{command[1]} found {found} where {truth} is there")
        return Measured(start_s, pages / took_s, 1000 * cpu_s / pages, max(memory))


def truth(pages: int) -> dict[str, int]:
    """What every subject must find."""
    links = [static_site.page(variant).count(b"<a ") for variant in range(static_site.VARIANTS)]
    return {
        "rows": pages,
        "links": sum(links[number % static_site.VARIANTS] for number in range(pages)),
        "prices": pages,
        "bodies": pages,
    }


def _is_ours(name: str) -> bool:
    """Settings of scrapeq's user are not to change what is measured."""
    return name.startswith(("SCRAPEQ_", "CELERY_", "REDIS_"))


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{process.args[1]} ended without a word")
    return line.strip()


def expect(process: subprocess.Popen[str], word: str) -> None:
    while read_line(process) != word:
        pass


@contextlib.contextmanager
def serving(command: list[object]) -> Iterator[tuple[int, int]]:
    """Process id and port of a site of our own."""
    site = subprocess.Popen(
        [sys.executable, *map(str, command)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield site.pid, int(read_line(site))
    finally:
        site.terminate()
        site.wait()


def medians_of(
    rounds: Mapping[str, Sequence[Measured]],
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """The median of each figure by subject, and those of the first subject, for ratios to it."""
    medians = {
        name: {
            field.name: statistics.median(getattr(one, field.name) for one in done)
            for field in fields(Measured)
        }
        for name, done in rounds.items()
    }
    return medians, next(iter(medians.values()))


def versions(python: str, *packages: str) -> str:
    """The versions of packages in the environment of this Python."""
    code = (
        "import sys; from importlib.metadata import version; "
        "print(', '.join(f'{name} {version(name)}' for name in sys.argv[1:]))"
    )
    return subprocess.run(
        [python, "-c", code, *packages], check=True, capture_output=True, text=True
    ).stdout.strip()
