"""Every message that a person meets says what happened, and what to do now, in the form in which they
can do it: an option of Python in a notebook, a flag on the command line."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from scrapeq import errors
from scrapeq.errors import ScrapeqError
from scrapeq.models import ErrorKind
from scrapeq.models.command_options import as_flags
from scrapeq.models.error_words import ADVICE, WORDS
from scrapeq.models.page_kind import ADVICE as PAGE_ADVICE

PACKAGE = Path(errors.__file__).parent
CLASSES = {
    name: one
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, (ScrapeqError, Warning)) and one is not Warning
}
#: What a file has in it that makes one.
MAKES_ONE = re.compile(rf"\b(?:{'|'.join(CLASSES)})\s*\(")
#: What only Python writes: a call, an argument, an attribute of a batch.
PYTHON = re.compile(r"\w+\(\)|\bbatch\.\w+|(?<!--option )\b[a-z_]+=")
#: What is raised where no command comes by: by tasks, by other methods, by what was unpickled.
OF_PYTHON_ALONE = (
    *("llm/task.py", "extract/selectors.py", "frames/files.py", "frames/tables.py"),
    *("models/record_class.py", "records/checking.py"),
    *("models/timetable.py", "client/schedules.py", "project/scheduling.py"),
    "client/callbacks.py",
)
#: Beside what Python writes, these name a command that does the same.
NAMES_A_COMMAND = re.compile(r"scrapeq (?:up|down|worker|status|doctor)")


class Raised(NamedTuple):
    """An error that is made somewhere: its words, with {} where a value stands; None: no literal."""

    line: int
    kind: str
    problem: str | None
    hint: str | None


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant():
            return str(node.value)
        case ast.JoinedStr():
            return "".join(
                str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values
            )
        case ast.BinOp():
            return _text(node.left) + _text(node.right)
        case ast.IfExp():
            return f"{_text(node.body)} | {_text(node.orelse)}"
    return "{}"


#: They are parsed in the tests: every process of a run loads this file, and one runs it.
FILES = [
    path.relative_to(PACKAGE).as_posix()
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.name != "errors.py" and MAKES_ONE.search(path.read_text(encoding="utf-8"))
]


@cache
def raised(file: str) -> list[Raised]:
    """The errors that a file makes."""
    found = []
    for node in ast.walk(ast.parse((PACKAGE / file).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in CLASSES and issubclass(CLASSES[name], ScrapeqError):
            hints = [one.value for one in node.keywords if one.arg == "hint"]
            found.append(
                Raised(
                    node.lineno,
                    name,
                    _text(node.args[0]) if node.args else None,
                    _text(hints[0]) if hints else None,
                )
            )
    return found


def test_the_tree_at_the_top_has_every_class() -> None:
    drawn = set(re.findall(r"^(?:[ │├└─]+)(\w+) {2,}\S", errors.__doc__ or "", re.MULTILINE))

    assert drawn == set(CLASSES) - {"ScrapeqError"}


def test_every_class_is_raised_with_what_to_do() -> None:
    every = [one for file in FILES for one in raised(file)]
    assert len(every) > 100
    assert {one.kind for one in every} == {
        name
        for name, one in CLASSES.items()
        if issubclass(one, ScrapeqError) and one is not ScrapeqError
    }
    assert not [one for one in every if not one.problem or not one.hint]


@pytest.mark.parametrize("file", FILES)
def test_an_error_is_two_plain_halves(file: str) -> None:
    """They are put together as "problem; hint", so neither ends like a sentence."""
    for one in raised(file):
        assert one.problem, one
        assert one.hint, one
        assert not one.problem.endswith((".", ";", ",")), one
        assert not one.hint.endswith((".", ";", ",")), one


@pytest.mark.parametrize("file", FILES)
def test_on_the_command_line_it_is_a_flag(file: str) -> None:
    for one in raised(file):
        if file.startswith(OF_PYTHON_ALONE) or "batch.export" in (one.hint or ""):
            continue
        shown = as_flags((one.hint or "").replace("{}", "'x'"))

        assert not PYTHON.search(shown) or NAMES_A_COMMAND.search(shown), (one, shown)


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_of_error_has_words_and_advice_in_both_forms(kind: ErrorKind) -> None:
    assert WORDS[kind]
    advice = ADVICE[kind]
    assert advice
    assert not advice.endswith(".")
    assert not PYTHON.search(as_flags(advice)), as_flags(advice)
    assert "--" not in advice  # a flag is for the command line


def test_advice_on_kinds_of_pages_is_in_both_forms() -> None:
    for advice in PAGE_ADVICE.values():
        shown = as_flags(advice)
        assert not PYTHON.search(shown), shown
