"""E-mail addresses, also those that are written so that programs do not see them."""

from __future__ import annotations

import html
import re
import unicodedata
from urllib.parse import unquote

from scrapeq.clean.report import Unread

# RFC 5322's dot-atom, with letters of all scripts (RFC 6531); a domain of two labels or more, the last
# of which is no number (RFC 3696, section 2).
_ATOM = r"[^\W_]|[!#$%&'*+/=?^_`{|}~-]"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(
    rf"(?<![\w.+-])((?:{_ATOM}){{1,64}}(?:\.(?:{_ATOM}){{1,64}})*)@"
    rf"((?:{_LABEL}\.){{1,10}}(?:xn--[a-z0-9-]+|[^\W\d_]{{2,63}}))(?![\w@-]|\.\w)",
    re.IGNORECASE,
)
_HIDDEN_AT = re.compile(r"\s*(?:[(\[{<]\s*(?:at|ät|a|@|arroba|chez)\s*[)\]}>])\s*", re.IGNORECASE)
_HIDDEN_DOT = re.compile(
    r"\s*[(\[{<]\s*(?:dot|punkt|point|punto|ponto|\.)\s*[)\]}>]\s*", re.IGNORECASE
)
#: Words alone are taken for signs only where both are: "ann at example dot com".
_WORDS = re.compile(
    r"(?<!\S)([\w.+-]{1,64}) (?:at|AT) ([\w-]{1,63}(?: (?:dot|DOT) [\w-]{1,63}){1,5})(?!\S)"
)
_LONGEST = 500


def parse_email(text: str) -> str | Unread:
    """The one address in a text, its domain in lower case; words beside it do not matter.

    Read are "a@b.example", "mailto:a@b.example?subject=x", "Ann <a@b.example>", "a (at) b (dot)
    example", "a[at]b.example", "a at b dot example" and entities. Two different addresses are not read.

    >>> parse_email("Ann Li <Ann.Li (at) Example (dot) org>")
    'Ann.Li@example.org'
    """
    if len(text) > _LONGEST:
        return Unread("not_an_email", f"it has more than {_LONGEST} characters")
    plain = unicodedata.normalize("NFKC", html.unescape(text))
    if plain.strip().lower().startswith("mailto:"):
        plain = unquote(plain.strip()[7:].partition("?")[0])
    plain = _HIDDEN_DOT.sub(".", _HIDDEN_AT.sub("@", plain))
    plain = _WORDS.sub(_with_signs, plain)
    found = {
        f"{match[1]}@{match[2].lower()}"
        for match in _ADDRESS.finditer(plain)
        if len(match[0]) <= 254
    }
    if not found:
        return Unread("not_an_email", "there is no address in it")
    if len(found) > 1:
        return Unread("ambiguous_email", f"there are {len(found)} addresses in it")
    return found.pop()


def _with_signs(match: re.Match[str]) -> str:
    return f"{match[1]}@{re.sub(' dot ', '.', match[2], flags=re.IGNORECASE)}"
