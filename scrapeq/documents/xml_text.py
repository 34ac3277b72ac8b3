"""XML that is no feed and no sitemap: its text, line by line."""

from __future__ import annotations

from scrapeq.documents.document import MOST_TEXT, Document, Found
from scrapeq.documents.markup import local_name, parse, text_of, tidy, unreadable
from scrapeq.models import Failure


def read_xml(document: Document) -> Found | Failure:
    """A line for each text, in the document's order; the first `title` is its title."""
    root = parse(document.text)
    if root is None:
        return unreadable("XML")
    lines: list[str] = []
    length = 0
    for one in root.itertext():
        if line := tidy(one):
            lines.append(line)
            length += len(line) + 1
        if length > MOST_TEXT:
            break
    title = next((text_of(one) for one in root.iter("{*}title")), None)
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang")
    metadata = {"root": local_name(root), "elements": sum(1 for _ in root.iter("*"))}
    return Found(
        "xml",
        text="\n".join(lines) or None,
        title=title or None,
        language=language,
        metadata=metadata,
        sources={"title": "xml title", "language": "xml:lang"},
    )
