"""Reading one page: extract, then clean; whatever goes wrong is a row."""

from __future__ import annotations

from scrapeq.clean import clean_content
from scrapeq.extract import extract
from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.work.own_failure import own_failure


def read_page(
    body: bytes, url: str, content_type: str, recipe: Recipe, *, light: bool = False
) -> Content | Failure:
    """What the page holds, cleaned; raises nothing. light: see `extract`."""
    try:
        found = extract(body, url=url, content_type=content_type, recipe=recipe, light=light)
        return found if isinstance(found, Failure) else clean_content(found)
    except MemoryError:
        return Failure(ErrorKind.PARSE, "reading the page took too much memory")
    except Exception as error:  # the rim: a page must never end the work on others
        return own_failure(error, f"reading {url[:200]}")
