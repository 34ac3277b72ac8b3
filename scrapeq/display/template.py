"""Templates that escape all that they are given: Jinja2's, found beside whoever uses them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq.display.text import count, plain, seconds

if TYPE_CHECKING:
    from jinja2 import Environment


def render(folder: Path, template: str, **values: Any) -> str:
    """The HTML of a template of `folder`. Its filters: `plain`, `count` and `seconds` of this
    package; a text that a stranger may have written goes through `plain`."""
    return _environment(folder).get_template(f"{template}.html.jinja").render(values).strip()


@cache
def _environment(folder: Path) -> Environment:
    # jinja2 takes 50 ms to import, and most programs never draw anything
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "count": count, "seconds": seconds}
    return environment
