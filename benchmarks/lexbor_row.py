"""A page's row by selectolax's Lexbor, for the subjects that read with it: the same work, as fast as it goes."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import subject
from selectolax.lexbor import LexborHTMLParser


def read_row(url: str, body: bytes) -> dict[str, object]:
    """The page's title, its links as absolute URLs, and the text of each selector."""
    tree = LexborHTMLParser(body)
    title = tree.css_first("title")
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    row: dict[str, object] = {"url": url, "title": title.text() if title else None}
    # urljoin alone takes longer than the rest of the page; most links are of this form.
    row["links"] = [
        origin + href if href[:1] == "/" != href[1:2] else urljoin(url, href)
        for link in tree.css("a[href]")
        if (href := link.attributes["href"] or "")
    ]
    for name, selector in subject.SELECTORS.items():
        found = tree.css_first(selector)
        row[name] = found.text() if found else None
    return row
