"""Every warning of scrapeq points at the line of whoever called it."""

from __future__ import annotations

import ast
import warnings
from pathlib import Path

import pandas as pd
import pytest

import scrapeq
from scrapeq import frames

PACKAGE = Path(scrapeq.__file__).parent


def read_german_excel(tmp_path):
    (tmp_path / "a.csv").write_bytes("url;name\nhttp://x.de/;Müller\n".encode("cp1252"))
    frames.read_urls(tmp_path / "a.csv")


def pack_what_arrow_cannot_hold(_tmp_path):
    frames.pack_table(pd.DataFrame({"n": [1 + 2j, 3.5]}))


def pack_a_strange_label(_tmp_path):
    frames.pack_table(pd.DataFrame({frozenset({1}): [1]}))


def export_more_than_a_cell_holds(tmp_path):
    frames.export(pd.DataFrame({"text": ["x" * 40_000]}), tmp_path / "a.xlsx")


@pytest.mark.parametrize(
    "act",
    [
        read_german_excel,
        pack_what_arrow_cannot_hold,
        pack_a_strange_label,
        export_more_than_a_cell_holds,
    ],
)
def test_a_warning_names_the_users_file(act, tmp_path):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        act(tmp_path)

    assert seen
    assert {one.filename for one in seen} == {__file__}


def test_nobody_warns_but_by_way_of_the_one_that_finds_the_users_line():
    calls = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        if path.name != "errors.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr == "warn"
        and getattr(node.value, "id", "") == "warnings"
    ]

    assert not calls
