"""Whether a page that plain HTTP brought says nothing until a browser has run its scripts.

The signals, each with what it looks for; precision and recall are measured by
`benchmarks/browser_need.py` and written down in docs/decisions/0016:

    empty_mount      next to no text, and an empty element in which a framework draws its page
    scripts_alone    next to no text, and scripts
    asks_for_script  little text, and a <noscript> that asks for JavaScript
    selectors_missed not one custom selector matched, on a page that brings its data for a script,
                     or leaves a place for one to draw in

Doubt is None: a page that HTTP gives whole is not to be rendered.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.element_text import characters_in

#: Characters of text that a page has at least that says something by itself; and at least where it
#: asks for JavaScript: such a page may be a whole one with a polite remark.
LITTLE, NOT_MUCH = 200, 600
#: Up to which they are counted: with more, no question about a page depends on how many there are.
MOST_COUNTED = 2_500
#: Characters of a script that does something; what only sets a variable is shorter.
A_SCRIPT = 80
#: Characters of JSON beside which a page is its data and not a setting.
A_STATE = 500

#: Where frameworks draw, by their documentation: React (and Next), Vue (and Nuxt), Angular, Svelte,
#: Ember, Gatsby; and any custom element, which draws itself.
_SURE_MOUNTS = "#root, #app, #__next, #__nuxt, #___gatsby, #react-root, app-root, [data-v-app]"
_MOUNTS = (
    f"{_SURE_MOUNTS}, #svelte, #mount, #main-app, #application, [data-reactroot], [ng-app], "
    "[ng-version], [data-server-rendered], [id$=-root], [id$=-app], [id^=app-], [id^=root-]"
)
_STATE = re.compile(
    r"__(?:NEXT_DATA|NUXT(?:_DATA)?|INITIAL_STATE|PRELOADED_STATE|APOLLO_STATE|remixContext|"
    r"sveltekit_\w+|STATE|DATA)__?|window\.(?:initialState|preloadedState|appState)"
)


class BrowserNeed(NamedTuple):
    """signal: that the page needs a browser, or None. visible: characters to be read without white
    space, up to about MOST_COUNTED, if they were counted."""

    signal: str | None = None
    visible: int | None = None


def browser_need(tree: LexborHTMLParser, text: str | None, fields: dict[str, Any]) -> BrowserNeed:
    """Whether the page needs a browser. text, fields: what was read of it."""
    missed = bool(fields) and not any(fields.values())
    if text is not None and len(text) >= NOT_MUCH and not missed:
        return BrowserNeed()  # the usual page, which is not looked at again
    if tree.body is None or not any(_runs(script) for script in tree.css("script")):
        return BrowserNeed()
    visible = characters_in(tree.body, MOST_COUNTED)
    signal = None
    if visible < LITTLE:
        signal = "empty_mount" if _has_empty_mount(tree) else "scripts_alone"
    elif visible < NOT_MUCH and _asks_for_script(tree):
        signal = "asks_for_script"
    elif missed and (_has_empty_mount(tree, surely=True) or _has_state(tree)):
        signal = "selectors_missed"
    return BrowserNeed(signal, visible)


def _runs(script: LexborNode) -> bool:
    """Whether it is a program of some size, and no data."""
    kind = (script.attributes.get("type") or "").strip().lower()
    if kind not in {"", "module", "text/javascript", "application/javascript"}:
        return False
    return "src" in script.attributes or len(script.text(deep=True)) >= A_SCRIPT


def _has_empty_mount(tree: LexborHTMLParser, *, surely: bool = False) -> bool:
    """An element to draw in that has next to no text yet: a spinner, "Loading".

    surely: only such as a framework has for nothing else; whole pages have empty elements, too.
    """
    places = tree.css(_SURE_MOUNTS if surely else _MOUNTS)
    if not surely:
        places += [*tree.css("body > div:empty"), *_custom_elements(tree)]
    return any(characters_in(place, 40) < 40 for place in places)


def _custom_elements(tree: LexborHTMLParser) -> list[LexborNode]:
    return [
        node for node in tree.css("body > *, body > div > *, main > *") if "-" in (node.tag or "")
    ]


def _asks_for_script(tree: LexborHTMLParser) -> bool:
    return any("javascript" in node.text(deep=True).lower() for node in tree.css("noscript"))


def _has_state(tree: LexborHTMLParser) -> bool:
    for script in tree.css("script"):
        data = script.text(deep=True)
        if len(data) < A_STATE:
            continue
        kind = (script.attributes.get("type") or "").strip().lower()
        if kind == "application/json" or _STATE.search(data[:2_000]):
            return True
    return False
