"""The text that a person would read: the article, the product, the thread; not the menus.

trafilatura is the best single choice for articles. On pages that do not call themselves articles it may
find too little, and then another reading is taken by plain rules. A list of cards beside an article has
more words than the article, so where there is enough text already a longer reading must add prose. What it is
worth, on pages that nobody looked at while the rules were made, is in docs/evaluation.md.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.bounds import for_reading
from scrapeq.extract.declared import Declared

#: Characters of one page's text that are kept: a long book's worth.
MAX_TEXT_CHARACTERS = 5_000_000

#: Pages with more tags (half of them closing) are read as with "fast": trafilatura would take more
#: than 5 s. The longest of WCXB's 1,497 pages has a sixth of it.
MAX_TAGS = 100_000
#: Of pages with more tags all but the navigation is taken: to look for the main part of two million
#: takes resiliparse 3 s.
MAX_TAGS_OF_MAIN = 500_000

#: Pages with fewer tags are given to resiliparse as deep as they are: at most 0.05 s.
FEW_TAGS = 3_000

#: A reading with fewer words replaces no other.
ENOUGH_WORDS = 50
#: Where so many words are found, others must add prose: this much of their number, in words. Both numbers
#: are from the middle of a wide range (100 to 400, 0.5 to 1.5) in which the F1 on both halves of WCXB's pages
#: that are no articles lies within .005.
MUCH_WORDS, ADDED_PROSE = 200, 0.75
#: With so many words the whole page is not read beside: that would take half as long again as "fast", for
#: .001 to .003 of F1.
PLENTY_OF_WORDS = 500


class MainText(NamedTuple):
    """text: plain, a line for each block. markdown: the same with headings, lists, emphasis, if it
    was asked for. source: "trafilatura", "resiliparse", or "page" for all but its navigation. All are None if
    the page has no text."""

    text: str | None
    markdown: str | None
    source: str | None


def main_text(
    markup: str,
    tree: LexborHTMLParser,
    declared: Declared,
    *,
    how: Literal["best", "fast"],
    with_markdown: bool = False,
) -> MainText:
    """The page's main text; of an article of 57 KB "best" costs 13 ms of CPU, "fast" (no trafilatura) 2.

    `tree` is Lexbor's tree of `markup`; `declared` is what the page declares. A declared article is
    left to trafilatura, and a declared product or thread is not read as a list.
    """
    tags = markup.count("<")
    thorough = how == "best" and tags <= MAX_TAGS
    if how == "best" or tags > FEW_TAGS:
        markup = for_reading(markup, tree)
    reading = _by_trafilatura(markup) if thorough else _NOTHING
    parsed = _Parsed(markup)
    if tags <= MAX_TAGS_OF_MAIN and not (reading.text and declared.is_article):
        reading = _better_of_main(reading, parsed, declared)
    may_be_a_list = reading.words < PLENTY_OF_WORDS and not (
        declared.is_article or declared.is_product or declared.is_thread
    )
    if not reading.text or may_be_a_list:
        page = _all_but_navigation(parsed)
        if not reading.text or (_says_more(page, reading, 2) and _adds_prose(page, reading)):
            reading = page
    if not reading.text:
        return MainText(None, None, None)
    text = _sound(reading.text)
    if not with_markdown:
        return MainText(text, None, reading.source)
    return MainText(text, _sound(reading.markdown() or reading.text), reading.source)


def _better_of_main(reading: _Reading, parsed: _Parsed, declared: Declared) -> _Reading:
    """Resiliparse's main part, if it says half as much again; of a product only where nothing else is
    found, since it takes the reviews for the text."""
    if declared.is_product and reading.words >= ENOUGH_WORDS:
        return reading
    main = _by_resiliparse(parsed)
    is_better = _says_more(main, reading, 1.5) and main.prose >= 0.4 * main.words
    return main if is_better or not reading.text else reading


@dataclass(frozen=True)
class _Reading:
    """One way to read a page; its markdown is made only if it is the one that is taken."""

    text: str
    source: str
    markdown: Callable[[], str]

    @cached_property
    def words(self) -> int:
        return len(self.text.split())

    @cached_property
    def prose(self) -> int:
        """Words in lines of 15 or more; the others are in lists of links, in tables, in headings."""
        lines = (len(line.split()) for line in self.text.splitlines())
        return sum(words for words in lines if words >= 15)


_NOTHING = _Reading("", "", str)


def _says_more(one: _Reading, other: _Reading, times: float) -> bool:
    return one.words >= ENOUGH_WORDS and one.words > times * other.words


def _adds_prose(one: _Reading, other: _Reading) -> bool:
    """Whether one says more than the other in sentences, too, where that has enough to be the text."""
    return other.words < MUCH_WORDS or one.prose - other.prose >= ADDED_PROSE * other.words


def _by_trafilatura(markup: str) -> _Reading:
    from trafilatura import bare_extraction
    from trafilatura.utils import normalize_unicode
    from trafilatura.xml import xmltotxt

    # It warns of every page without an article, which is no news to anybody.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    # Comments are not the main text; leaving them out is worth .005.
    # As "txt": else it writes the body as Markdown, which nobody may ask for.
    found = bare_extraction(markup, include_formatting=True, output_format="txt")
    body: Any = getattr(found, "body", None)
    if body is None:
        return _NOTHING

    def written(formatted: bool) -> str:
        return normalize_unicode(xmltotxt(body, include_formatting=formatted)).strip()

    return _Reading(written(False), "trafilatura", lambda: written(True))


class _Parsed:
    """Resiliparse's tree of a page, made when it is first asked for: readings do not change it."""

    def __init__(self, markup: str) -> None:
        self._markup = markup

    @cached_property
    def tree(self) -> Any:
        from resiliparse.parse.html import HTMLParserException, HTMLTree

        try:
            return HTMLTree.parse(self._markup)
        except HTMLParserException as error:  # it takes any markup, if it gets memory
            raise MemoryError from error


def _by_resiliparse(page: _Parsed) -> _Reading:
    return _plain(page, "resiliparse", main_content=True)


def _all_but_navigation(page: _Parsed) -> _Reading:
    return _plain(page, "page", main_content=False, skip_elements=_NAVIGATION)


def _plain(page: _Parsed, source: str, **options: Any) -> _Reading:
    from resiliparse.extract.html2text import extract_plain_text

    def markdown() -> str:
        from html_to_markdown import convert

        html = extract_plain_text(
            page.tree, preserve_formatting="minimal_html", alt_texts=False, **options
        )
        return (convert(html).content or "").strip()

    text = extract_plain_text(
        page.tree, preserve_formatting=True, list_bullets=False, alt_texts=False, **options
    )
    return _Reading(text.strip(), source, markdown)


_NAVIGATION = [
    *("nav", "header", "footer", "aside", "dialog", "form", "select", "button"),
    *("svg", "iframe", "noscript", "[aria-modal=true]", "[role=dialog]"),
    *("[role=navigation]", "[role=banner]", "[role=contentinfo]"),
]
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")


def _sound(text: str) -> str:
    """Bounded, encodable, without NULs, with no more than one blank line in a row."""
    text = _BLANK_LINES.sub("\n\n", text[:MAX_TEXT_CHARACTERS])
    return text.encode("utf-8", "replace").decode().replace("\0", "")
