"""Reading one page: extract, then clean; whatever goes wrong is a row."""

from __future__ import annotations

import logging

from scrapeq.clean import clean_content
from scrapeq.extract import extract
from scrapeq.models import Content, ErrorKind, Failure, Recipe

log = logging.getLogger(__name__)


def read_page(
    body: bytes, url: str, content_type: str, recipe: Recipe, *, light: bool = False
) -> Content | Failure:
    """What the page holds, cleaned; raises nothing. light: see `extract`."""
    try:
        found = extract(body, url=url, content_type=content_type, recipe=recipe, light=light)
        return found if isinstance(found, Failure) else clean_content(found)
    except MemoryError:
        return Failure(ErrorKind.PARSE, "reading the page took too much memory")
    except ImportError as error:
        log.exception("this installation is not complete")
        missing = error.name or str(error)
        return Failure(
            ErrorKind.PARSE, f"this installation is not complete ({missing}): scrapeq doctor"
        )
    except Exception as error:  # the rim: a page must never end the work on others
        log.exception("reading %s", url[:200])
        return Failure(ErrorKind.PARSE, f"the page could not be read ({type(error).__name__})")
