"""URLs as browsers understand them: canonical form, host key, duplicate key.

The rules are WHATWG's URL standard, from a library that follows it to the letter (ada). Around it
stands what people do when they paste URLs into a table, and the two keys that the queue needs:
whose pace counts (the host) and whether two rows mean the same page (the duplicate key).
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote

from ada_url import join_url, normalize_url

from scrapeq import display
from scrapeq.models import ErrorKind, Failure

#: The longest URL that is fetched, in characters of its canonical form. RFC 9110, section 4.1,
#: asks for at least 8000 octets; servers and caches commonly refuse more.
MAX_URL_LENGTH = 8000


class Url(NamedTuple):
    """A URL that can be fetched.

    text: as it was pasted, to the letter. href: WHATWG's canonical form without the fragment; a
    user name and password stay in it, for the request (`shown` is the form to show). host: the
    politeness key. key: equal for URLs that mean the same page.
    """

    text: str
    href: str
    host: str
    key: str


def parse(text: object) -> Url | Failure:
    """The URL that a cell of a table means, or why there is none.

    White space, invisible characters, and a pair of quotes or angle brackets around it are
    dropped. A missing scheme is https, as in a browser's address bar; it is http where a browser
    says so too (IP addresses and names without a dot, among them localhost) and where a port other
    than 443 is written, behind which there is seldom TLS.

    Failures: `scheme` for an empty cell, another scheme, something that is no URL, or one longer
    than MAX_URL_LENGTH; `dns` for a host name that cannot exist. Neither is worth trying again.
    """
    if isinstance(text, str) and (plain := _plain(text)):
        return plain
    written = _tidy(text)
    if isinstance(written, Failure):
        return written
    complete = written if _WEB.match(written) else _complete(written)
    if isinstance(complete, Failure):
        return complete
    try:
        href = _canonical(complete)
    except ValueError:
        return _explain(complete)
    parts = _CANONICAL.match(href)
    if parts is None:
        return _explain(complete)
    name, port = parts.group(2, 3)
    if complete is not written and _is_short_number(name, written):
        return _refuse("this is a number, not a URL")
    if problem := _impossible(name):
        return problem
    href = href.partition("#")[0]
    if len(href) > MAX_URL_LENGTH:
        return _too_long(len(href))
    return Url(str(text), href, _host_key(name, port), _duplicate_key(href))


def cell_text(value: object) -> str:
    """What a cell holds, as text; of a value that cannot be written (a whole number of more digits than
    Python writes), its type."""
    try:
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def parse_many(column: Iterable[object]) -> Iterator[Url | Failure]:
    """`parse` of each value, in order, one at a time; 1 to 2 µs for most, 8 µs for those that are not in
    canonical form, so 2 to 8 s for a million."""
    return map(parse, column)


def join(base: str, reference: str) -> str | None:
    """Where a link leads from a page: WHATWG's join, fragment kept; None if that is no URL."""
    try:
        return join_url(base, reference)
    except ValueError:
        return None


def host_key(url: str) -> str:
    """The host of a request: lower case and punycode, with `:port` if it is not the scheme's own.

    The same for http and https, and with or without the root's dot, because the pace is that of one
    machine. "" for what is no http or https URL.
    """
    parts = _canonical_parts(url)
    return _host_key(parts[2], parts[3]) if parts else ""


def origin(url: str) -> str:
    """scheme://host[:port], as RFC 6454 has it; "" for what is no http or https URL."""
    parts = _canonical_parts(url)
    if not parts:
        return ""
    return f"{parts[1]}://{parts[2]}:{parts[3]}" if parts[3] else f"{parts[1]}://{parts[2]}"


def is_local_host(host_key: str) -> bool:
    """Whether a host key names this machine: 127.0.0.0/8, ::1, localhost and *.localhost.

    By what is written, without asking DNS (RFC 6761, section 6.3, gives localhost to loopback).
    """
    name = _PORT.sub("", host_key)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def shown(href: str) -> str:
    """`href` without user name and password: the form for logs, messages and pages."""
    return display.without_credentials(href)


def duplicate_key(href: str) -> str:
    """A text that is equal for two URLs of one page, and almost never for two pages.

    From the canonical form: fragment, user name and password dropped; percent-encoding only where
    it is needed (RFC 3986, section 6.2.2.2), in upper case; parameters of trackers dropped, those
    of sessions only with a value that looks drawn by lot; the others sorted by name. Measured on pages that declare a canonical URL: 93.5 % of
    pairs are merged, none falsely. What is no URL is its own key.
    """
    try:
        return _duplicate_key(_canonical(href))
    except ValueError:
        return href


# --- as people paste them ---------------------------------------------------------------------

# What str.strip() takes, C0 controls (WHATWG strips those), and the invisible characters that
# come along from spreadsheets, chats and PDFs: zero-width ones, BOM, soft hyphen, directions.
_AROUND = "".join(map(chr, range(0x21))) + (
    "\x7f\x85\xa0\xad\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f\u205f"
    "\u2060\u2066\u2067\u2068\u2069\u3000\ufeff"
)
_PAIRS = {"<": ">", '"': '"', "'": "'", "`": "`", "“": "”", "„": "“", "‘": "’", "«": "»"}
_SEVERAL = re.compile(r"\s[\s,;]*https?://", re.IGNORECASE)
_WEB = re.compile(r"https?:", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_LABELLED = re.compile(r"[\w .-]{1,40}[:=]\s*(https?://\S+)", re.IGNORECASE)
_ESCAPED = re.compile(r"https?%3a%2f%2f", re.IGNORECASE)
_NAME_AND_PORT = re.compile(r"(?!(?:tel|sms|fax):)[^\s/?#@:]+:(\d{1,5})(?![^/?#\\])", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^/?#\\]*")
_IN_BRACKETS = re.compile(r"\[[0-9a-f:.]+\]", re.IGNORECASE)
#: Values that are never taken for their text.
_NO_TEXTS = (int, float, bytes, bytearray, Mapping, list, tuple, set, frozenset)
_BEGINS = "one begins with https://"


def _tidy(text: object) -> str | Failure:
    """What is written in a cell, without what came along from where it was copied."""
    if not isinstance(text, str):
        if _is_missing(text):
            return _refuse("the cell is empty")
        # A number or bytes may look like a URL, and are none; an object for a URL is written as one
        if isinstance(text, _NO_TEXTS) or not _WEB.match(value := cell_text(text).lstrip()):
            return _not_text(text)
        text = value
    written = text.strip(_AROUND)
    while len(written) > 1 and _PAIRS.get(written[0]) == written[-1]:
        written = written[1:-1].strip(_AROUND)
    if not written:
        return _refuse("the cell is empty")
    if len(written) > MAX_URL_LENGTH:
        if _WEB.match(written):
            return _too_long(len(written))
        return _refuse(f"this is a text of {len(written):,} characters, not a URL; {_BEGINS}")
    if found := _LABELLED.fullmatch(written):
        return _refuse(f"there are words before the URL {shown(found[1])[:200]}; leave them out")
    if _SEVERAL.search(written):
        return _refuse("the cell holds more than one URL; give each its own row")
    return written


def _not_text(value: object) -> Failure:
    name = type(value).__name__
    if isinstance(value, Collection) and not isinstance(value, bytes | bytearray | Mapping):
        return _refuse(f"a value of type {name} is not a URL; give each URL its own row, as text")
    return _refuse(f"a value of type {name} is not a URL; one is text that begins with https://")


def _complete(written: str) -> str | Failure:
    """`written`, which does not begin with http: or https:, with the scheme that is meant."""
    if written.startswith(("//", "\\\\")):
        return f"https:{written}"
    if _ESCAPED.match(written):
        meant = shown(unquote(written))[:200]
        return _refuse(f"the URL is percent-encoded as a whole; {meant} is meant")
    authority = _AUTHORITY.match(written)[0]  # type: ignore[index] # it matches everything
    port = _NAME_AND_PORT.match(written)
    if not port and (scheme := _SCHEME.match(written)):
        return _refuse(f"its scheme is {scheme[1][:30]!r}; only http and https can be fetched")
    if "@" in authority:
        return _refuse("this looks like an e-mail address; a URL begins with https://")
    if not authority or re.search(r"\s", authority):
        return _refuse(f"this is not a URL; {_BEGINS}")
    if port:
        return f"{'https' if port[1] == '443' else 'http'}://{written}"
    if _IN_BRACKETS.match(authority) or authority.lower() == "localhost":
        return f"http://{written}"
    if "." not in authority.strip("."):
        return _refuse(f"this is not a URL; {_BEGINS}")
    last_label = authority.rstrip(".").rpartition(".")[2]
    return f"{'http' if last_label.isdecimal() else 'https'}://{written}"


def _is_short_number(name: str, written: str) -> bool:
    """Whether a number in the table ("3.14") was taken for a short form of an IPv4 address."""
    return name.replace(".", "").isdigit() and not written.startswith(name)


def _is_missing(value: object) -> bool:
    """None, NaN, and pandas's NA and NaT, without loading pandas."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or type(value).__name__ in {"NAType", "NaTType"}


# --- the canonical form -----------------------------------------------------------------------

# URLs that are in WHATWG's canonical form as they stand, as most in a table are: the parser would give
# them back unchanged. What could mean anything else (escapes, capitals in a name) is left to it.
_PLAIN = re.compile(
    r"(https?://([a-z0-9.-]+(?::[0-9]+)?)/)[A-Za-z0-9_~!$&'()*+,:=./-]*(\?[A-Za-z0-9_~!$&()*+,:=./?-]*)?"
)


def _plain(text: str) -> Url | None:
    """The URL, if its text is its canonical form and plainly so."""
    parts = _PLAIN.fullmatch(text)
    if parts is None or "/." in text or len(text) > MAX_URL_LENGTH:
        return None
    root, host, query = parts.groups()
    if not _is_root(root):
        return None
    return Url(text, text, host, text if query is None else _duplicate_key(text))


# The pages of a table are on fewer hosts, which the parser judges once.
@lru_cache(maxsize=4_096)
def _is_root(root: str) -> bool:
    """Whether scheme, host and port are canonical as they stand, and may have an address."""
    try:
        parts = _CANONICAL.match(root) if normalize_url(root) == root else None
    except ValueError:
        return False
    return parts is not None and parts[2][-1] != "." and _impossible(parts[2]) is None


# Of WHATWG's serialised form, in which each delimiter can mean one thing only.
_CANONICAL = re.compile(r"(https?)://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]+)(?::(\d+))?(?=/)")
_PORT = re.compile(r":\d+$")


# One visit asks about its URL several times, with hundreds of others in between.
_canonical = lru_cache(maxsize=2_048)(normalize_url)


def _canonical_parts(url: str) -> re.Match[str] | None:
    try:
        return _CANONICAL.match(_canonical(url))
    except ValueError:
        return None


def _host_key(name: str, port: str | None) -> str:
    if name[-1] == ".":
        name = name[:-1]
    return f"{name}:{port}" if port else name


def _impossible(name: str) -> Failure | None:
    """Why a name can have no address: RFC 1035, section 2.3.4, on labels and lengths."""
    if name in {"http", "https"}:
        return _refuse(f"its host would be {name!r}; the scheme is there twice or misspelt")
    bare = name[:-1] if name[-1] == "." else name
    if len(bare) > 253 or "" in (labels := bare.split(".")) or max(map(len, labels)) > 63:
        return Failure(
            ErrorKind.DNS, f"{bare[:60]!r} cannot be the name of a host", retryable=False
        )
    return None


def _explain(written: str) -> Failure:
    """Why WHATWG's parser refuses an http or https URL."""
    if not _encodable(written):
        return _refuse("it holds broken characters (lone surrogates)")
    rest = re.sub(r"^https?:[/\\]*", "", written, flags=re.IGNORECASE)
    authority = _AUTHORITY.match(rest)[0].rpartition("@")[2]  # type: ignore[index]
    name, colon, port = authority.rpartition(":")
    if colon and name and "]" not in port and not (port.isdecimal() and int(port) < 65536):
        return _refuse("its port is not a number from 0 to 65535")
    if not authority:
        return _refuse("it has no host")
    return Failure(
        ErrorKind.DNS, f"{authority[:60]!r} cannot be the name of a host", retryable=False
    )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse(message: str) -> Failure:
    return Failure(ErrorKind.SCHEME, message, retryable=False)


def _too_long(length: int) -> Failure:
    return _refuse(f"it is {length:,} characters long; more than {MAX_URL_LENGTH:,} is refused")


# --- duplicates -------------------------------------------------------------------------------

# Parameters that say where a person came from, and never which page: those that analytics and
# advertising services document. No other parameter has their names, so they go whatever they hold.
_TRACKERS = frozenset(
    """
    gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl
    fbclid fb_action_ids fb_action_types fb_source fb_ref igsh igshid
    msclkid yclid ysclid _openstat twclid ttclid li_fat_id rdt_cid irclickid
    mc_cid mc_eid mkt_tok _hsenc _hsmi hsctatracking __hssc __hstc __hsfp
    oly_anon_id oly_enc_id vero_conv _branch_match_id _branch_referrer
    s_kwcid wt_mc wt.mc_id at_medium at_campaign at_custom1 at_custom2
    sb_referer_host ns_mchannel ns_source ns_campaign ns_linkname
    __twitter_impression guccounter guce_referrer guce_referrer_sig
    pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content pk_cid
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of eighty lines
)
_TRACKER_FAMILIES = ("utm_", "mtm_", "matomo_", "hsa_", "stm_")
# Names of sessions in common frameworks, and of trackers, that others use for what they show
# (?session_id=101 of a conference). They go only with a value that looks drawn by lot.
_SHARED_NAMES = frozenset(
    """
    phpsessid jsessionid asp.net_sessionid cfid cftoken zenid oscsid sessid session_id sessionid
    epik scid vero_id wickedid ef_id s_cid xtor spm scm ns_fee
    """.split()  # noqa: SIM905 - as above
)
# Sixteen letters and digits in one piece, or a UUID, that change from one to the other four times and
# more: PHP writes 26 or 32, Java 32, ASP.NET 24, Django 32. Numbers, dates, words and words with a
# year never do. `sid` and `s` are so common that they need the form of MD5.
_DRAWN = re.compile(
    r"=(?:[^=]*[^=a-z0-9])?(?:[a-z0-9]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?:[^a-z0-9][^=]*)?$",
    re.IGNORECASE,
)
_CHANGE = re.compile(r"[a-z](?=[0-9])|[0-9](?=[a-z])", re.IGNORECASE)
_SESSION_VALUE = re.compile(r"(?:sid|s)=[0-9a-f]{32}$", re.IGNORECASE)
_SESSION_PATH = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def _duplicate_key(href: str) -> str:
    """`duplicate_key` of a form that is canonical already."""
    address, _, query = href.partition("#")[0].partition("?")
    if "@" in address:
        address = shown(address)
    if ";" in address:
        address = _SESSION_PATH.sub(_unless_drawn, address)
    if "%" in address:
        address = _ESCAPE.sub(_unescape, address)
    if not query:
        return address
    if "%" in query:
        query = _ESCAPE.sub(_unescape, query)
    kept = [parameter for parameter in query.split("&") if parameter and _may_name_page(parameter)]
    if not kept:
        return address
    kept.sort(key=_name)
    return f"{address}?{'&'.join(kept)}"


def _unescape(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _is_drawn(parameter: str) -> bool:
    """Whether a value looks random, so that it is no number of a page."""
    return bool(_DRAWN.search(parameter)) and len(_CHANGE.findall(parameter.partition("=")[2])) >= 4


def _unless_drawn(session: re.Match[str]) -> str:
    return "" if _is_drawn(session[0]) else session[0]


def _may_name_page(parameter: str) -> bool:
    """Whether a parameter may say which page is meant."""
    name = _name(parameter).lower()
    return not (
        name in _TRACKERS
        or name.startswith(_TRACKER_FAMILIES)
        or ((name in _SHARED_NAMES or name.startswith("aspsessionid")) and _is_drawn(parameter))
        or (name in {"sid", "s"} and _SESSION_VALUE.match(parameter))
    )
