"""Custom selectors: a person's CSS or XPath in, text or a list of texts out.

CSS goes to Lexbor, which finds what a browser finds; XPath goes to lxml on the tree that Lexbor
made, so both see the same page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from scrapeq import display
from scrapeq.errors import ConfigError

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

#: Matches of one selector that are kept, and characters of one value.
MAX_MATCHES = 10_000
MAX_VALUE_CHARACTERS = 1_000_000
#: What evaluating an XPath may raise: lxml lets the errors of `re:test` and the like through as they are.
XPATH_ERRORS = (ValueError, TypeError, OverflowError, RecursionError, re.error)


@dataclass(frozen=True, slots=True)
class Selector:
    """query: CSS or XPath without a trailing ::text or ::attr(). attribute: its name, for
    ::attr(). own_text: for ::text. many: whether all matches are asked for."""

    query: str
    is_xpath: bool = False
    attribute: str | None = None
    own_text: bool = False
    many: bool = False


def check_selectors(selectors: Mapping[str, str | list[str]]) -> None:
    """Do nothing if every selector can be understood.

    Cheap enough to ask before a million rows are submitted: CSS is checked by Lexbor itself; lxml
    is loaded only if there is an XPath.

    Raises:
        ConfigError: naming the selector, what is wrong with it, and an example.
    """
    for name, written in selectors.items():
        check_selector(understand(written), _as_written(written), name)


def check_selector(selector: Selector, written: str, name: str = "") -> None:
    """The same for one selector: where it is wrong, `written` is shown, and its name if it has one."""
    problem = (_wrong_xpath if selector.is_xpath else _wrong_css)(selector.query)
    if problem:
        shown = repr(display.plain(written, 200))
        raise ConfigError(
            f"the selector {name!r} ({shown}) {problem}"
            if name
            else f"the selector {shown} {problem}",
            hint='write CSS like "h1" or "a.next::attr(href)", or XPath like "//h1/text()"; '
            'in a list, ["li.tag"], it gives all matches',
        )


def checked_selector(written: object) -> Selector:
    """A selector that asks for all matches. Raises ConfigError, with what was written, for what is none."""
    if not isinstance(written, str):
        raise ConfigError(
            f"a selector is text, and {display.plain(repr(written), 80)} is {type(written).__name__}",
            hint='write CSS like "h1", or XPath like "//h1/text()"',
        )
    selector = understand([written])
    check_selector(selector, written)
    return selector


def understand(written: str | list[str]) -> Selector:
    """What a selector asks for; whether it is valid is `check_selectors`'s question."""
    return _understand(_as_written(written), many=not isinstance(written, str))


@lru_cache(maxsize=1_000)
def _understand(written: str, *, many: bool) -> Selector:
    query = written.strip()
    if query.startswith(("/", "(", "./")):
        return Selector(query, is_xpath=True, many=many)
    if match := _ATTRIBUTE.search(query):
        return Selector(query[: match.start()].strip() or "*", attribute=match[1], many=many)
    if match := _TEXT.search(query):
        return Selector(query[: match.start()].strip() or "*", own_text=True, many=many)
    return Selector(query, many=many)


def is_simple(written: str | list[str]) -> bool:
    """Whether a selector costs one walk over the page: CSS without :has(), :not() and the like."""
    selector = understand(written)
    return not selector.is_xpath and "(" not in selector.query


def select(
    tree: LexborHTMLParser, selectors: Mapping[str, str | list[str]]
) -> dict[str, str | list[str] | None]:
    """A value for each selector, by its name.

    One selector gives the first match, None where nothing matches; a list of one gives all, []
    where nothing matches. An element gives the text that a person reads in it; `::text` the text
    that is directly in it, of the first element that has some; `::attr(x)` the attribute as it is
    written (a relative href stays one) of the first element that has it; XPath what it evaluates
    to, numbers and truths as text. A selector that is no selector matches nothing.
    """
    found: dict[str, str | list[str] | None] = {}
    xml: Any = None
    for name, written in selectors.items():
        selector = understand(written)
        if selector.is_xpath:
            xml = xml if xml is not None else _for_xpath(tree)
            values = _by_xpath(xml, selector)
        else:
            values = _by_css(tree, selector)
        kept = _kept(values)
        found[name] = kept if selector.many else (kept[0] if kept else None)
    return found


def css_values(scope: LexborHTMLParser | LexborNode, selector: Selector) -> list[str]:
    """What one selector gives in a page or an element of it: the first match, or all that it asks for."""
    return _kept(_by_css(scope, selector))


def xpath_scope(tree: LexborHTMLParser, top: LexborNode | None) -> Any:
    """Where XPath is asked: the page, or an element of it, which is then the context: "./b", "@class" and
    "count(*)" are its own, and "//b" finds what is in it. Nothing around it is there."""
    if top is None:
        return _for_xpath(tree)
    import parsel

    from scrapeq.extract.bounds import for_lxml

    whole = parsel.Selector(text=for_lxml(top.html or "", tree) or "<html></html>")
    inside = whole.xpath("/html/body/*[1] | /html/head/*[1]")
    return inside[0] if inside else whole


def xpath_values(scope: Any, selector: Selector) -> list[str]:
    """What one XPath gives in a scope of `xpath_scope`."""
    return _kept(_by_xpath(scope, selector))


def elements_by_xpath(scope: Any, query: str) -> list[str]:
    """The HTML of each element that an XPath gives."""
    try:
        found = scope.xpath(query)
    except XPATH_ERRORS:
        return []
    return [_sound(one.get()) for one in found[:MAX_MATCHES] if hasattr(one.root, "itertext")]


def element_of(markup: str) -> LexborNode | None:
    """The element that some HTML of one is, also where it may stand only within others, as a row of a
    table."""
    from selectolax.lexbor import LexborHTMLParser

    tag = match[1].lower() if (match := _TAG_NAME.match(markup)) else ""
    return LexborHTMLParser(_WITHIN.get(tag, "") + markup).css_first(tag) if tag else None


_TAG_NAME = re.compile(r"\s*<([a-zA-Z][^\s/>]*)")
#: What the HTML standard's parser wants around these (WHATWG HTML, 13.2.6.4.9 to 15).
_WITHIN = {
    **dict.fromkeys(("thead", "tbody", "tfoot", "caption", "colgroup"), "<table>"),
    "col": "<table><colgroup>",
    "tr": "<table><tbody>",
    **dict.fromkeys(("td", "th"), "<table><tbody><tr>"),
    **dict.fromkeys(("option", "optgroup"), "<select>"),
}


_ATTRIBUTE = re.compile(r"::attr\(\s*[\"']?([^\s\"'()]+)[\"']?\s*\)\s*$")
_TEXT = re.compile(r"::text\s*$")


def _as_written(written: str | list[str]) -> str:
    return written if isinstance(written, str) else "".join(written[:1])


def _kept(values: list[str]) -> list[str]:
    return [_sound(value[:MAX_VALUE_CHARACTERS]) for value in values[:MAX_MATCHES]]


def _sound(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


# --- CSS --------------------------------------------------------------------------------------


def _wrong_css(query: str) -> str:
    from selectolax.lexbor import LexborHTMLParser, SelectolaxError

    try:
        LexborHTMLParser("<p>").css(query)
    except (SelectolaxError, UnicodeEncodeError):
        if "::" in query:
            return "has a pseudo-element other than a trailing ::text or ::attr(name)"
        if not _wrong_xpath(query):
            return f'is XPath, which begins with / or (: write it as "({query})"'
        return "is not valid CSS"
    return ""


def _by_css(tree: LexborHTMLParser | LexborNode, selector: Selector) -> list[str]:
    from selectolax.lexbor import SelectolaxError

    try:
        if not selector.many and not selector.own_text and selector.attribute is None:
            first = tree.css_first(selector.query)
            nodes = [first] if first is not None else []
        else:
            nodes = tree.css(selector.query)
    except (SelectolaxError, UnicodeEncodeError):
        return []
    return _read(nodes, selector)


def _read(nodes: list[LexborNode], selector: Selector) -> list[str]:
    from scrapeq.extract.element_text import text_of, tidy

    enough = MAX_MATCHES if selector.many else 1
    if selector.attribute is not None:
        name = selector.attribute.lower()
        having = (attributes for node in nodes if name in (attributes := node.attributes))
        return [attributes[name] or "" for attributes in islice(having, enough)]
    if selector.own_text:
        texts = (tidy(node.text(deep=False)) for node in nodes)
        return list(islice((text for text in texts if text), enough))
    return [text_of(node) for node in nodes[:enough]]


# --- XPath ------------------------------------------------------------------------------------


def _wrong_xpath(query: str) -> str:
    import parsel

    page = parsel.Selector(text="<p></p>")
    for part in (query, *(f"//*[{part}]" for part in _parts(query))):
        try:
            page.xpath(part)
        except XPATH_ERRORS as error:
            reason = str(error).partition(" in //*[")[0] if part != query else str(error)
            reason = reason.partition(f" in {query}")[0].removeprefix("XPath error: ")
            return f"is not valid XPath ({reason})"
    return ""


def _parts(query: str) -> list[str]:
    """The calls and variables of an XPath, one by one: libxml2 looks at them only where the steps before
    them match something, and where `and` comes to them."""
    bare = _LITERAL.sub(lambda match: "_" * len(match[0]), query)
    found = _VARIABLE.findall(bare)
    for match in _CALL.finditer(bare):
        depth, end = 1, match.end()
        while depth and end < len(bare):
            depth += {"(": 1, ")": -1}.get(bare[end], 0)
            end += 1
        found.append(query[match.start() : end])
    return found


_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_VARIABLE = re.compile(r"\$[\w.:-]+")
_CALL = re.compile(r"(?<![\w.-])(?!(?:and|or|div|mod)\s*\()[^\W\d][\w.-]*(?::[^\W\d][\w.-]*)?\s*\(")


def _for_xpath(tree: LexborHTMLParser) -> Any:
    import parsel

    from scrapeq.extract.bounds import for_lxml

    return parsel.Selector(text=for_lxml(tree.html or "", tree) or "<html></html>")


def _by_xpath(xml: Any, selector: Selector) -> list[str]:
    try:
        matches = xml.xpath(selector.query)
    except XPATH_ERRORS:
        return []
    wanted = matches[:MAX_MATCHES] if selector.many else matches[:1]
    return [_xpath_text(match.root) for match in wanted]


def _xpath_text(value: Any) -> str:
    """An element, a text, an attribute, a number or a truth, as text."""
    from scrapeq.extract.element_text import text_of, tidy

    if hasattr(value, "itertext"):
        from lxml.html import tostring  # type: ignore[import-untyped] # has no stubs
        from selectolax.lexbor import LexborHTMLParser

        # Read by the same rules as the others: as the body of a page of its own.
        body = LexborHTMLParser(tostring(value, encoding="unicode", with_tail=False)).body
        return text_of(body) if body is not None else ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return tidy(str(value))
