"""Names of people as bylines have them, told from what else stands in their places."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from scrapeq.extract.element_text import tidy

#: Characters of one name.
LONGEST_NAME = 120


def clean_name(written: str) -> str:
    """The name in a byline, without "by" and signs around it; "" for what is none: an address, an id, a
    date, a placeholder of the site's software."""
    name = tidy(html.unescape(written.strip().partition("\n")[0]))
    name = _BY.sub("", name).strip(" ,;:|-–—·•")
    if not 2 < len(name) <= LONGEST_NAME or _NO_NAME.search(name) or len(name.split()) > 12:
        return ""
    return name


def is_person(name: str) -> bool:
    """Whether it may well be a person's name: two to five words with capitals, and no word of a company, a
    role, a topic or a button among them."""
    words = name.replace(".", ". ").split()
    if not 2 <= len(words) <= 5 or _NO_PERSON.search(name):
        return False
    capitals = [one for one in words if one[0].isupper()]
    small = [one for one in words if not one[0].isupper() and one.lower() not in _PARTICLES]
    return len(capitals) >= 2 and not small and not any(sign.isdigit() for sign in name)


def first_name_first(name: str) -> str:
    """ "Roy, Aniruddha", as libraries have it, the other way round; what has no or several commas as it is.

    >>> first_name_first("Roy, Aniruddha"), first_name_first("Ada Lovelace")
    ('Aniruddha Roy', 'Ada Lovelace')
    """
    last, comma, first = name.partition(",")
    if not comma or "," in first or not first.strip():
        return name
    return f"{first.strip()} {last.strip()}"


def people_in(text: str) -> list[str]:
    """The people whose names begin a text behind a "by", up to what is no name: a date, a role."""
    head = _END_OF_NAMES.split(text, maxsplit=1)[0]
    found: list[str] = []
    for part in _BETWEEN_NAMES.split(head):
        name = clean_name(part)
        if not name or not is_person(name):
            break
        found.append(name)
    return found


def unique(names: Iterable[str]) -> list[str]:
    """Each name once, whatever its case."""
    return list({name.casefold(): name for name in reversed(list(names))}.values())[::-1]


# "By" may be glued to a name by the markup between them; Byron and BYRON keep theirs.
_BY = re.compile(
    r"^(?:(?i:(?:written|posted|published|story|words|articles?)\s+)?"
    r"(?:(?i:by)(?=[\s:]|$)|[Bb]y(?=[A-Z]))|(?i:von|par|por|di|author)(?=[\s:]|$))[\s:]*"
)
# Addresses, handles, dates, ids, and the words that content management systems write for nobody.
_NO_NAME = re.compile(
    r"https?:|www\.|[@*{}<>]|\d{3}|^skip to |^[a-z]+(?:\.[a-z]+){2,}$|^(?=\w*\d)\w{14,}$"
    r"|^(?:(?:about |from )?the author|written|(?:\w+ )?author|(?:\w+ )?admin"
    r"|administrator|editor|staff|guest|anonymous|unknown|webmaster|root|null|none|undefined"
    r"|test|contributors?|editorial(?: team)?|here|home|read more|user|super ?user)$",
    re.IGNORECASE,
)
_NO_PERSON = re.compile(
    r"[&/|!?:]|\b(?:inc|llc|ltd|gmbh|corp|co|company|agency|team|staff|editors?|editorial|group|media|studios?"
    r"|solutions|services?|marketing|design|digital|software|web|blog|news|press|magazine|journal|times|post"
    r"|university|college|institute|center|centre|school|department|library|museum|hospital|clinic|bank"
    r"|association|society|foundation|council|network|club|store|shop|online|official|support|admin|author"
    r"|contributors?|writer|reporter|correspondent|manager|director|officer|analyst|specialist|expert|founder"
    r"|minutes?|read|share|print|updated|published|reviewed|view|more|about|contact|home|menu|search|login"
    r"|finance|health|wellness|prevention|travel|food|business|technology|science|sports?|politics"
    r"|the|and|for|with|our|your|this|how|what|why|best|top|new|all|in|on|to|at)\b",
    re.IGNORECASE,
)
_PARTICLES = frozenset(
    [
        *(
            "de",
            "del",
            "della",
            "di",
            "da",
            "dos",
            "du",
            "des",
            "la",
            "le",
            "van",
            "von",
            "der",
            "den",
        ),
        *("ter", "ten", "zu", "bin", "ibn", "al", "el", "y", "e", "san", "af", "av", "mc", "st."),
    ]
)
_BETWEEN_NAMES = re.compile(r"\s*(?:,|;|&|\band\b|\bund\b|\bet\b|\by\b)\s*")
_END_OF_NAMES = re.compile(r"\s*[|•·–—()/\n]|\s+-\s|\s+(?:on|in|at|for|um|am|le)\s|\s*\d")
