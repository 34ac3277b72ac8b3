"""The title of what is on the page, without the name of the site around it."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from scrapeq import urls
from scrapeq.extract.declared import Declared
from scrapeq.extract.element_text import text_of, tidy
from scrapeq.extract.json_ld import has_type

MAX_CHARACTERS = 1_000


def title_of(declared: Declared, url: str) -> tuple[str, str] | None:
    """The title and its source; None if the page has none.

    The heading that is part of a declared title ("h1"); else the headline of the JSON-LD; else
    og:title or <title> without the site's name at its end; else the first heading.
    """
    site = _site_names(declared, url)
    named = [
        (short, source)
        for text, source in _declared_titles(declared)
        if text and (short := _without_site(text, site))
    ]
    headings = [text for node in declared.headings[:20] if (text := _heading(node))]
    if named:  # a site's name over every page
        headings = [text for text in headings if _fold(text) not in site] or headings[:0]
    whole = [_fold(text) for text, _ in named]
    part_of_one = [
        heading
        for heading in headings
        if (short := _fold(heading)) and any(short in one for one in whole)
    ]
    if part_of_one:
        return max(part_of_one, key=len)[:MAX_CHARACTERS], "h1"
    for text, source in named:
        if len(headings) == 1 and _share(headings[0], text) >= 0.5:
            return headings[0][:MAX_CHARACTERS], "h1"
        return (text if headings else _first_part(text))[:MAX_CHARACTERS], source
    return (headings[0][:MAX_CHARACTERS], "h1") if headings else None


def _heading(node: LexborNode) -> str:
    """The text of a heading without what is no word of it: soft hyphens, buttons, dates, link signs."""
    text = tidy(text_of(node))
    for inner in node.css("button, time, [role=button]")[:5]:
        text = tidy(text.replace(tidy(text_of(inner)), " ", 1)) or text
    return text.replace("\xad", "").replace("\u200b", "").strip(" ¶#")


def _first_part(title: str) -> str:
    """What stands before the first bar, if that is a title: "Tea | Drinks and more" without a heading."""
    first = title.partition(" | ")[0].strip()
    return first if len(first.split()) >= 2 else title


def _declared_titles(declared: Declared) -> Iterator[tuple[str, str]]:
    for thing in declared.works():
        if isinstance(text := thing.get("headline"), str) and not has_type(thing, "Page"):
            yield tidy(html.unescape(text)), "json-ld"
    for name in ("og:title", "twitter:title"):
        yield declared.metas.get(name, ""), name
    yield declared.title, "title"


def _share(heading: str, text: str) -> float:
    """How much of the shorter one's words are in the other: they may say the same in two ways."""
    words = [set(one.casefold().split()) for one in (heading, text)]
    return len(words[0] & words[1]) / min(map(len, words)) if all(words) else 0.0


def _fold(text: str) -> str:
    """Letters and digits only, in one case: two spellings of one title are equal."""
    return _NO_LETTERS.sub("", unicodedata.normalize("NFKC", text).casefold())


def _site_names(declared: Declared, url: str) -> set[str]:
    """How the site may call itself at the end of a title."""
    host = urls.host_key(url).partition(":")[0]
    names = {_fold(name) for name in (declared.metas.get("og:site_name", ""), host) if name}
    names |= {_fold(label) for label in host.split(".")[:-1] if len(label) > 3}
    return {name for name in names if name}


def _without_site(title: str, site: set[str]) -> str:
    """`title` without a last (or first) part that is the site's name, or what stands for it."""
    parts = [part for part in _SEPARATOR.split(title) if part]
    if len(parts) < 2:
        return title
    for place in (-1, 0):
        folded = _fold(parts[place])
        if any(folded == name or (len(name) > 3 and name in folded) for name in site):
            rest = title[: title.rindex(parts[-1])] if place else title[len(parts[0]) :]
            return _EDGES.sub("", rest) or title
    if len(parts[-1].split()) <= 4 and len(parts[0]) > len(parts[-1]):
        return _EDGES.sub("", title[: title.rindex(parts[-1])]) or title
    return title


_NO_LETTERS = re.compile(r"[\W_]+")
_SEPARATOR = re.compile(r"\s+[-–—|·•»«:~/]+\s+|\s*\|\s*|\s+::\s+")
_EDGES = re.compile(r"^[\s\-–—|·•»«:~/]+|[\s\-–—|·•»«:~/]+$")
