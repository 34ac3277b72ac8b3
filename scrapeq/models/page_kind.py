"""What a fetched page is good for: a short, closed list of slugs, each with its meaning."""

from __future__ import annotations

from enum import StrEnum


class PageKind(StrEnum):
    """The value of `page_kind` in a row. The list is closed; what is in doubt is a `page`."""

    PAGE = "page"  # something to read
    SCRIPT_SHELL = "script_shell"  # what is to be read is made by scripts, which were not run
    SOFT_404 = "soft_404"  # it says that there is no such page, with a good status
    SOFT_ERROR = "soft_error"  # it says that the server failed or is being repaired
    LOGIN = "login"  # a form to log in, in place of the page or as the page
    CHALLENGE = "challenge"  # a check that the visitor is a person, or a refusal of programs
    CONSENT = "consent"  # a wall that wants agreement first: to cookies, or to an age
    PARKED = "parked"  # no site: a domain for sale, or a server's own first page
    EMPTY_SEARCH = "empty_search"  # a search that found nothing
    REDIRECT_STUB = "redirect_stub"  # a script that leads somewhere else, and nothing else
