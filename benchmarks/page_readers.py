"""What scrapeq and others read of the pages of a folder, as lines of JSON.

    python benchmarks/page_readers.py READER FOLDER [--half held-out]

Each line has the page's name, the values (text, title, author, date; only those that the reader gives)
and the CPU milliseconds of reading it. The first page is read twice and the first time not counted, so
that loading is not. A reader is used as its own documentation shows it, with its defaults; the peers
are in an environment of their own (`requirements-peers.txt`), as `extraction.py` calls them.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labelled_pages import labelled_pages

Values = dict[str, Any]
Reader = Callable[[bytes, str], Values]


def scrapeq(main_text: str) -> Reader:
    from scrapeq.extract import extract
    from scrapeq.models import Content, Recipe

    recipe = Recipe(main_text=main_text)

    def read(body: bytes, url: str) -> Values:
        page = extract(body, url=url, content_type="text/html", recipe=recipe)
        if not isinstance(page, Content):
            return {"text": "", "title": "", "author": "", "date": ""}
        day = str(page.published_at.date()) if page.published_at else ""
        found = {"title": page.title, "author": page.author, "date": day}
        sources = {"title": "title", "author": "author", "date": "published_at"}
        found["sources"] = {name: page.sources.get(key) for name, key in sources.items()}
        return found if main_text == "off" else {**found, "text": page.text}

    return read


def trafilatura(favour: str) -> Reader:
    from trafilatura import bare_extraction

    def read(body: bytes, url: str) -> Values:
        found = bare_extraction(body, url=url or None, with_metadata=True, fast=favour == "fast")
        if found is None:
            return {"text": "", "title": "", "author": "", "date": ""}
        return {
            "text": found.text,
            "title": found.title,
            "author": found.author,
            "date": found.date,
        }

    return read


def resiliparse(_: str) -> Reader:
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    def read(body: bytes, url: str) -> Values:
        markup = bytes_to_str(body, detect_encoding(body, html5_compatible=True))
        return {"text": extract_plain_text(markup, main_content=True)}

    return read


def readability(_: str) -> Reader:
    from lxml import html
    from readability import Document

    def read(body: bytes, url: str) -> Values:
        page = Document(body.decode("utf-8", "replace"), url=url or None)
        return {"text": html.fromstring(page.summary()).text_content(), "title": page.short_title()}

    return read


def htmldate(favour: str) -> Reader:
    from htmldate import find_date

    def read(body: bytes, url: str) -> Values:
        markup = body.decode("utf-8", "replace")
        extensive = favour != "fast"
        return {
            "date": find_date(
                markup, url=url or None, original_date=True, extensive_search=extensive
            )
        }

    return read


def extruct(_: str) -> Reader:
    """The first headline, author and datePublished of JSON-LD, microdata and RDFa, and OpenGraph."""
    from extruct import extract

    def read(body: bytes, url: str) -> Values:
        found = extract(body, base_url=url, uniform=True, errors="log")
        kinds = ("json-ld", "microdata", "rdfa", "opengraph")
        things = [thing for kind in kinds for thing in found.get(kind) or [] if thing]
        return {
            "title": _first(things, "headline", "og:title"),
            "author": _first(things, "author", "article:author"),
            "date": _first(things, "datePublished", "article:published_time"),
        }

    return read


def _first(things: list[Any], *names: str) -> str:
    for name in names:
        for thing in things:
            value = thing.get(name)
            value = value[0] if isinstance(value, list) and value else value
            value = value.get("name") if isinstance(value, dict) else value
            if isinstance(value, str) and value.strip():
                return value.strip()
    return ""


def newspaper(_: str) -> Reader:
    from newspaper import Article

    def read(body: bytes, url: str) -> Values:
        page = Article(url or "https://a.example/", fetch_images=False)
        page.download(input_html=body.decode("utf-8", "replace"))
        page.parse()
        return {
            "text": page.text,
            "title": page.title,
            "author": ", ".join(page.authors),
            "date": str(page.publish_date or ""),
        }

    return read


#: By name: what makes a reader, its variant, and the package whose version is shown.
READERS: dict[str, tuple[Callable[[str], Reader], str, str]] = {
    "scrapeq best": (scrapeq, "best", "scrapeq"),
    "scrapeq fast": (scrapeq, "fast", "scrapeq"),
    "scrapeq off": (scrapeq, "off", "scrapeq"),
    "trafilatura": (trafilatura, "", "trafilatura"),
    "trafilatura fast": (trafilatura, "fast", "trafilatura"),
    "resiliparse": (resiliparse, "", "resiliparse"),
    "readability-lxml": (readability, "", "readability-lxml"),
    "htmldate": (htmldate, "", "htmldate"),
    "htmldate fast": (htmldate, "fast", "htmldate"),
    "extruct": (extruct, "", "extruct"),
    "newspaper4k": (newspaper, "", "newspaper4k"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=["tuned-on", "held-out"])
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    make, variant, _ = READERS[options.reader]
    read = make(variant)
    is_loaded = False
    for page in labelled_pages(options.folder, options.half):
        if not is_loaded:
            _timed(read, page.body, page.url)
            is_loaded = True
        values, cpu_ms = _timed(read, page.body, page.url)
        json.dump({"page": page.name, "values": values, "cpu_ms": cpu_ms}, sys.stdout, default=str)
        print()


def _timed(read: Reader, body: bytes, url: str) -> tuple[Values, float]:
    """A page that makes a reader fail has given nothing; its time counts."""
    began = time.process_time()
    try:
        values = read(body, url)
    except Exception as error:
        values = {"failed": repr(error)[:200]}
    return values, 1000 * (time.process_time() - began)


if __name__ == "__main__":
    main()
