"""One page read at once, in this process: its fields by a record, and whatever selectors are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapeq import display, reading
from scrapeq.errors import InputError
from scrapeq.extract.bounds import for_lexbor
from scrapeq.extract.charset import decode
from scrapeq.extract.selectors import (
    MAX_MATCHES,
    Selector,
    checked_selector,
    xpath_scope,
    xpath_values,
)
from scrapeq.extract.shadow import with_shadow_roots
from scrapeq.models import Content, Failure, ScrapingConfig
from scrapeq.models.document_kind import PAGES
from scrapeq.records import check_record, with_record
from scrapeq.trying.bounds import bounded_cpu
from scrapeq.trying.explaining import why_nothing
from scrapeq.trying.selection import Match, Selection

if TYPE_CHECKING:
    import pandas as pd
    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from scrapeq.extract.structured import StructuredItem

#: Characters of an element's beginning, and elements whose place is worked out: each takes a look at all
#: of its neighbours.
BEGINNING, PLACED = 160, 50


class Reading:
    """A page with what was read of it.

    `values` are the fields of the record and the custom selectors, with their types; `violations` and
    `sources` say what is wrong and where each is from; `content` is all else: title, text, links.
    `select(".price")` tries a selector.
    """

    def __init__(self, body: bytes, url: str, content_type: str, config: ScrapingConfig) -> None:
        self.url = url
        self._config = config
        read = reading.read(body, url=url, content_type=content_type, recipe=config.recipe)
        if isinstance(read, Failure):
            raise InputError(
                f"the page cannot be read: {read.message}", hint="give the HTML of one page"
            )
        # In a PDF there is nothing to select
        is_page = read.document in PAGES
        markup = with_shadow_roots(decode(body, content_type).text) if is_page else ""
        self.tree = _parsed(markup)
        self.content: Content = with_record(read, config.record) if config.record else read

    @property
    def values(self) -> dict[str, Any]:
        """What was asked for by name, as Python has it: Decimal, date, DataFrame, lists, dicts."""
        from scrapeq.frames.asked import as_python

        return {
            name: as_python(one, self.content.fields.get(name))
            for name, one in self._config.recipe.asked.items()
        }

    @property
    def violations(self) -> pd.DataFrame:
        """What the record does not allow: a row with field, kind, message, value."""
        import pandas as pd

        return pd.DataFrame(self.content.violations, columns=["field", "kind", "message", "value"])

    @property
    def sources(self) -> dict[str, str]:
        """Where each value is from, by the names of `values`, then of what every page has."""
        return {name.removeprefix("fields."): one for name, one in self.content.sources.items()}

    @property
    def structured(self) -> list[StructuredItem]:
        """What the page declares in JSON-LD, microdata, RDFa, OpenGraph and scripts: what
        `sq.structured` and `sq.jmespath` look into. Each has a format, types and data."""
        from scrapeq.extract.declared import declarations
        from scrapeq.extract.links import Joiner, base_of
        from scrapeq.extract.structured import structured_of

        declared = declarations(self.tree)
        return structured_of(self.tree, declared, Joiner(base_of(declared.base, self.url)))

    @property
    def comments(self) -> pd.DataFrame:
        """The posts of a thread or the comments of an article, whatever `page_fields` names: position, author,
        published_at, text, reply_to; see `batch.comments`."""
        from scrapeq.extract.comments import comments_of
        from scrapeq.frames import comments_frame

        with bounded_cpu():
            found, _ = comments_of(
                self.tree, lambda: self.structured, self.content.language or "en"
            )
        frame = comments_frame([[(0, self.url, [one.to_json() for one in found])]])
        return frame.drop(columns=["row", "page_url"])

    def select(self, selector: str) -> Selection:
        """All that a CSS selector or an XPath gives, where it is, and if nothing: why.

        Raises ConfigError for what is no selector.
        """
        asked = checked_selector(selector)
        if asked.is_xpath:
            values = xpath_values(xpath_scope(self.tree, None), asked)
            return Selection(
                selector, [Match(one, "") for one in values], self._why(selector, values)
            )
        matches: list[Match] = []
        for node in self.tree.css(asked.query)[:MAX_MATCHES]:
            for value in _of_node(node, asked):
                if len(matches) < PLACED:
                    matches.append(Match(value, _place(node), (node.html or "")[:BEGINNING]))
                else:
                    matches.append(Match(value, ""))
        return Selection(selector, matches, self._why(selector, matches))

    def _why(self, selector: str, found: list[Any]) -> str:
        if found:
            return ""
        kind = self.content.document
        if kind is not None and kind not in PAGES:
            return f"this is no web page ({kind}): sq.regex and sq.jmespath look into it"
        why = why_nothing(self.tree, selector)
        if self.content.browser_need:
            why += f'; the page needs a browser ({self.content.browser_need}): try render="always"'
        return why

    def __repr__(self) -> str:
        wrong = len(self.content.violations)
        count = f", {wrong} violation{'s' if wrong != 1 else ''}" if wrong else ""
        fields = f"{len(self.content.fields)} fields{count}"
        return f"<Reading {display.address(self.url, 80)!r}: {fields}>"

    def _repr_html_(self) -> str:
        wrong = {one["field"]: one["message"] for one in self.content.violations}
        facts: dict[str, object] = {}
        for name, value in self.values.items():
            source = self.content.sources.get(f"fields.{name}")
            about = wrong.get(name) or source
            shown = "–" if value is None else display.plain(value, 200)
            facts[name] = display.plain(f"{shown} · {about}" if about else shown, 400)
        title = self.content.title or display.address(self.url)
        note = self.content.text and display.plain(self.content.text, 300)
        corner = f"{len(wrong)} wrong" if wrong else None
        return display.card(title, facts, note=note or None, corner=corner)


def read_html(html: str | bytes, *, url: str, content_type: str, config: ScrapingConfig) -> Reading:
    """The page read by the options. Raises InputError for what is no page or takes too long, ConfigError
    for a record that cannot be met."""
    if config.record is not None:
        check_record(config.record)
    # a text may hold NULs, which would make it look like no text; parsers drop them
    body = html.replace("\0", "").encode("utf-8", "replace") if isinstance(html, str) else html
    if isinstance(html, str):
        content_type = "text/html; charset=utf-8"
    with bounded_cpu():
        return Reading(body, url, content_type, config)


def text_for_model(body: bytes, url: str, content_type: str, config: ScrapingConfig) -> str:
    """What a language model would be given of a page; "" for what cannot be read."""
    read = reading.read(body, url=url, content_type=content_type, recipe=config.recipe)
    return "" if isinstance(read, Failure) else reading.text_for_model(body, read)


def _parsed(markup: str) -> LexborHTMLParser:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(for_lexbor(markup))


def _of_node(node: LexborNode, asked: Selector) -> list[str]:
    """The value that one matched element gives, if any."""
    if asked.attribute is not None:
        name = asked.attribute.lower()
        return [node.attributes[name] or ""] if name in node.attributes else []
    if asked.own_text:
        text = " ".join(node.text(deep=False).split())
        return [text] if text else []
    from scrapeq.extract.element_text import text_of

    return [text_of(node)]


def _place(node: LexborNode) -> str:
    """The way to an element from the nearest id, or from body: "#main > ul > li:nth-child(2)"."""
    steps: list[str] = []
    here: LexborNode | None = node
    while here is not None and here.tag not in {None, "html", "body", "-document", "-undef"}:
        attributes = here.attributes
        name = attributes.get("id")
        if name and name.replace("-", "").replace("_", "").isalnum() and not name[0].isdigit():
            steps.append(f"#{name}")
            break
        steps.append(_step(here))
        here = here.parent
    return " > ".join(reversed(steps)) or (node.tag or "")


def _step(node: LexborNode) -> str:
    number, total = 0, 0
    parent = node.parent
    for other in parent.iter() if parent is not None else ():
        total += other.tag == node.tag
        if other.mem_id == node.mem_id:
            number = total
    return f"{node.tag}:nth-of-type({number})" if total > 1 else f"{node.tag}"
