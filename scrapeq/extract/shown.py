"""What a page shows to its readers around its heading: dates and names, from one walk over its texts.

A page shows many dates and names: of other articles, of comments, of events. Where each stands is kept
with it, so that `shown_date` and `shown_author` can choose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.declared import Declared
from scrapeq.extract.element_text import tidy
from scrapeq.extract.written_dates import MAY_BE_DATED, dates_in

#: Texts that are looked at, characters of one, and dates and names of one page.
LONGEST_TEXT, MOST_DATES, MOST_NAMES = 200, 500, 50
#: Elements and texts that are walked over, 0.1 s, and headings. The longest of WCXB's pages has 21,000.
MOST_NODES, MOST_HEADINGS = 100_000, 20
#: Elements around a text that are asked for their names.
MOST_ABOVE = 8


@dataclass(slots=True)
class ShownText:
    """A text with its element. place: characters of text before it on the page."""

    node: LexborNode
    place: int


@dataclass(slots=True)
class ShownDate(ShownText):
    """before: the text just before it. is_alone: whether it is nearly all of its text. is_timed: whether
    it stands in an element for times."""

    day: datetime
    before: str
    is_alone: bool
    is_timed: bool


@dataclass(slots=True)
class ShownName(ShownText):
    """What stands behind a "by". label: the words before it, in lower case. is_all: whether the name is all
    of its text, and not the beginning of a sentence."""

    name: str
    label: str
    is_all: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the first level: where its text begins and ends."""

    start: int
    end: int
    text: str

    def away(self, place: int) -> int:
        """Characters between the heading and a place; below 0 for a place before it."""
        return place - self.start if place < self.end else place - self.end


@dataclass(slots=True)
class _Found:
    dates: list[ShownDate] = field(default_factory=list)
    names: list[ShownName] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)


class Shown:
    """Dates and names that a page shows, looked for when they are first asked for: about 2 ms for 100 KB.

    language: a tag, for the names of months and the order of numbers.
    """

    def __init__(self, tree: LexborHTMLParser, declared: Declared, language: str) -> None:
        self._body = tree.body
        self._declared = declared
        self._language = language

    @cached_property
    def _found(self) -> _Found:
        return _Walk(self._language).over(self._body) if self._body is not None else _Found()

    @property
    def dates(self) -> list[ShownDate]:
        """In the page's order; `MOST_DATES` at most."""
        return self._found.dates

    @property
    def names(self) -> list[ShownName]:
        """What stands behind a "by", in the page's order; `MOST_NAMES` at most."""
        return self._found.names

    @cached_property
    def heading(self) -> Heading | None:
        """The longest heading that is part of the declared title; else the first; None without any."""
        headings = self._found.headings
        titles = _fold(f"{self._declared.metas.get('og:title', '')} {self._declared.title}")
        parts = [one for one in headings if (text := _fold(one.text)) and text in titles]
        if parts:
            return max(parts, key=lambda one: len(one.text))
        return headings[0] if headings else None


def names_around(node: LexborNode) -> tuple[str, bool]:
    """The classes and ids of an element with the one around it; and whether one of the elements around it
    says by its name that what it holds is not the page's own: comments, other articles, a menu."""
    near: list[str] = []
    here: LexborNode | None = node
    for level in range(MOST_ABOVE):
        if here is None or here.tag in {"body", "html"}:
            break
        attributes = here.attributes
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        if here.tag in _ENDS or any(
            _ELSEWHERE.search(name) for name in names.split() if not _LAYOUT.search(name)
        ):
            return " ".join([*near, names]), True
        if level < 2:
            near.append(names)
        here = here.parent
    return " ".join(near), False


def looks(node: LexborNode) -> str:
    """An element and the one around it by name and class: the dates of a list look alike."""
    both = (node.parent, node)
    return ">".join(f"{one.tag}.{one.attributes.get('class')}" for one in both if one is not None)


_ENDS = frozenset({"footer", "nav"})
#: Names of elements whose dates and names are not the page's own, and of layouts that only mention them.
_ELSEWHERE = re.compile(
    r"(?:^|[-_])(?:comments?|commentlist|related|recents?|sidebar|recommend(?:ed|ations?)|footer|widget|upcoming"
    r"|events?|promo|teasers?|latest|trending|popular|carousel|slider|modal|cookies?|repl(?:y|ies)|menu|copyright"
    r"|reviews?|testimonials?|profile|joined)(?:$|[-_\d])",
    re.IGNORECASE,
)
_LAYOUT = re.compile(
    r"^(?:elementor|wp-block|et_pb|fusion|has|no|with|without|under|site|theme|layout|page)[-_]|[\[:]",
    re.IGNORECASE,
)


class _Walk:
    """Goes over the texts of a page once, and keeps what is shown."""

    def __init__(self, language: str) -> None:
        self.found = _Found()
        self._language = language
        self._place = 0
        self._before = ""
        self._timed: int | None = None  # the element whose attribute has said the date
        self._label = ""  # a "by" that was all of a text

    def over(self, body: LexborNode) -> _Found:
        is_silent = False
        for node in islice(body.traverse(include_text=True), MOST_NODES):
            tag = node.tag
            if tag == "-text":
                text = (node.text_content or "").strip()
                if text and not is_silent:
                    if len(text) <= LONGEST_TEXT and (above := node.parent) is not None:
                        self._look(text, above)
                    self._before = text[-40:]
                    self._place += len(text)
                is_silent = False
            elif tag in _SILENT:
                is_silent = node.first_child is not None
            elif tag in _TIMES:
                self._take_time(node)
            elif tag == "h1" and len(self.found.headings) < MOST_HEADINGS:
                text = tidy(node.text())
                self.found.headings.append(Heading(self._place, self._place + len(text), text))
            if len(self.found.dates) >= MOST_DATES:
                break
        return self.found

    def _look(self, text: str, above: LexborNode) -> None:
        found = self.found
        if MAY_BE_DATED.search(text) and above.mem_id != self._timed:
            found.dates += _dates(tidy(text), above, self._place, self._before, self._language)
        rest = text
        label, self._label = self._label, ""
        if not label and len(found.names) < MOST_NAMES and (by := _BY.match(text)):
            rest = text[by.end() :].strip()
            label = tidy(by[1]).lower()
            if not rest:
                self._label = label
                return
        if label:
            is_all = rest is text
            found.names.append(ShownName(above, self._place, tidy(rest), label, is_all))

    def _take_time(self, node: LexborNode) -> None:
        written = node.attributes.get("datetime") or node.attributes.get("title") or ""
        for day, _, _ in dates_in(written[:LONGEST_TEXT], self._language):
            self.found.dates.append(ShownDate(node, self._place, day, self._before, True, True))
            self._timed = node.mem_id
            return


def _dates(
    line: str, above: LexborNode, place: int, before: str, language: str
) -> Iterator[ShownDate]:
    for day, start, end in dates_in(line, language):
        rest = _TIME_WORDS.sub(" ", f"{line[:start]} {line[end:]}")
        is_alone = len(_WORD.findall(rest)) <= 5
        words_before = (line[:start].strip() or before)[-40:]
        yield ShownDate(above, place, day, words_before, is_alone, above.tag in _TIMES)


def _fold(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


_SILENT = frozenset({"script", "style", "textarea", "option"})
_TIMES = frozenset({"time", "relative-time", "local-time", "time-ago", "abbr"})
_WORD = re.compile(r"[^\W\d_]{2,}")
_TIME_WORDS = re.compile(
    r"\b(?:am|pm|utc|gmt|est|edt|pst|pdt|cet|cest|uhr|min|mins|minutes?|read|mon|tue|wed|thu|fri|sat|sun"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
#: The words before a name, at the beginning of a text; "von" and its like only with a capital.
_BY = re.compile(
    r"\W{0,3}((?:(?i:written|posted|published|words|story|article|text|reported|authored|created)\s+)?(?i:by)"
    r"|(?i:authors?|autore?|auteurs?|autor(?:in|a)?|verfasst von|geschrieben von|écrit par|publié par"
    r"|escrito por|publicado por|scritto da|geschreven door|skrevet av|tekst|autorzy)"
    r"|Von|Par|Por|Di|Door|Av|Af)(?=[\s:]|$)\s*:?\s*"
)
