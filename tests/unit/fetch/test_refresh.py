"""Where a page says that a browser is to go, read as browsers read it."""

from __future__ import annotations

import pytest

from scrapeq.fetch.exchange import RawResponse
from scrapeq.fetch.refresh import Refresh, parse_refresh, refresh_of

HTML = ("Content-Type", "text/html; charset=utf-8")


def of(markup: str, *headers: tuple[str, str]) -> Refresh | None:
    return refresh_of(RawResponse(200, headers or (HTML,), markup.encode()))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0; url=/new", (0, "/new")),
        ("0;URL='/new'", (0, "/new")),
        ('5, url = "/a b"', (5, "/a b")),
        ("3 /new", (3, "/new")),
        ("2.9;url=/new", (2, "/new")),
        (".5;/new", (0, "/new")),
        ("300", (300, "")),
        ("0;url=", (0, "")),
        ("0; url='/new' and more", (0, "/new")),
        ("url=/new", None),
        ("0x; url=/new", None),
        ("-1; url=/new", None),
        ("", None),
    ],
)
def test_values_are_read_as_browsers_do(written, meant):
    assert parse_refresh(written) == (meant and Refresh(*meant))


@pytest.mark.parametrize(
    ("markup", "meant"),
    [
        ("<META content='0;url=/a?b&amp;c' HTTP-EQUIV=Refresh>", (0, "/a?b&c")),
        ("<p>hello<meta http-equiv=' refresh ' content=1;/a>", (1, "/a")),
        ('<meta http-equiv="refresh" content="x"><meta http-equiv="refresh" content="0;/b">', (0, "/b")),
        ('<meta http-equiv="refresh" content="60;/a"><meta http-equiv="refresh" content="0;/b">', (60, "/a")),
        ('<meta name="a" content=">"><meta http-equiv="refresh" content="0;/a">', (0, "/a")),
        ('<base href="/d/"><meta http-equiv="refresh" content="0;a">', (0, "a", "/d/")),
    ],
)  # fmt: skip
def test_the_first_of_a_page_counts(markup, meant):
    assert of(f"<html><head>{markup}") == Refresh(*meant)


@pytest.mark.parametrize("around", ["noscript", "script", "template", "textarea", "title", "style"])
def test_what_a_browser_does_not_see_as_an_element_leads_nowhere(around):
    meta = '<meta http-equiv="refresh" content="0;/a">'

    assert of(f"<{around}>{meta}</{around}>") is None
    assert of(f"<{around}>{meta}") is None
    assert of(f"<{around}>{meta}</{around}><!-- --> {meta}") == Refresh(0, "/a")


def test_comments_other_types_and_plain_words_lead_nowhere():
    meta = '<meta http-equiv="refresh" content="0;/a">'

    assert of(f"<!-- {meta} -->") is None
    assert of("<p>Please refresh this page.</p>") is None
    assert of(meta, ("Content-Type", "text/plain")) is None


def test_the_header_counts_before_the_page():
    meta = '<meta http-equiv="refresh" content="0;/a">'

    assert of(meta, HTML, ("Refresh", "30; url=/b")) == Refresh(30, "/b")
    assert of(meta, HTML, ("Refresh", "nonsense")) == Refresh(0, "/a")


def test_a_page_that_is_made_to_be_slow_is_read_at_once():
    """Each of these took minutes with a search that goes back: the test would not end."""
    for piece in ("<meta '", "<!--", "<script>", "<meta a=", "<noscript></noscript"):
        assert of("http-equiv=refresh" + piece * (250_000 // len(piece))) is None
