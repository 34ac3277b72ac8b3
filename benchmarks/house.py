"""Figures of the code itself: classes, methods, uses of Any, and what a change has to touch.

    python benchmarks/house.py [COMMIT ...]

Without a commit, the files as they are. See docs/decisions/0012-the-house-opens.md.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import tarfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).parents[1]
MOST_METHODS = 20
LONG_CLASS = 300
#: A file that names most of these lists a page's columns, so that a new column touches it.
COLUMNS = (
    "final_url", "http_status", "error_message", "fetched_at", "elapsed_s", "body_bytes",
    "from_store", "published_at",
)  # fmt: skip
MOST_COLUMNS = 6
_FETCHER = re.compile(r"\w*(Fetcher|Visitor|Transport)")

Sources = dict[str, str]


def at_commit(commit: str) -> Sources:
    """The Python files and pyproject.toml of a commit, by path."""
    archive = subprocess.run(
        ["git", "archive", commit, "scrapeq", "pyproject.toml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name: file.read().decode()
            for member in tar
            if member.name.endswith((".py", ".toml")) and (file := tar.extractfile(member))
        }


def as_it_is() -> Sources:
    """The same of the working tree."""
    paths = [ROOT / "pyproject.toml", *sorted((ROOT / "scrapeq").rglob("*.py"))]
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}


class House:
    """One state of the tree, parsed."""

    def __init__(self, sources: Sources) -> None:
        self.contracts = tomllib.loads(sources["pyproject.toml"])["tool"]["importlinter"][
            "contracts"
        ]
        self.texts = {name: text for name, text in sources.items() if name.endswith(".py")}
        self.trees = {name: ast.parse(text) for name, text in self.texts.items()}

    def nodes(self) -> Iterator[tuple[str, ast.AST]]:
        for name, tree in self.trees.items():
            for node in ast.walk(tree):
                yield name, node

    def classes(self) -> list[ast.ClassDef]:
        return [node for _, node in self.nodes() if isinstance(node, ast.ClassDef)]

    def uses_of_any(self) -> int:
        """The name in an annotation or elsewhere; its import is none."""
        return sum(isinstance(node, ast.Name) and node.id == "Any" for _, node in self.nodes())

    def dicts_of_any(self) -> int:
        return sum(
            isinstance(node, ast.Subscript) and ast.unparse(node) == "dict[str, Any]"
            for _, node in self.nodes()
        )

    def naming_columns(self) -> list[str]:
        """Files that list a page's columns."""
        return [
            name
            for name, text in self.texts.items()
            if sum(bool(re.search(rf"\b{column}\b", text)) for column in COLUMNS) >= MOST_COLUMNS
        ]

    def naming_fetchers(self) -> list[str]:
        """Files outside fetch and testing that name a fetcher's class, and not just the protocol."""
        concrete = {
            node.name
            for name, node in self.nodes()
            if name.startswith("scrapeq/fetch/")
            and isinstance(node, ast.ClassDef)
            and _FETCHER.fullmatch(node.name)
            and "Protocol" not in map(ast.unparse, node.bases)
        }
        return sorted(
            {
                name
                for name, node in self.nodes()
                if isinstance(node, ast.Name)
                and node.id in concrete
                and not name.startswith(("scrapeq/fetch/", "scrapeq/testing/"))
            }
        )


def methods(one: ast.ClassDef) -> int:
    return sum(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in one.body)


def lines(one: ast.ClassDef) -> int:
    return (one.end_lineno or one.lineno) - one.lineno + 1


def largest(house: House, measure: Callable[[ast.ClassDef], int]) -> str:
    top = max(house.classes(), key=measure)
    return f"{measure(top)} ({top.name})"


def listed(names: list[str]) -> str:
    short = ", ".join(name.removeprefix("scrapeq/") for name in names)
    return f"{len(names)} ({short})" if names else "0"


def figures(house: House) -> dict[str, str]:
    """Each figure by its name, as it is printed."""
    classes = house.classes()
    return {
        "files": f"{len(house.texts)}",
        "lines": f"{sum(text.count(chr(10)) for text in house.texts.values()):,}",
        "lines of the longest file": max(
            f"{text.count(chr(10)):>5} ({name.removeprefix('scrapeq/')})"
            for name, text in house.texts.items()
        ).strip(),
        "classes": f"{len(classes)}",
        "methods of a class, mean": f"{mean(map(methods, classes)):.1f}",
        "methods of a class, most": largest(house, methods),
        f"classes with more than {MOST_METHODS} methods": f"{sum(methods(one) > MOST_METHODS for one in classes)}",
        "lines of a class, most": largest(house, lines),
        f"classes of more than {LONG_CLASS} lines": f"{sum(lines(one) > LONG_CLASS for one in classes)}",
        "uses of Any": f"{house.uses_of_any()}",
        "of them dict[str, Any]": f"{house.dicts_of_any()}",
        "import contracts": f"{len(house.contracts)}",
        "files that list a page's columns": listed(house.naming_columns()),
        "files outside fetch that name a fetcher's class": listed(house.naming_fetchers()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commits", nargs="*")
    commits = parser.parse_args().commits
    houses = [House(at_commit(commit)) for commit in commits] or [House(as_it_is())]
    columns = [figures(house) for house in houses]
    print("| | " + " | ".join(commits or ["now"]) + " |")
    print("|---|" + "---|" * len(columns))
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(column[name] for column in columns) + " |")


if __name__ == "__main__":
    main()
