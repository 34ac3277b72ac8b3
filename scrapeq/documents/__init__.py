"""Documents that are no web pages: bytes in, content out; pure, without network, files or threads.

One file for each kind: `pdf`, `json_values`, `xml_text`, `feeds`, `sitemaps`, `delimited`,
`workbooks`, `images`. What they share: `document` (what goes in and comes out), `markup` (XML without
its dangers), `rows` (tables), `moments` (dates as documents write them).
"""

from __future__ import annotations

from scrapeq.documents.document import Document
from scrapeq.documents.json_values import value_of
from scrapeq.models import Content, Failure

__all__ = ["Document", "read_document", "value_of"]


def read_document(document: Document) -> Content | Failure:
    """What a document holds: see the file of its kind.

    Every length is bounded, and so are entries, cells and pages; what was left out is said in
    `metadata`. Fails with `parse` for what is not what it begins like: a PDF without pages that can be
    read, a workbook that is broken, text that is called JSON. Time and memory grow with the body, and
    in hostile ones beyond it: the caller bounds both.
    """
    # The parsers are loaded with the first document
    from scrapeq.documents.reading import read

    return read(document)
