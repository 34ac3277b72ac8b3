"""How often two addresses of one page have one key, and whether two pages have.

    python benchmarks/url_keys.py FOLDER [--different]

FOLDER is one of `labelled_pages.py`. One page: the address that it was fetched from and the one that it names as
its canonical one, where the two are written differently. Two pages: all links of the pages to their own sites
that have one key with an address that is written differently; what the difference is, is listed by kind, and
--different shows them.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from pathlib import Path
from urllib.parse import urlsplit

from labelled_pages import labelled_pages
from selectolax.lexbor import LexborHTMLParser

from scrapeq import urls
from scrapeq.extract.bounds import for_lexbor
from scrapeq.extract.charset import decode
from scrapeq.extract.declared import declarations
from scrapeq.extract.links import Joiner, base_of, links_of


def difference(one: str, other: str) -> str:
    """In what two addresses differ: the names of their parts."""
    a, b = urlsplit(one), urlsplit(other)
    parts = ("scheme", "netloc", "path", "query")
    found = [part for part in parts if getattr(a, part) != getattr(b, part)]
    if found == ["path"] and a.path.rstrip("/") == b.path.rstrip("/"):
        return "slash at the end"
    return ", ".join(found) or "empty query"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--different", action="store_true", help="list what is not merged, and what is"
    )
    options = parser.parse_args()
    merged: Counter[str] = Counter()
    apart: Counter[str] = Counter()
    written: dict[str, set[str]] = defaultdict(set)
    links = 0
    for page in labelled_pages(options.folder):
        own = urls.parse(page.url)
        if not isinstance(own, urls.Url):
            continue
        decoded = decode(page.body, "text/html")
        tree = LexborHTMLParser(for_lexbor(decoded.text))
        declared = declarations(tree)
        join = Joiner(base_of(declared.base, page.url))
        named = urls.parse(join(declared.canonical) or "")
        if isinstance(named, urls.Url) and named.href != own.href:
            how = difference(own.href, named.href)
            (merged if named.key == own.key else apart)[how] += 1
            if options.different and named.key != own.key:
                print("apart", own.href, named.href)
        for link in links_of(tree, join).url:
            found = urls.parse(link)
            if isinstance(found, urls.Url) and found.host == own.host:
                links += 1
                written[found.key].add(found.href)
    same, other = sum(merged.values()), sum(apart.values())
    print(f"one page, written differently: {same} of {same + other} have one key")
    print(f"  merged by what differs: {dict(merged.most_common())}")
    print(f"  apart by what differs: {dict(apart.most_common())}")
    several = [hrefs for hrefs in written.values() if len(hrefs) > 1]
    kinds = Counter(
        difference(first, one)
        for hrefs in several
        for first, *rest in [sorted(hrefs)]
        for one in rest
    )
    print(f"{links} links with {len(written)} keys; {len(several)} keys of several addresses")
    print(f"  by what differs: {dict(kinds.most_common())}")
    if options.different:
        for hrefs in several:
            print("one key:", *sorted(hrefs))


if __name__ == "__main__":
    main()
