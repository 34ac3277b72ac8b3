"""How right main text, titles, authors and dates are, beside other libraries, in one run.

    python benchmarks/extraction.py FOLDER --peers-python .venv-peers/bin/python [--write]

FOLDER holds pages and what is known of them (see labelled_pages.py), such as the unpacked development
part of WCXB. For each field and reader it prints precision, recall and F1:

    text    mean per page of the share of words that are right, of those found and of those known
    title   the same after folding case, width and punctuation
    author  the same set of names
    date    the same day

"invented" counts values given for a page that is known to have none. The interval is that of F1 in 95 %
of 1,000 samples of the pages, drawn with replacement. CPU is per page; readers take turns with nobody, so
look at ratios. --half held-out: only the sites that nobody looked at while rules were written.
--readings KEPT: what was read is kept there as JSON, and not read again if it is there, so that only what
changed has to be. --write: the tables of the held-out half into docs/evaluation.md, with scrapeq's own of the
other half beside them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from labelled_pages import HALVES, LabelledPage, comparable, labelled_pages, word_f1
from measure import versions
from page_readers import READERS
from written import put, today

HERE = Path(__file__).parent
SAMPLES = 1_000
USUAL = [name for name in READERS if name not in {"scrapeq off"}]


@dataclass(frozen=True)
class Judged:
    """One value of one page: shares of what was found and of what is known that are right, and F1 of
    the page's own words (texts only)."""

    found: bool
    known: bool
    precision: float
    recall: float
    f1: float


def judge(field: str, found: Any, known: Any) -> Judged:
    """What was found on a page, compared with what is known of it."""
    ours, theirs = comparable(field, found), comparable(field, known)
    if field == "text":
        common = (ours & theirs).total()
        precision = common / ours.total() if ours else float(not theirs)
        recall = common / theirs.total() if theirs else float(not ours)
        return Judged(bool(ours), bool(theirs), precision, recall, word_f1(ours, theirs))
    right = float(bool(theirs) and ours == theirs)
    return Judged(bool(ours), bool(theirs), right, right, right)


@dataclass(frozen=True)
class Score:
    """precision, recall, f1: of all pages. low, high: the interval of f1."""

    precision: float
    recall: float
    f1: float
    low: float
    high: float
    invented: int
    right: int
    known: int


def f1_of(field: str, pages: list[Judged]) -> tuple[float, float, float]:
    """Precision, recall, F1."""
    if field == "text":
        number = max(1, len(pages))
        return (
            sum(one.precision for one in pages) / number,
            sum(one.recall for one in pages) / number,
            sum(one.f1 for one in pages) / number,
        )
    right = sum(one.f1 for one in pages)
    found = sum(one.found for one in pages)
    known = sum(one.known for one in pages)
    return right / max(1, found), right / max(1, known), 2 * right / max(1, found + known)


def score(field: str, pages: list[Judged]) -> Score:
    """The figures of one field and reader."""
    draw = Random(1)  # the same samples for every reader, so that intervals can be compared
    drawn = sorted(f1_of(field, draw.choices(pages, k=len(pages)))[2] for _ in range(SAMPLES))
    return Score(
        *f1_of(field, pages),
        drawn[int(0.025 * SAMPLES)],
        drawn[int(0.975 * SAMPLES) - 1],
        sum(one.found and not one.known for one in pages),
        round(sum(one.f1 for one in pages)),
        sum(one.known for one in pages),
    )


def gain(field: str, ours: list[Judged], theirs: list[Judged]) -> tuple[float, float, float]:
    """F1 of one reader less that of another over the same pages, and the interval of that."""
    draw = Random(1)
    pairs = list(zip(ours, theirs, strict=True))

    def of(some: list[tuple[Judged, Judged]]) -> float:
        return f1_of(field, [one for one, _ in some])[2] - f1_of(field, [one for _, one in some])[2]

    drawn = sorted(of(draw.choices(pairs, k=len(pairs))) for _ in range(SAMPLES))
    return of(pairs), drawn[int(0.025 * SAMPLES)], drawn[int(0.975 * SAMPLES) - 1]


Reading = dict[str, dict[str, Any]]


def read_all(
    names: list[str], folder: Path, half: str | None, peers: str, kept: Path | None
) -> dict[str, Reading]:
    """What each reader found, by page; each in a process of its own."""
    found: dict[str, Reading] = {}
    for name in names:
        file = kept / f"{name} {half or 'all'}.jsonl" if kept else None
        if file is not None and file.is_file():
            text = file.read_text(encoding="utf-8")
        else:
            python = sys.executable if name.startswith("scrapeq") else peers
            command = [python, HERE / "page_readers.py", name, folder]
            command += ["--half", half] if half else []
            done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
            if done.returncode:
                print(f"{name}: could not be run", file=sys.stderr)
                continue
            text = done.stdout
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        found[name] = {line["page"]: line for line in lines}
        cpu_ms = sum(line["cpu_ms"] for line in lines) / max(1, len(lines))
        failed = sum("failed" in line["values"] for line in lines)
        print(f"{name}: {cpu_ms:.1f} ms a page{f', {failed} failed' if failed else ''}", flush=True)
    return found


def judged(field: str, pages: list[LabelledPage], reading: Reading) -> list[Judged] | None:
    """Each page's value; None for a reader that does not give this field."""
    if not any(field in one["values"] for one in reading.values()):
        return None
    return [
        judge(field, reading[page.name]["values"].get(field), page.known[field])
        for page in pages
        if field in page.known
    ]


def table(field: str, pages: list[LabelledPage], readings: dict[str, Reading]) -> list[str]:
    """Rows of one field, a reader each."""
    rows = [
        f"| {field} | pages | precision | recall | F1 | 95 % | invented | CPU, ms |",
        "|---|---:|---:|---:|---:|---|---:|---:|",
    ]
    for name, reading in readings.items():
        values = judged(field, pages, reading)
        if not values:
            continue
        one = score(field, values)
        cpu_ms = sum(reading[page.name]["cpu_ms"] for page in pages) / len(pages)
        rows.append(
            f"| {name} | {len(values):,} | {one.precision:.3f} | {one.recall:.3f} | {one.f1:.3f} "
            f"| {one.low:.3f}–{one.high:.3f} | {one.invented} | {cpu_ms:.1f} |"
        )
    return rows


def by_kind(pages: list[LabelledPage], readings: dict[str, Reading], name: str) -> list[str]:
    """F1 of one reader by kind of page; of the text, the gain over trafilatura too."""
    rows = [
        f"| {name} | pages | text | beside trafilatura | title | author | invented | date | invented |",
        "|---|---:|---:|---|---:|---:|---:|---:|---:|",
    ]
    kinds = sorted({page.kind for page in pages})
    groups = [(kind, [page for page in pages if page.kind == kind]) for kind in kinds]
    mixed = [page for page in pages if page.kind != "article"]
    groups += [("all but articles", mixed)] if 0 < len(mixed) < len(pages) else []
    for kind, some in [*groups, ("all", pages)]:
        scores = {}
        for field in ("text", "title", "author", "date"):
            if values := judged(field, some, readings[name]):
                scores[field] = score(field, values)
        cells = [f"{scores[one].f1:.3f}" if one in scores else "" for one in ("text", "title")]
        cells.insert(1, _gain(some, readings, name) if "text" in scores else "")
        for one in ("author", "date"):
            known = scores.get(one)
            cells += [f"{known.f1:.3f}", str(known.invented)] if known else ["", ""]
        rows.append(f"| {kind} | {len(some):,} | {' | '.join(cells)} |")
    return rows


def _gain(pages: list[LabelledPage], readings: dict[str, Reading], name: str) -> str:
    if "trafilatura" not in readings:
        return ""
    ours = judged("text", pages, readings[name]) or []
    theirs = judged("text", pages, readings["trafilatura"]) or []
    if not ours or not theirs:
        return ""
    more, low, high = gain("text", ours, theirs)
    return f"{more:+.3f} ({low:+.3f} to {high:+.3f})"


def by_source(pages: list[LabelledPage], reading: Reading) -> list[str]:
    """How often each source of scrapeq's values is right, wrong, or invents one."""
    rows = ["| source | values | right | wrong | invented |", "|---|---:|---:|---:|---:|"]
    for field in ("title", "author", "date"):
        counts: dict[str, list[int]] = {}
        for page in pages:
            values = reading[page.name]["values"]
            one = judge(field, values.get(field), page.known.get(field))
            if field not in page.known or not one.found:
                continue
            source = (values.get("sources") or {}).get(field) or ""
            count = counts.setdefault(source, [0, 0, 0])
            count[0 if one.f1 else 1 if one.known else 2] += 1
        for source, count in sorted(counts.items(), key=lambda item: -sum(item[1])):
            cells = " | ".join(str(number) for number in (sum(count), *count))
            rows.append(f"| {field}: {source} | {cells} |")
    return rows


def write(parts: list[list[str]], pages: int, tools: str) -> None:
    """The tables between the marks of the docs page."""
    head = f"Measured on {today()} on {pages:,} pages of the held-out half; {tools}."
    put("evaluation.md", "extraction", __file__, head, *("\n".join(part) for part in parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--half", choices=HALVES, help="only the sites of this half")
    parser.add_argument("--readers", nargs="*", default=USUAL, choices=READERS, metavar="NAME")
    parser.add_argument("--readings", type=Path, metavar="KEPT", help="a folder for what was read")
    parser.add_argument("--write", action="store_true", help="into docs/evaluation.md")
    options = parser.parse_args()
    peers = str(Path(options.peers_python).absolute())
    half = HALVES[1] if options.write else options.half

    pages = list(labelled_pages(options.folder, half))
    if not pages:
        sys.exit(f"no pages with something known of them below {options.folder}")
    readings = read_all(options.readers, options.folder, half, peers, options.readings)
    tools = versions(peers, *sorted({READERS[name][2] for name in readings} - {"scrapeq"}))
    parts = [table(field, pages, readings) for field in ("text", "title", "author", "date")]
    ours = [name for name in readings if name.startswith("scrapeq")]
    parts += [by_kind(pages, readings, name) for name in ours]
    parts += [by_source(pages, readings[ours[0]])] if ours else []
    if options.write:
        tuned = list(labelled_pages(options.folder, HALVES[0]))
        other = read_all(ours[:1], options.folder, HALVES[0], peers, options.readings)
        rows = by_kind(tuned, other, ours[0])
        rows[0] = rows[0].replace(f"| {ours[0]} |", f"| {ours[0]}, tuned-on half |")
        parts.append(rows)
        write(parts, len(pages), tools)
    print(tools)
    for part in parts:
        print("\n" + "\n".join(part))


if __name__ == "__main__":
    main()
