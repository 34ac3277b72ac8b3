"""Packages that load a name when it is asked for, so that importing them takes no time; and loading that
takes less."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


def names_of(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: `homes` says which of its modules has a name.

    A module's own name stands for the module. What was found once is not looked for again.
    """

    def find(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f"{package}.{home}")
        value = module if name == home else getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return find


def load(*packages: ModuleType) -> None:
    """Load all their names now, so that no look that is to be short waits for an import."""
    for package in packages:
        for name in package.__all__:
            getattr(package, name)


@contextmanager
def loaded_at_once() -> Iterator[None]:
    """What is imported in the block stays, so the garbage collector does not walk through it again and again
    while it comes: a tenth of a worker's start. Nothing is frozen here: a notebook imports tasks, too, and what
    it made by then must still be collected."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
