"""Who wrote a page as it says to its readers: the name behind a "by" near its heading."""

from __future__ import annotations

import re

from scrapeq.extract.person_names import clean_name, people_in
from scrapeq.extract.shown import Shown, ShownName, names_around

#: Characters of text between the heading and a byline behind it, and one before it.
BEHIND, BEFORE = 400, 300
#: The same for a name that is one word, or that of a team.
CLOSE = 200
#: Labels that name an author wherever they stand; a bare "by" does so near the heading only.
_PLAIN = (
    "written",
    "author",
    "autor",
    "auteur",
    "verfasst",
    "geschrieben",
    "écrit",
    "escrito",
    "scritto",
)


def shown_author(shown: Shown) -> list[str]:
    """The people behind the "by" that is nearest to the heading; [] for no clear one.

    Only people with two names count, so that "by appointment" is none; right below the heading a link
    behind a "by" may be any name. Never those of comments, reviews and other articles.
    """
    found: list[tuple[int, list[str]]] = []
    for one in shown.names:
        away = shown.heading.away(one.place) if shown.heading is not None else one.place
        is_near = -BEFORE <= away <= BEHIND
        if not is_near and not one.label.startswith(_PLAIN):
            continue
        names = people_in(one.name) or (_any_name(one) if 0 <= away <= CLOSE else [])
        if names and not names_around(one.node)[1]:
            found.append((abs(away) if is_near else BEHIND + abs(away), names))
    return min(found)[1] if found else []


def _any_name(one: ShownName) -> list[str]:
    """A short text that is a link or stands alone behind its "by"."""
    above = one.node.parent
    is_link = one.node.tag == "a" or (above is not None and above.tag == "a")
    name = clean_name(one.name)
    if not (one.is_all or is_link) or not name or len(name.split()) > 4 or _NO_AUTHOR.search(name):
        return []
    return [name]


_NO_AUTHOR = re.compile(
    r"\b(?:categor|topic|type|industr|role|size|date|name|relevance)", re.IGNORECASE
)
