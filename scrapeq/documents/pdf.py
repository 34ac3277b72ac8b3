"""PDFs: the text of their pages, and what they say of themselves.

Read by PDFium, which is the reader of Chrome: see docs/decisions/0022.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import Any

from scrapeq.documents.document import MOST_TEXT, MOST_TITLE, Document, Found
from scrapeq.documents.markup import tidy
from scrapeq.documents.moments import pdf_moment, written
from scrapeq.models import ErrorKind, Failure

#: Pages that are looked at, and CPU seconds after which the rest is left out: the reading child ends at
#: 10. Of text alone PDFium reads some 1,000 pages a second.
MOST_PAGES, MOST_CPU_S = 20_000, 6.0
#: Characters of the first page that are looked at for a title.
LOOKED_AT = 3_000


def read_pdf(document: Document) -> Found | Failure:
    """The text of all pages, with an empty line between two.

    Words that are divided at the end of a line are put together where the PDF says that they are
    divided. The title is the PDF's own, unless a program made it up; else the largest letters of the
    first page. `published_at` is when it was created.
    """
    import pypdfium2  # type: ignore[import-untyped] # has no types

    try:
        pdf = pypdfium2.PdfDocument(document.body)
    except pypdfium2.PdfiumError as error:
        # PDFium's last error may be that of an earlier PDF: /Encrypt stands in every one that has one
        is_locked = "assword" in str(error) and b"/Encrypt" in document.body
        why = "it wants a password" if is_locked else "it is broken"
        return Failure(ErrorKind.PARSE, f"the PDF cannot be read: {why}", retryable=False)
    try:
        return _read(pdf)
    finally:
        pdf.close()


def _read(pdf: Any) -> Found | Failure:
    import pypdfium2

    # Not get_text_range, which calls itself once for each character that cannot be seen
    ends_s = time.process_time() + MOST_CPU_S
    count = len(pdf)
    pieces: list[str] = []
    largest = ""
    length = read = broken = 0
    for number in range(min(count, MOST_PAGES)):
        if length > MOST_TEXT or time.process_time() > ends_s:
            break
        read = number + 1
        try:
            page = pdf[number]
            text_page = page.get_textpage()
        except pypdfium2.PdfiumError:
            broken += 1
            continue
        if number == 0:
            largest = _largest(text_page)
        text = _mended(text_page.get_text_bounded())
        text_page.close()
        page.close()
        length += len(text) + 2
        pieces.append(text)
    if broken == read:
        return Failure(ErrorKind.PARSE, "the PDF cannot be read: it has no pages", retryable=False)
    about = {name: tidy(value) for name, value in pdf.get_metadata_dict(skip_empty=True).items()}
    title = about.get("Title", "")
    is_own = bool(title) and not _MADE_UP.search(title)
    created = pdf_moment(about.get("CreationDate"))
    metadata: dict[str, Any] = {
        "pages": count,
        "created": written(created),
        "modified": written(pdf_moment(about.get("ModDate"))),
        "producer": about.get("Producer", "")[:300],
        "creator": about.get("Creator", "")[:300],
        "subject": about.get("Subject", "")[:MOST_TITLE],
        "keywords": about.get("Keywords", "")[:MOST_TITLE],
        "pages_read": read if read < count else None,
        "pages_broken": broken,
        "pages_without_text": sum(not piece for piece in pieces),
    }
    return Found(
        "pdf",
        text="\n\n".join(filter(None, pieces)) or None,
        title=title if is_own else largest or None,
        author=about.get("Author"),
        published_at=created,
        metadata={name: value for name, value in metadata.items() if value},
        sources={
            "title": "pdf title" if is_own else "largest letters",
            "author": "pdf author",
            "published_at": "pdf created",
        },
    )


#: What programs write where nobody gave a title: a file's name, their own, a number.
_MADE_UP = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel)\b.*|untitled.*|document\d*|dokument\d*|slide 1|print.*"
    r"|.*\.(?:docx?|pdf|indd|xlsx?|pptx?|dvi|tex|qxd|rtf|odt|html?|pmd|p65|cdr|ai|eps|tmp)|[\W\d_]*"
    r"|https?://\S*|about:blank)$",
    re.IGNORECASE,
)
#: How PDFium marks a word that is divided at the end of a line, and other marks that are no characters.
_DIVIDED = re.compile(r"[￾\x02]\n?")
_NO_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f￿]")


def _mended(text: str) -> str:
    """The text of a page with plain line ends, and without empty lines that follow each other."""
    text = _DIVIDED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.rstrip() for line in _NO_CHARACTER.sub(" ", text).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _largest(text_page: Any) -> str:
    """What stands on a page in its largest letters, if that is much larger than most; "" if not."""
    import pypdfium2.raw as pdfium  # type: ignore[import-untyped] # has no types

    letters = [
        (
            round(pdfium.FPDFText_GetFontSize(text_page, place), 1),
            chr(pdfium.FPDFText_GetUnicode(text_page, place)),
        )
        for place in range(min(text_page.count_chars(), LOOKED_AT))
    ]
    counts = Counter(size for size, one in letters if not one.isspace())
    usual = counts.most_common(1)[0][0] if counts else 0
    titles = [size for size, number in counts.items() if size > 1.2 * usual and number >= 4]
    if not titles:
        return ""
    size = max(titles)
    written_so = "".join(one if s == size or one.isspace() else "\0" for s, one in letters)
    blocks = [tidy(block) for block in written_so.split("\0") if block.strip()]
    return blocks[0][:MOST_TITLE] if blocks else ""
