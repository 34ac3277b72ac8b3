"""Make a release up to the upload: `python docs/release.py 0.2.0`, called by `make release`.

docs/release.md explains the steps. If one fails, the two files that were changed are put back.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHANGELOG = ROOT / "CHANGELOG.md"
DOOR = ROOT / "scrapeq" / "__init__.py"
SCHEMA = "scrapeq/database/schema.py"

_VERSION = re.compile(r"\d+\.\d+\.\d+(rc\d+)?")
_UNRELEASED = re.compile(r"^## \[[^\]]+\] - unreleased$", re.MULTILINE)
_SECTION = re.compile(r"^## \[", re.MULTILINE)
_RECORD = re.compile(r"^VERSION = (\d+)$", re.MULTILINE)
_DOOR_VERSION = re.compile(r'^__version__ = "[^"]*"$', re.MULTILINE)


class Refused(Exception):
    """Why there is no release; a sentence with what to do."""


# -- decide ---------------------------------------------------------------------------------------


def dated(changelog: str, version: str, today: str) -> str:
    """The changelog with its unreleased section under this version and date."""
    if not _UNRELEASED.search(changelog):
        raise Refused('CHANGELOG.md has no section "## [x.y.z] - unreleased"; write one')
    if not notes(changelog):
        raise Refused("the unreleased section of CHANGELOG.md is empty; write what is new")
    return _UNRELEASED.sub(f"## [{version}] - {today}", changelog, count=1)


def notes(changelog: str) -> str:
    """What the newest section says, without its title."""
    sections = _SECTION.split(changelog)
    return sections[1].partition("\n")[2].strip() if len(sections) > 1 else ""


def bumped(door: str, version: str) -> str:
    """`scrapeq/__init__.py` with this version."""
    text, count = _DOOR_VERSION.subn(f'__version__ = "{version}"', door)
    if count != 1:
        raise Refused("scrapeq/__init__.py has no line __version__ = ...")
    return text


def record_version(schema: str) -> int:
    """The version of the record in the text of schema.py."""
    found = _RECORD.search(schema)
    if found is None:
        raise Refused(f"{SCHEMA} has no line VERSION = ...")
    return int(found[1])


def check_migration(before: int, now: int, section: str) -> None:
    """A record of another version needs a word to those who have data."""
    if before == now:
        return
    migration = section.partition("### Migration\n")[2].partition("\n### ")[0]
    if f"version {now}" not in migration:
        raise Refused(
            f"the record went from version {before} to version {now}; write a section "
            f'"### Migration" in CHANGELOG.md that says what becomes of old records, with the words '
            f'"version {now}"'
        )


# -- do -------------------------------------------------------------------------------------------


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    print("+", " ".join(map(str, command)).partition("\n")[0], flush=True)
    done = subprocess.run(  # noqa: S603 - git, pip, hatchling and our own wheel
        command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def look(version: str) -> None:
    """Refuse what can be refused before anything is done."""
    if not _VERSION.fullmatch(version):
        raise Refused(f"{version!r} is no version; write make release VERSION=0.2.0")
    if run("git", "status", "--porcelain"):
        raise Refused("the tree is not clean; commit or remove what git status shows")
    tags = run("git", "tag", "--list", "v*", "--sort=-v:refname").split()
    if f"v{version}" in tags:
        raise Refused(f"v{version} is there already; take the next version")
    changelog = CHANGELOG.read_text("utf-8")
    dated(changelog, version, "")
    if tags:
        before = record_version(run("git", "show", f"{tags[0]}:{SCHEMA}"))
        check_migration(
            before, record_version((ROOT / SCHEMA).read_text("utf-8")), notes(changelog)
        )


def release(version: str) -> None:
    """Version, changelog, packages, the check of the wheel, commit and tag."""
    changelog, door = CHANGELOG.read_text("utf-8"), DOOR.read_text("utf-8")
    try:
        CHANGELOG.write_text(dated(changelog, version, f"{datetime.now(UTC):%Y-%m-%d}"), "utf-8")
        DOOR.write_text(bumped(door, version), "utf-8")
        check_wheel(build(), version)
    except BaseException:
        CHANGELOG.write_text(changelog, "utf-8")
        DOOR.write_text(door, "utf-8")
        raise
    run("git", "add", CHANGELOG, DOOR)
    run(
        "git", "commit", "--quiet", "--message", f"Release {version}", "--message", notes(changelog)
    )
    run("git", "tag", "--annotate", f"v{version}", "--message", f"scrapeq {version}")
    print(f"\nscrapeq {version} is built in dist/, committed and tagged v{version}.")
    print("Look at it; then push the commit and the tag, and upload dist/* (docs/release.md).")


def build() -> Path:
    """A source archive and a wheel in dist/, alone there; the wheel."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build")
    (wheel,) = (ROOT / "dist").glob("*.whl")
    return wheel


def check_wheel(wheel: Path, version: str) -> None:
    """Install the wheel in an empty environment, far from the tree, and scrape with it."""
    with tempfile.TemporaryDirectory(prefix="scrapeq-release-") as name:
        folder = Path(name)
        run(sys.executable, "-m", "venv", folder / "venv")
        program = folder / "venv" / "bin"
        run(program / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
        run(program / "python", "-W", "error", "-c", "import scrapeq", cwd=folder)
        printed = run(program / "scrapeq", "--version", cwd=folder).strip()
        if printed != f"scrapeq {version}":
            raise Refused(f"the wheel prints {printed!r} as its version")
        run(program / "scrapeq", "demo", "--rows", "50", cwd=folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--look", action="store_true", help="only say whether it can be done")
    asked = parser.parse_args()
    try:
        look(asked.version)
        if not asked.look:
            release(asked.version)
    except Refused as refused:
        sys.exit(f"no release: {refused}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"no release: {error}")


if __name__ == "__main__":
    main()
