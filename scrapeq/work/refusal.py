"""Pages that were fetched and read, and are of a kind that the options call a failure."""

from __future__ import annotations

from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.models.page_kind import in_words


def refused(content: Content, recipe: Recipe) -> Failure | None:
    """The failure that a page is by `fail_on`; None for a page that counts as good."""
    kind = content.page_kind
    if kind is None or kind not in recipe.fail_on:
        return None
    return Failure(
        ErrorKind.PAGE_KIND,
        f"the page is {in_words(kind, 1)} ({content.page_kind_signal}), which fail_on refuses",
        page_kind=kind,
        page_kind_signal=content.page_kind_signal,
    )
