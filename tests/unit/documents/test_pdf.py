"""PDFs: titles, broken ones, and those that are made to take for ever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from scrapeq.documents import pdf
from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.testing.documents import pdf_file
from scrapeq.testing.hostile.documents import pdf_of
from scrapeq.work.child_stages import Source, read

PAGE = ["Annual report", "of a company that sells lamps, chairs and desks to people everywhere"]


def reading(body: bytes) -> Content | Failure:
    return read(Source(body, "https://a.test/x.pdf", "application/pdf", Recipe()), None)


def content(body: bytes) -> Content:
    found = reading(body)
    assert isinstance(found, Content)
    return found


@pytest.mark.parametrize(
    "made_up",
    ["", "untitled", "Microsoft Word - report_final.docx", "report.pdf", "Document1", "12345", " "],
)
def test_a_title_that_a_program_made_up_is_none(made_up: str) -> None:
    found = content(pdf_file([PAGE], title=made_up))

    assert found.title == "Annual report"
    assert found.sources["title"] == "largest letters"


def test_a_page_in_letters_of_one_size_has_no_title() -> None:
    assert content(pdf_file([["", "only words in one size"]])).title is None


def test_pages_without_text_are_counted() -> None:
    found = content(pdf_file([PAGE, [], []]))

    assert found.metadata["pages"] == 3
    assert found.metadata["pages_without_text"] == 2


def test_of_many_pages_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_PAGES", 2)

    found = content(pdf_file([["one"], ["two"], ["three"]]))

    assert found.text == "one\n\ntwo"
    assert (found.metadata["pages"], found.metadata["pages_read"]) == (3, 2)


def test_reading_stops_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MOST_CPU_S", -1.0)

    found = reading(pdf_file([PAGE]))

    assert isinstance(found, Failure)
    assert found.kind is ErrorKind.PARSE


def page_tree(kids: bytes, count: int, *more: bytes) -> bytes:
    pages = b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count)
    return pdf_of([b"<</Type/Catalog/Pages 2 0 R>>", pages, *more])


EMPTY = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"%PDF-1.7\n", "broken"),
        (pdf_file([PAGE])[:300], "broken"),
        (b"%PDF-1.7\n1 0 obj\n" + b"[" * 100_000, "broken"),
        (page_tree(b"2 0 R 2 0 R", 1_000_000), "no pages"),
        (pdf_of([b"<</Type/Catalog>>"]), "broken"),
    ],
)
def test_a_pdf_that_cannot_be_read_says_why(body: bytes, why: str) -> None:
    found = reading(body)

    assert isinstance(found, Failure)
    assert (found.kind, found.retryable) == (ErrorKind.PARSE, False)
    assert found.message.startswith("the PDF cannot be read: ")
    assert why in found.message


@pytest.mark.parametrize(
    "body",
    [
        page_tree(b"3 0 R", 2_000_000_000, EMPTY),
        page_tree(b"3 0 R " * 1_000, 1_000, EMPTY),
    ],
    ids=["two billion pages", "the same page"],
)
def test_what_refers_to_itself_ends(body: bytes) -> None:
    found: Sequence[str] = (content(body).text or "").split()

    assert found == []


def test_a_pdf_that_wants_a_password_says_so() -> None:
    locked = b"<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"11" * 32, b"22" * 32)
    marks = b"/ID[<33><33>]/Encrypt " + locked
    body = page_tree(b"3 0 R", 1, EMPTY).replace(b"/Root 1 0 R", b"/Root 1 0 R" + marks)

    found = reading(body)

    assert isinstance(found, Failure)
    assert found.message == "the PDF cannot be read: it wants a password"

    # PDFium keeps one last error a process, and not every failure sets it
    broken = reading(pdf_of([b"<</Type/Catalog>>"]))
    assert isinstance(broken, Failure)
    assert broken.message == "the PDF cannot be read: it is broken"
