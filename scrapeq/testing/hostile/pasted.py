"""URLs as people paste them into a table."""

from __future__ import annotations

from scrapeq.testing.hostile.case import Case


def _read(name: str, what: str, url: str, path: str) -> Case:
    """The server says which path it was asked for, on which host."""
    return Case(f"url-{name}", what, "ok", url=url, title=f"{path} of localhost")


def _refused(name: str, what: str, url: str, ends: str = "scheme") -> Case:
    return Case(f"url-{name}", what, ends, url=url)


_HERE = "http://localhost:{plain}"

CASES = (
    _read("spacesaround", "Spaces around it.", f"  {_HERE}/spaces \u00a0", "/spaces"),
    _read("tabs", "Tabs around and within.", f"\t{_HERE}/ta\tbs\t", "/tabs"),
    _read("crlf", "Line ends around and within.", f"\r\n{_HERE}/li\r\nnes\r\n", "/lines"),
    _read("space", "A space within.", f"{_HERE}/a b", "/a%20b"),
    _read("quotes", "Quotes around it.", f'"{_HERE}/quoted"', "/quoted"),
    _read("brackets", "Angle brackets around it.", f"<{_HERE}/bracketed>", "/bracketed"),
    _read("invisible", "Invisible characters around it.", f"\ufeff\u200b{_HERE}/seen\u200b", "/seen"),
    _read("schemeless", "No scheme, a port.", "localhost:{plain}/schemeless", "/schemeless"),
    _read("uppercase", "Scheme and host in capitals.", "HTTP://LOCALHOST:{plain}/Case", "/Case"),
    _read("dotsegments", "Dot segments.", f"{_HERE}/a/./b/../../c", "/c"),
    _read("dotsabove", "More dots than there is to go up.", f"{_HERE}/../../../etc/passwd", "/etc/passwd"),
    _read("dotsescaped", "Escaped dots.", f"{_HERE}/a/%2e%2E/dots", "/dots"),
    _read("backslashes", "Backslashes.", f"{_HERE}\\back\\slashed", "/back/slashed"),
    _read("noslashes", "A scheme without slashes.", "http:localhost:{plain}/noslashes", "/noslashes"),
    _read("slashes", "A scheme with too many.", "http:////localhost:{plain}/slashes", "/slashes"),
    _read("fragment", "A fragment, which stays at home.", f"{_HERE}/page#part", "/page"),
    _read("query", "A query without a path.", f"{_HERE}?q=1", "/?q=1"),
    Case("url-emptyquery", "An empty query, which may be dropped.", "ok", url=f"{_HERE}/asked?"),
    _read("unicodepath", "A path of another script.", f"{_HERE}/страница", "/%D1%81%D1%82%D1%80%D0%B0%D0%BD%D0%B8%D1%86%D0%B0"),
    _read("emoji", "A picture in the query.", f"{_HERE}/?q=🙂", "/?q=%F0%9F%99%82"),
    _read("percent", "Percent signs that escape nothing.", f"{_HERE}/100%/%zz", "/100%/%zz"),
    _read("strange", "Characters that URLs do not have.", f"{_HERE}/b^c`d{{e}}<f>", "/b%5Ec%60d%7Be%7D%3Cf%3E"),
    _read("quotesinside", "Quotes within.", f"{_HERE}/a'b\"c", "/a'b%22c"),
    _read("nulescaped", "An escaped NUL.", f"{_HERE}/a%00b", "/a%00b"),
    _read("crlfescaped", "Escaped line ends, with a header of their own.", f"{_HERE}/a%0D%0AX-Evil:%20yes", "/a%0D%0AX-Evil:%20yes"),
    _read("widehost", "The host in wide letters.", "http://ｌｏｃａｌｈｏｓｔ:{plain}/wide", "/wide"),
    _read("escapedhost", "The host in escapes.", "http://%6Cocalhost:{plain}/escaped", "/escaped"),
    _read("portzeros", "Zeros before the port.", "http://localhost:000{plain}/zeros", "/zeros"),
    Case("url-long", "7,500 characters.", "ok", url=f"{_HERE}/{'a' * 7500}"),
    Case(
        "url-idn",
        "A name in another script.",
        "ok",
        url="http://größe.localhost:{plain}/",
        title="/ of xn--gre-6ka8i.localhost",
    ),
    Case("url-trailingdot", "A dot after the name.", "ok", url="http://localhost.:{plain}/dot"),
    _refused("toolong", "100 KB.", f"{_HERE}/{'a' * 100_000}"),
    _refused("empty", "Nothing.", ""),
    _refused("blank", "Nothing but blanks.", " \t\r\n\u200b"),
    _refused("words", "Words.", "see the website"),
    _refused("number", "A number.", "3.14"),
    _refused("email", "An e-mail address.", "somebody@somewhere.test"),
    _refused("two", "Two of them.", f"{_HERE}/a, {_HERE}/b"),
    _refused("file", "A file.", "file:///etc/passwd"),
    _refused("javascript", "A script.", "javascript:alert(1)"),
    _refused("data", "A page in the URL.", "data:text/html,<h1>hello</h1>"),
    _refused("phone", "A telephone number.", "tel:+49123456"),
    _refused("drive", "A file of Windows.", "C:\\Users\\me\\page.html"),
    _refused("twoschemes", "The scheme twice.", "http://http://localhost/"),
    _refused("schemeonly", "A scheme.", "https://"),
    _refused("port", "A port that cannot be.", "http://localhost:99999/"),
    _refused("portword", "A port that is a word.", "http://localhost:http/"),
    _refused("portnegative", "A negative port.", "http://localhost:-80/"),
    _refused("ipv6", "An IPv6 address that is none.", "http://[::g]/", "dns or scheme"),
    _refused("surrogate", "A broken character.", f"{_HERE}/\ud800", "scheme"),
    _refused("hostspace", "A space in the host.", "http://local host/", "dns or scheme"),
    _refused("portzero", "Port 0, where nobody can listen.", "http://localhost:0/", "refused"),
)  # fmt: skip
