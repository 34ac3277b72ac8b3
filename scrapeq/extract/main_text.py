"""The text that a person would read: the article, the product, the thread; not the menus.

trafilatura is the best single choice for articles. Where it finds little on a page that has much
(forums, services, products), resiliparse's text is taken by a plain rule. Word F1 on WCXB's 1,497
pages is in `benchmarks/extraction.py`.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Literal, NamedTuple

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.depth import for_lxml

#: Characters of one page's text that are kept: a long book's worth.
MAX_TEXT_CHARACTERS = 5_000_000


class MainText(NamedTuple):
    """text: plain, a line for each block. markdown: the same with headings, lists, links' text.
    source: "trafilatura" or "resiliparse"; None if the page has no text."""

    text: str | None
    markdown: str | None
    source: str | None


def main_text(
    markup: str, tree: LexborHTMLParser, *, how: Literal["best", "fast"], is_article: bool
) -> MainText:
    """The page's main text; "best" costs about 20 ms of CPU a page, "fast" (resiliparse) 2 ms.

    `tree` is Lexbor's of `markup`. `is_article`: whether the page says that it is one.
    """
    if how == "fast":
        return _by_resiliparse(markup)
    body = _trafilatura_body(for_lxml(markup, tree))
    article = _as_text(body, markdown=False)
    everything = _plain(markup)
    if not is_article and _is_worth_more(everything, article):
        return _by_resiliparse(markup, everything)
    if not article:
        return _by_resiliparse(markup, everything)
    return MainText(_cut(article), _cut(_as_text(body, markdown=True)), "trafilatura")


def _is_worth_more(everything: str, article: str) -> bool:
    """Whether trafilatura missed the point: more than twice as long, 50 words or more, 40 % of
    them in lines of 15 words or more (so it is no list of links). Measured on WCXB: .894 against
    .880 for trafilatura alone."""
    words = everything.split()
    if len(words) < 50 or len(words) <= 2 * len(article.split()):
        return False
    in_long_lines = sum(
        count for line in everything.splitlines() if (count := len(line.split())) >= 15
    )
    return in_long_lines >= 0.4 * len(words)


def _trafilatura_body(markup: str) -> Any:
    from trafilatura import bare_extraction

    # It warns of every page without an article; that is no news to anybody.
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    document = bare_extraction(markup, include_formatting=True)
    return getattr(document, "body", None)


def _as_text(body: Any, *, markdown: bool) -> str:
    if body is None:
        return ""
    from trafilatura.utils import normalize_unicode
    from trafilatura.xml import xmltotxt

    return normalize_unicode(xmltotxt(body, include_formatting=markdown)).strip()


def _plain(markup: str) -> str:
    from resiliparse.extract.html2text import extract_plain_text

    return extract_plain_text(
        markup, main_content=True, preserve_formatting=True, list_bullets=False, alt_texts=False
    ).strip()


def _by_resiliparse(markup: str, text: str | None = None) -> MainText:
    from html_to_markdown import convert
    from resiliparse.extract.html2text import extract_plain_text

    text = _plain(markup) if text is None else text
    if not text:
        return MainText(None, None, None)
    minimal = extract_plain_text(
        markup, main_content=True, preserve_formatting="minimal_html", alt_texts=False
    )
    markdown = (convert(minimal).content or "").strip() or text
    return MainText(_cut(text), _cut(markdown), "resiliparse")


_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")


def _cut(text: str) -> str | None:
    """Bounded, sound UTF-8, no more than one blank line in a row; None for nothing."""
    text = _BLANK_LINES.sub("\n\n", text[:MAX_TEXT_CHARACTERS])
    return text.encode("utf-8", "replace").decode().replace("\0", "") or None
