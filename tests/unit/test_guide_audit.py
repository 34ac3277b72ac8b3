"""The audit of the guide is whole: every heading, block and method of it has its line, with a test
that exists."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from scrapeq.models import ScrapingConfig
from scrapeq.pipeline import worker
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.monitor import JobMonitor

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "tests/acceptance/guide_code.md").read_text("utf-8")
AUDIT = (ROOT / "docs/reference/guide-audit.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in AUDIT.splitlines()
    if re.match(r"\| \d", line)
]
TESTS = sorted({row[-1].strip("`| ") for row in ROWS})


def listed(name: str) -> list[str]:
    """The lines of a list beside the guide's code."""
    found = re.search(rf"^```text {name}\n(.*?)^```", GUIDE, re.M | re.S)
    assert found
    return found[1].splitlines()


BLOCKS = re.findall(r"^```(?:python|bash) (\w+)$", GUIDE, re.M)
REFERENCE = listed("reference")


@pytest.mark.parametrize("heading", listed("headings"))
def test_every_heading_has_its_line(heading: str) -> None:
    assert any(re.sub(r"^\| *|^\d+ ", "", row[0]) == heading for row in ROWS)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_of_code_has_its_line(block: str) -> None:
    assert f"block `{block}`" in AUDIT


def test_every_line_says_how_it_is() -> None:
    for row in ROWS:
        assert len(row) == 4, row
        assert re.match(r"works|differs: |what can be meant", row[2]), row


@pytest.mark.parametrize("test", TESTS)
def test_every_test_that_is_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}

    assert name in names


@pytest.mark.parametrize("method", REFERENCE)
def test_the_methods_of_the_reference_take_its_arguments(method: str) -> None:
    name, _, arguments = method.rstrip(")").partition("(")
    owners = [owner for owner in (JobQueue, JobMonitor, worker) if hasattr(owner, name)]
    (owner,) = owners
    found = getattr(owner, name)
    taken = inspect.signature(getattr(found, "run", found)).parameters

    assert set(filter(None, arguments.split(", "))) <= set(taken)
    assert f"{name}(" in AUDIT


def test_the_guides_files_are_there() -> None:
    for name in ("job_queue", "worker", "monitor"):
        assert (ROOT / f"scrapeq/pipeline/{name}.py").is_file()


def test_the_options_that_the_guide_names_are_there() -> None:
    named = {
        *("wait_time", "max_retries", "use_stealth", "extract_links", "extract_images"),
        *("custom_selectors", "delay_between_requests"),
    }

    assert named <= set(ScrapingConfig.model_fields)
