"""The tree obeys: what is in git names no machine, and the documents agree with the code."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import AliasChoices

import scrapeq
from scrapeq import cli
from scrapeq.frames.pages import PAGE_COLUMNS
from scrapeq.models import ErrorKind, ScrapingConfig
from scrapeq.models.error_words import WORDS
from scrapeq.settings import Settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

#: In two halves, so that this file does not hold what it looks for.
MACHINE_PATHS = ["/" + "home/", "/" + "root/", "/" + "Users/", "/" + "work/"]
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted",
    "conda." + "anaconda",
    "npmjs" + ".org",
]


@cache
def tracked_texts() -> dict[Path, str]:
    """What the text files hold that git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    bodies = {path: path.read_bytes() for path in paths if path.is_file()}
    return {
        path: body.decode(errors="replace") for path, body in bodies.items() if b"\0" not in body
    }


@pytest.mark.parametrize("banned", MACHINE_PATHS + REGISTRIES)
def test_no_file_names_a_machine_or_a_registry(banned: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line[:80]}"
        for path, text in tracked_texts().items()
        if banned in text  # to look at every line of every file takes ten times as long
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(rf"(?<!\w){re.escape(banned)}", line)  # not a folder of ours: scrapeq/work/
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


@pytest.mark.parametrize("module", ["scrapeq", "scrapeq.pipeline.job_queue"])
def test_importing_it_loads_nothing_heavy(module: str) -> None:
    heavy = ["pandas", "pyarrow", "celery", "redis", "sqlalchemy", "aiohttp", "pydantic", "openai"]
    script = f"import sys, {module}; print(*[name for name in {heavy} if name in sys.modules])"

    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout

    assert loaded.split() == []


@pytest.mark.parametrize("name", scrapeq.__all__)
def test_every_name_of_the_front_door_opens(name: str) -> None:
    assert getattr(scrapeq, name) is not None


@pytest.mark.parametrize(
    "package", ["database", "frames", "frontier", "models", "project"], ids=str
)
def test_every_name_that_a_package_loads_on_first_use_is_there(package: str) -> None:
    opened = importlib.import_module(f"scrapeq.{package}")

    assert None not in [getattr(opened, name) for name in opened.__all__]
    with pytest.raises(AttributeError, match="no_such_name"):
        opened.no_such_name


def test_the_front_door_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        scrapeq.no_such_name


def test_every_entry_point_exists() -> None:
    for target in PROJECT["project"]["scripts"].values():
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def page(name: str) -> str:
    """A page of the documentation."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def table(text: str, first: str) -> list[str]:
    """The rows of the table whose first column has this title, without its head."""
    head = f"| {first} |"
    assert head in text
    return [row for row in text.partition(head)[2].partition("\n\n")[0].splitlines()[2:] if row]


def firsts(text: str, first: str) -> list[str]:
    """The names in the first column of that table, in their order."""
    return [
        name for row in table(text, first) for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    ]


def test_every_option_is_documented_with_its_default() -> None:
    rows = table(page("reference/options.md"), "option")
    documented = {
        name: ast.literal_eval(default)
        for row in rows
        for name, default in re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", row)
    }
    there = {
        name: field.get_default(call_default_factory=True)
        for name, field in ScrapingConfig.model_fields.items()
    }

    assert documented == there


def test_every_kind_of_error_is_documented() -> None:
    assert sorted(firsts(page("reference/errors.md"), "`error_kind`")) == sorted(ErrorKind)


def test_every_kind_of_error_has_words() -> None:
    assert set(WORDS) == set(ErrorKind)


def test_every_column_is_documented_in_its_order() -> None:
    assert firsts(page("reference/columns.md"), "column") == list(PAGE_COLUMNS)


def test_every_folder_is_documented() -> None:
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    folders = {name.strip() for layer in layers for name in layer.split("|")}

    assert set(firsts(page("reference/tree.md"), "folder")) == folders


def test_every_environment_variable_is_documented() -> None:
    aliases = [field.validation_alias for field in Settings.model_fields.values()]
    variables = {
        str(name)
        for alias in aliases
        for name in (alias.choices if isinstance(alias, AliasChoices) else [alias])
    }
    documented = firsts(page("reference/settings.md"), "variable")

    assert sorted(documented) == sorted(variables)


def test_every_command_and_its_options_are_documented() -> None:
    text = page("reference/command-line.md")
    command = typer.main.get_command(cli.app)
    assert isinstance(command, typer.core.TyperGroup)
    commands = [*command.commands.values()]
    groups = [one for one in commands if isinstance(one, typer.core.TyperGroup)]
    commands += [one for group in groups for one in group.commands.values()]
    flags = {flag for one in (command, *commands) for flag in flags_of(one)}

    assert firsts(text, "command") == [f"scrapeq {name}" for name in command.commands]
    assert set(re.findall(r"`(--?[a-z][a-z-]*)`", text)) == flags


def flags_of(command: Any) -> set[str]:
    return {
        flag
        for parameter in command.params
        if parameter.param_type_name == "option"
        for flag in parameter.opts
    }


@pytest.mark.parametrize("name", scrapeq.__all__)
def test_every_name_of_the_front_door_is_in_the_reference(name: str) -> None:
    reference = "".join(path.read_text("utf-8") for path in ROOT.glob("docs/reference/*.md"))
    targets = re.findall(r"^::: (\S+)$", reference, re.MULTILINE)
    value = getattr(scrapeq, name)
    home = getattr(value, "__module__", None) or getattr(value, "__name__", "")

    assert name == "__version__" or any(
        target in {f"{home}.{name}", home, f"scrapeq.{name}"} or home.startswith(f"{target}.")
        for target in targets
    )


def test_every_page_has_its_place_in_the_documentation() -> None:
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    placed = re.findall(r"(\S+\.md)$", settings.partition("\nnav:")[2], re.MULTILINE)
    pages = [str(path.relative_to(ROOT / "docs")) for path in ROOT.glob("docs/**/*.md")]

    assert sorted(placed) == sorted(pages)


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))

    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]


#: Decisions are history, and name what was there on their day.
GUIDES = [
    path
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    if "decisions" not in path.parts and path.name != "CHANGELOG.md"
]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_code_that_documents_name_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"`((?:scrapeq|tests|docs|benchmarks|notebooks|\.ci)/[\w./-]*)`", text)
    inside = re.findall(r"`(\w+)` (?:of|in) `((?:scrapeq|tests)/[\w./-]+\.\w+)`", text)

    assert not [name for name in named if not (ROOT / name).exists()]
    assert not [
        (name, file)
        for name, file in inside
        if not re.search(rf"\b{name}\b", (ROOT / file).read_text(encoding="utf-8"))
    ]


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
