"""Where a page sends whoever opens it: the Refresh header, and `<meta http-equiv="refresh">`.

What counts is what a browser would do (WHATWG HTML, "shared declarative refresh steps"): the header
before the page's own word, the first one of a page, and none that stands in a comment, a script, a
template or a noscript. A browser runs scripts, and so reads nothing in a noscript.
"""

from __future__ import annotations

import html
import re
from typing import NamedTuple

from scrapeq.fetch.exchange import RawResponse

#: A refresh after fewer seconds is a redirect: nobody has read the page by then. Longer ones renew a
#: page that is there to be read.
AT_ONCE_S = 10
#: How far into a page is looked. A refresh belongs into its head.
LOOKED_AT_BYTES = 256 * 1024
_HTML = frozenset({"", "text/html", "application/xhtml+xml"})


class Refresh(NamedTuple):
    """After how many whole seconds the page is left, and for what address, as it is written; "" is
    the page itself. base: what the page says that its addresses are relative to, "" if nothing."""

    delay_s: int
    reference: str
    base: str = ""


def refresh_of(response: RawResponse) -> Refresh | None:
    """The refresh that a browser would carry out, whatever its delay; None if there is none."""
    for value in response.values("refresh")[:1]:
        if found := parse_refresh(value):
            return found
    media_type = next(iter(response.values("content-type")), "").partition(";")[0].strip().lower()
    if media_type not in _HTML:
        return None
    start = response.body[:LOOKED_AT_BYTES]
    if not _PERHAPS.search(start.lower()):  # as in nearly all pages
        return None
    try:
        markup = start.decode()
    except UnicodeDecodeError:
        markup = start.decode("latin-1")
    return _in_markup(markup)


def parse_refresh(value: str) -> Refresh | None:
    """What the value of a refresh says, read as browsers read it."""
    match = _VALUE.match(value)
    if match is None or not (match["digits"] or match["rest"].startswith(".")):
        return None
    rest = match["rest"].lstrip("0123456789.")
    if rest and rest[0] not in ";, \t\n\f\r":
        return None
    rest = rest.lstrip(_SPACE)
    rest = rest[1:].lstrip(_SPACE) if rest[:1] in {";", ","} else rest
    if named := _URL.match(rest):
        rest = rest[named.end() :]
    if rest[:1] in {'"', "'"}:
        rest = rest[1:].partition(rest[0])[0]
    return Refresh(int(match["digits"][:6] or 0), rest.strip(_SPACE))


def _in_markup(markup: str) -> Refresh | None:
    base: str | None = None
    for found in _TAG.finditer(markup):
        if found["name"] is None:
            continue
        attributes: dict[str, str] = {}
        for one in _ATTRIBUTE.finditer(found["attributes"]):
            value = one[2][1:-1] if one[2][:1] in {'"', "'"} else one[2]
            attributes.setdefault(one[1].lower(), html.unescape(value))
        if found["name"].lower() == "base":
            base = attributes.get("href") if base is None else base
        elif attributes.get("http-equiv", "").strip().lower() == "refresh" and (
            refresh := parse_refresh(attributes.get("content", ""))
        ):
            return refresh._replace(base=base or "")
    return None


_PERHAPS = re.compile(rb"""http-equiv\s*=\s*["']?\s*refresh""")
_SPACE = " \t\n\f\r"
_VALUE = re.compile(r"[ \t\n\f\r]*(?P<digits>[0-9]*)(?P<rest>.*)", re.DOTALL)
_URL = re.compile(r"url[ \t\n\f\r]*=[ \t\n\f\r]*", re.IGNORECASE)
# Comments and elements whose content is no markup are passed over whole, to the end if they are
# never closed; each alternative takes what it looked at, so that the search is linear.
_TAG = re.compile(
    r"<!--(?:.*?-->|.*)"
    r"|<(?P<silent>script|style|noscript|template|textarea|title|xmp|iframe|noembed|noframes)\b"
    r"(?:.*?</(?P=silent)\b|.*)"
    r"""|<(?P<name>meta|base)\b(?P<attributes>(?:[^>"']++|"[^"]*+"|'[^']*+')*)(?:>|.*)""",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)""")
