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
    CHALLENGE = "challenge"  # a check that a person asks, or a refusal of programs
    CONSENT = "consent"  # a wall that wants agreement first: to cookies, or to an age
    PARKED = "parked"  # no site: a domain for sale, or a server's own first page
    EMPTY_SEARCH = "empty_search"  # a search that found nothing
    REDIRECT_STUB = "redirect_stub"  # a script that leads somewhere else, and nothing else


#: Each kind but `page`, for one and for many, so that "12 of 500 pages are ..." can be read aloud.
_WORDS: dict[str, tuple[str, str]] = {
    PageKind.SCRIPT_SHELL: ("an empty shell for scripts", "empty shells for scripts"),
    PageKind.SOFT_404: ('a "not found" with a good status', '"not found" with a good status'),
    PageKind.SOFT_ERROR: ("an error with a good status", "errors with a good status"),
    PageKind.LOGIN: ("a log-in form", "log-in forms"),
    PageKind.CHALLENGE: ("a check against robots", "checks against robots"),
    PageKind.CONSENT: ("a consent wall", "consent walls"),
    PageKind.PARKED: ("a domain without a site", "domains without a site"),
    PageKind.EMPTY_SEARCH: ("a search without results", "searches without results"),
    PageKind.REDIRECT_STUB: ("a stub that only leads on", "stubs that only lead on"),
}

#: What a person may do about pages of a kind.
ADVICE: dict[str, str] = {
    PageKind.SCRIPT_SHELL: "they need a browser: `scrapeq doctor` says how to get one",
    PageKind.SOFT_404: "check the addresses",
    PageKind.SOFT_ERROR: "try them again later",
    PageKind.LOGIN: "give the cookies of a session: cookies={...}",
    PageKind.CHALLENGE: "scrape more slowly, or try use_stealth=True",
    PageKind.CONSENT: "give the cookie that agreeing sets: cookies={...}",
    PageKind.PARKED: "check the addresses; these sites are gone",
    PageKind.EMPTY_SEARCH: "check the words that are searched for",
    PageKind.REDIRECT_STUB: "they need a browser: `scrapeq doctor` says how to get one",
}


def in_words(kind: str, count: int) -> str:
    """What so many pages of a kind are, as in "the page is a log-in form"."""
    one_and_many = _WORDS.get(kind)
    if one_and_many is None:  # of a newer version
        return kind.replace("_", " ")
    return one_and_many[count != 1]
