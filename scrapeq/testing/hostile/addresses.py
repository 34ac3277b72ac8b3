"""Addresses that are not to be asked, in every spelling: the table, and a redirect to each.

The spellings are those that browsers (WHATWG's URL standard) and getaddrinfo understand, and those
with which other guards were got round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scrapeq.testing.hostile.case import SHARED, Case
from scrapeq.testing.hostile.script import Asked, Script, Send, html, says


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write an address that must not be asked.

    url: {port} is where something private listens. means: which address that is. never: not even
    where private addresses are allowed. ends: how a visit ends where they are not; other than
    "address" for what is no URL by WHATWG's rules.
    """

    name: str
    url: str
    means: str
    never: bool = False
    ends: str = "address"


def _own(name: str, host: str, means: str = "127.0.0.1") -> Spelling:
    """This machine or a network around it."""
    return Spelling(name, f"http://{host}:{{port}}/", means)


def _never(name: str, host: str, means: str) -> Spelling:
    return Spelling(name, f"http://{host}:{{port}}/", means, never=True)


def _no_url(name: str, url: str, means: str = "127.0.0.1") -> Spelling:
    return Spelling(name, url, means, ends="redirects or dns or scheme")


_THIS_MACHINE = (
    _own("dotted", "127.0.0.1"),
    _own("other", "127.255.255.254", "127.255.255.254"),
    _own("trailingdot", "127.0.0.1."),
    _own("decimal", "2130706433"),
    _own("hex", "0x7f000001"),
    _own("hexcapitals", "0X7F000001"),
    _own("hexdotted", "0x7f.0x0.0x0.0x1"),
    _own("hexshort", "0x7f.1"),
    _own("octal", "0177.0.0.1"),
    _own("octalwhole", "017700000001"),
    _own("octalzeros", "000000177.0.0.01"),
    _own("zeros", "127.000.000.001"),
    _own("mixed", "0x7f.0.0.01"),
    _own("short", "127.1"),
    _own("shortthree", "127.0.1"),
    _own("fullwidth", "１２７.０.０.１"),
    _own("ideographicdots", "127。0。0。1"),
    _own("halfwidthdots", "127｡0｡0｡1"),
    _own("circled", "①②⑦.⓪.⓪.①"),
    _own("superscript", "¹²⁷.0.0.1"),
    _own("mathematical", "𝟏𝟐𝟕.𝟎.𝟎.𝟏"),
    _own("escaped", "%31%32%37.0.0.1"),
    _own("escapeddots", "127%2e0%2e0%2e1"),
    _own("softhyphen", "127.0\u00ad.0.1"),
    _own("zerowidth", "127.0.\u200b0.1"),
    _own("tab", "127.0.\t0.1"),
    _own("localhost", "localhost"),
    _own("localhostdot", "LOCALHOST."),
    _own("localhostbelow", "a.b.localhost"),
    _own("localhostwide", "ｌｏｃａｌｈｏｓｔ"),
    _own("localhostcircled", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
    _own("ipv6", "[::1]", "::1"),
    _own("ipv6long", "[0000:0000:0000:0000:0000:0000:0000:0001]", "::1"),
    _own("ipv6zeros", "[0:0::0:1]", "::1"),
    _own("mapped", "[::ffff:127.0.0.1]"),
    _own("mappedhex", "[::ffff:7f00:1]"),
    _own("mappedlong", "[0:0:0:0:0:FFFF:7F00:0001]"),
    _own("nat64", "[64:ff9b::7f00:1]"),
    _own("nat64dotted", "[64:ff9b::127.0.0.1]"),
)

_DISGUISED = (
    _never("compatible", "[::127.0.0.1]", "127.0.0.1 by RFC 4291, 2.5.5.1"),
    _never("compatiblehex", "[::7f00:1]", "127.0.0.1 by RFC 4291, 2.5.5.1"),
    _never("translated", "[::ffff:0:7f00:1]", "127.0.0.1 by RFC 2765, 2.1"),
    _never("nat64local", "[64:ff9b:1::7f00:1]", "127.0.0.1 by RFC 8215"),
    _never("sixtofour", "[2002:7f00:1::]", "127.0.0.1 by RFC 3056"),
    _never("sixtofourfull", "[2002:7f00:1::7f00:1]", "127.0.0.1 by RFC 3056"),
    _never("teredo", "[2001:0:7f00:1::]", "a Teredo server at 127.0.0.1, RFC 4380"),
    _never("teredoclient", "[2001::80ff:fffe]", "a Teredo client at 127.0.0.1, RFC 4380"),
    _never("isatap", "[fe80::5efe:7f00:1]", "127.0.0.1 by RFC 5214"),
)

_NETWORKS = (
    _own("ten", "10.0.0.1", "10.0.0.1"),
    _own("tenshort", "10.1", "10.0.0.1"),
    _own("tendecimal", "167772161", "10.0.0.1"),
    _own("seventeentwo", "172.16.0.1", "172.16.0.1"),
    _own("ninetytwo", "192.168.1.1", "192.168.1.1"),
    _own("ninetytwoshort", "192.168.257", "192.168.1.1"),
    _own("ninetytwohex", "0xc0.0xa8.0x101", "192.168.1.1"),
    _own("carrier", "100.64.0.1", "100.64.0.1"),
    _own("benchmark", "198.18.0.1", "198.18.0.1"),
    _own("uniquelocal", "[fd00::1]", "fd00::1"),
    _own("sitelocal", "[fec0::1]", "fec0::1"),
    _own("mappedten", "[::ffff:10.0.0.1]", "10.0.0.1"),
    _own("nat64ten", "[64:ff9b::a00:1]", "10.0.0.1"),
)

_NOBODY = (
    _never("zero", "0.0.0.0", "whatever listens on this machine"),
    _never("zeroshort", "0", "0.0.0.0"),
    _never("zerohex", "0x0", "0.0.0.0"),
    _never("zerooctal", "0000.0.0", "0.0.0.0"),
    _never("zeronet", "0.1.2.3", "0.1.2.3"),
    _never("unspecified", "[::]", "::"),
    _never("mappedzero", "[::ffff:0.0.0.0]", "0.0.0.0"),
    _never("linklocal", "169.254.0.1", "169.254.0.1"),
    _never("linklocal6", "[fe80::1]", "fe80::1"),
    _never("multicast", "224.0.0.1", "224.0.0.1"),
    _never("multicast6", "[ff02::1]", "ff02::1"),
    _never("broadcast", "255.255.255.255", "255.255.255.255"),
    _never("broadcastdecimal", "4294967295", "255.255.255.255"),
)

_METADATA = (
    _never("metadata", "169.254.169.254", "AWS, Azure, Google, DigitalOcean and others"),
    _never("metadatadot", "169.254.169.254.", "169.254.169.254"),
    _never("metadatadecimal", "2852039166", "169.254.169.254"),
    _never("metadatahex", "0xA9FEA9FE", "169.254.169.254"),
    _never("metadataoctal", "0251.0376.0251.0376", "169.254.169.254"),
    _never("metadatashort", "169.254.43518", "169.254.169.254"),
    _never("metadatawide", "１６９。２５４。１６９。２５４", "169.254.169.254"),
    _never("metadatamapped", "[::ffff:169.254.169.254]", "169.254.169.254"),
    _never("metadatamappedhex", "[::ffff:a9fe:a9fe]", "169.254.169.254"),
    _never("metadatacompatible", "[::a9fe:a9fe]", "169.254.169.254"),
    _never("metadatatranslated", "[::ffff:0:a9fe:a9fe]", "169.254.169.254"),
    _never("metadatanat64", "[64:ff9b::a9fe:a9fe]", "169.254.169.254"),
    _never("metadatasixtofour", "[2002:a9fe:a9fe::]", "169.254.169.254"),
    _never("metadataecs", "169.254.170.2", "the credentials of AWS containers"),
    _never("metadataaws6", "[fd00:ec2::254]", "AWS"),
    _never("metadatagoogle6", "[fd20:ce::254]", "Google"),
    _never("metadatascaleway6", "[fd00:42::42]", "Scaleway"),
    _never("metadataalibaba", "100.100.100.200", "Alibaba"),
    _never("metadataalibabahex", "0x646464c8", "100.100.100.200"),
    _never("metadataazure", "168.63.129.16", "Azure's WireServer"),
    _never("metadataoracle", "192.0.0.192", "Oracle Classic"),
)

_TRICKS = (
    Spelling("userinfo", "http://public.test@127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("userinfoport", "http://public.test:80@127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("userinfotwice", "http://a@public.test@127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("userinfoslash", "http://public.test%2f@127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("backslash", "http://127.0.0.1:{port}\\@public.test/", "127.0.0.1"),
    Spelling("backslashes", "http:\\\\127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("manyslashes", "http://///127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("fragment", "http://127.0.0.1:{port}#@public.test/", "127.0.0.1"),
    Spelling("query", "http://127.0.0.1:{port}?@public.test/", "127.0.0.1"),
    Spelling("https", "https://127.0.0.1:{port}/", "127.0.0.1"),
    Spelling("capitalscheme", "HTTP://127.0.0.1:{port}/", "127.0.0.1"),
    _no_url("zone", "http://[fe80::1%25lo]:{port}/", "fe80::1"),
    _no_url("zonebare", "http://[::1%lo]:{port}/", "::1"),
    _no_url("nul", "http://127.0.0.1%00.public.test:{port}/"),
    _no_url("toolarge", "http://256.256.256.256:{port}/", "nothing"),
    _no_url("overflow", "http://4294967296:{port}/", "0.0.0.0, where numbers overflow"),
    _no_url("fiveparts", "http://127.0.0.0.1:{port}/", "nothing"),
    _no_url("brackets", "http://[127.0.0.1]:{port}/"),
)

SPELLINGS = (
    *_THIS_MACHINE,
    *_DISGUISED,
    *_NETWORKS,
    *_NOBODY,
    *_METADATA,
    *_TRICKS,
)


def _leads_to(spelling: Spelling) -> Callable[[Asked], Script]:
    """A redirect to where this web itself listens, so that following it would be seen."""

    def script(asked: Asked) -> Script:
        place = spelling.url.replace("{port}", str(asked.ports["plain"])).encode()
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n"
        return (Send(head),) if asked.path == "/" else says(html("not to be read"))

    return script


CASES = tuple(
    Case(
        f"address-{spelling.name}",
        f"A redirect to {spelling.means}, written {spelling.url.partition('{')[0]!a}.",
        spelling.ends,
        _leads_to(spelling),
        url="http://{name}.test/",
        options=SHARED,
    )
    for spelling in SPELLINGS
)
