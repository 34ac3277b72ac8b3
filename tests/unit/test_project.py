"""The tree obeys: what is in git names no machine, and the documents agree with the code."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import scrapeq
from scrapeq.models import ErrorKind, ScrapingConfig

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: In two halves, so that this file does not hold what it looks for.
MACHINE_PATHS = ["/" + "home/", "/" + "root/", "/" + "Users/", "/" + "work/"]
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted",
    "conda." + "anaconda",
    "npmjs" + ".org",
]


def tracked_files() -> list[Path]:
    """The text files that git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


@pytest.mark.parametrize("banned", MACHINE_PATHS + REGISTRIES)
def test_no_file_names_a_machine_or_a_registry(banned: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line[:80]}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if banned in line
    ]

    assert not found


def test_the_lock_has_a_hash_for_everything_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", lock.partition("\n\n")[2] or lock)

    assert "://" not in lock
    assert not [entry for entry in entries if "==" in entry and "--hash=sha256:" not in entry]


def test_the_lock_has_every_dependency() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [
        *PROJECT["project"]["dependencies"],
        *(one for many in extras.values() for one in many),
    ]
    names = {plain(re.split(r"[\[<>=; ]", one)[0]) for one in asked}

    assert names - {"scrapeq"} <= locked


def plain(name: str) -> str:
    """A package's name in the form in which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_changelog_knows_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"\n## [{scrapeq.__version__}]" in changelog


def test_importing_scrapeq_loads_nothing_heavy() -> None:
    heavy = ["pandas", "pyarrow", "celery", "redis", "sqlalchemy", "aiohttp", "pydantic", "openai"]
    script = f"import sys, scrapeq; print(*[name for name in {heavy} if name in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout

    assert loaded.split() == []


@pytest.mark.parametrize("name", scrapeq.__all__)
def test_every_name_of_the_front_door_opens(name: str) -> None:
    assert getattr(scrapeq, name) is not None


def test_the_front_door_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        scrapeq.no_such_name


def test_every_entry_point_exists() -> None:
    for target in PROJECT["project"]["scripts"].values():
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_readme_tells_every_option_with_its_default() -> None:
    told = {
        name: ast.literal_eval(default)
        for name, default in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", README, re.MULTILINE)
    }
    there = {
        name: field.get_default(call_default_factory=True)
        for name, field in ScrapingConfig.model_fields.items()
    }

    assert told == there


def test_the_readme_tells_every_kind_of_error() -> None:
    table = README.partition("| `error_kind` |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)

    assert sorted(told) == sorted(ErrorKind)


def test_the_readme_tells_every_part_of_the_tree() -> None:
    table = README.partition("| folder |")[2].partition("\n\n")[0]
    told = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row)}
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]

    assert told == {name.strip() for layer in layers for name in layer.split("|")}


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))

    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]


def outputs_of(notebook: Path) -> list[dict[str, object]]:
    """What each output of a saved notebook shows, by type."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [one["data"] for cell in cells for one in cell.get("outputs", ()) if "data" in one]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_saved_notebook_shows_itself_without_a_kernel(path: Path) -> None:
    """See notebooks/save.py."""
    shown = outputs_of(path)

    assert shown
    assert not [one for one in shown if "application/vnd.jupyter.widget-view+json" in one]
    assert "widgets" not in json.loads(path.read_text(encoding="utf-8"))["metadata"]
    figures = [one for one in shown if "application/vnd.plotly.v1+json" in one]
    assert all("image/png" in one for one in figures)
    assert path.stat().st_size < 300_000
    assert "/tmp/" not in json.dumps(shown)  # nor where it ran
