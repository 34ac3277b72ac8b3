"""Classes stay small, and what lies outside reaches the services only through the queue."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Folders whose modules know what a project is made of. All others have a queue, a monitor, a handle.
INSIDE = ("pipeline", "client", "project", "work")
MOST_METHODS = 25


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Each module below the folders: its path in the repository, and its syntax."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), tree_of(path)


@cache
def tree_of(path: Path) -> ast.Module:
    """The syntax of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def test_nobody_outside_reaches_through_a_queue() -> None:
    inside = tuple(f"scrapeq/{folder}/" for folder in INSIDE)
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees("scrapeq", "benchmarks")
        if not name.startswith(inside)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "services"
    ]

    assert not found


def test_no_class_has_many_methods() -> None:
    counts = {
        f"{name}: {node.name}": sum(isinstance(one, ast.FunctionDef) for one in node.body)
        for name, tree in trees("scrapeq")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    assert len(counts) > 100
    assert not {name: count for name, count in counts.items() if count > MOST_METHODS}
