"""What `make release` decides before it does anything: see docs/release.py."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
CHANGES = """# Changelog

## [0.2.0] - unreleased

### Added

- A thing.

## [0.1.0] - 2026-11-01

- The first.
"""


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "docs" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_unreleased_section_gets_version_and_date(release: ModuleType) -> None:
    dated = release.dated(CHANGES, "0.3.0", "2026-12-01")

    assert "## [0.3.0] - 2026-12-01\n\n### Added" in dated
    assert "unreleased" not in dated
    assert "## [0.1.0] - 2026-11-01" in dated


@pytest.mark.parametrize(
    "changelog",
    [
        CHANGES.replace(" - unreleased", " - 2026-11-20"),
        CHANGES.replace("### Added\n\n- A thing.\n", ""),
    ],
    ids=["no section", "an empty section"],
)
def test_there_is_no_release_without_something_to_say(release: ModuleType, changelog: str) -> None:
    with pytest.raises(release.Refused):
        release.dated(changelog, "0.2.0", "2026-12-01")


def test_the_version_is_bumped_in_its_one_place(release: ModuleType) -> None:
    door = (ROOT / "scrapeq" / "__init__.py").read_text("utf-8")

    assert '\n__version__ = "9.9.9"\n' in release.bumped(door, "9.9.9")


def test_another_version_of_the_record_needs_a_migration_note(release: ModuleType) -> None:
    note = "### Added\n\n- x\n\n### Migration\n\nThe record is version 5 now.\n"

    release.check_migration(4, 4, "### Added\n")
    release.check_migration(4, 5, note)
    with pytest.raises(release.Refused, match="from version 4 to version 6"):
        release.check_migration(4, 6, note)


def test_the_records_version_is_found_where_it_stands(release: ModuleType) -> None:
    from scrapeq.database import schema

    assert release.record_version((ROOT / release.SCHEMA).read_text("utf-8")) == schema.VERSION


def test_a_word_is_no_version() -> None:
    ran = subprocess.run(
        [sys.executable, ROOT / "docs" / "release.py", "soon", "--look"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 1
    assert "no release: 'soon' is no version" in ran.stderr
