"""What a page gives in a browser besides its HTML, and what it gives that would drown us.

All cases are rendered in one worker's browsers, side by side.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from scrapeq.fetch import Rendered
from scrapeq.models import FileKind, PageFile, ScrapingConfig

PATIENCE_S = 60
FOR_EVER = "a picture that takes for ever"
JSON = "Content-Type: application/json"
#: A picture of 40 by 30 red pixels.
RED = (
    b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='30'>"
    b"<rect width='40' height='30' fill='red'/></svg>"
)
FETCH = "const get = url => fetch(url).then(a => a.text()).catch(() => '');"


@dataclass(frozen=True)
class Case:
    """A page, the options, and what the note says of them ("": nothing is missing)."""

    html: str
    options: dict[str, Any]
    note: str = ""
    kinds: tuple[FileKind, ...] = field(default=())


SHOT, PDF, ANSWER, CONSOLE = (
    FileKind.SCREENSHOT,
    FileKind.PDF,
    FileKind.RESPONSE,
    FileKind.CONSOLE,
)
CASES = {
    "the window": Case("<p>seen", {"screenshot": True}, kinds=(SHOT,)),
    "the whole page": Case(
        "<body style='margin:0'><div style='height:3000px'>long", {"screenshot": "full"}, kinds=(SHOT,)
    ),
    "one element": Case(
        "<body style='margin:0'><div style='height:2000px'></div>"
        "<img class=red src=/red style='display:block'><p>after",
        {"screenshot": ".red"},
        kinds=(SHOT,),
    ),
    "a pdf": Case("<p>printed", {"pdf": True}, kinds=(PDF,)),
    "all at once": Case(
        f"<p>x<script>{FETCH} get('/api/offers'); console.error('no <price>'); nothing.at.all</script>",
        {"screenshot": True, "pdf": True, "capture": ["*/api/*"], "console": True},
        kinds=(ANSWER, CONSOLE, SHOT, PDF),
    ),
    "answers that match": Case(
        f"<script>{FETCH} get('/api/offers?page=1'); get('/api/offers?page=2'); get('/other');"
        "get('/api/text')</script>",
        {"capture": ["*/api/*"]},
        kinds=(ANSWER, ANSWER),
    ),
    "failed requests": Case(
        "<script>fetch('/gone'); fetch('http://127.0.0.1:9/x').catch(() => 0)</script>",
        {"console": True},
        kinds=(CONSOLE,),
    ),
    # too much of something
    "a page that is 200,000 pixels tall": Case(
        "<body style='margin:0'><div style='height:200000px'>tall",
        {"screenshot": "full"},
        note="the first 16,384 of 200,000 pixels (height)",
        kinds=(SHOT,),
    ),
    "nothing of that name": Case(
        "<p>x", {"screenshot": ".no-such"}, note="screenshot: nothing to see of '.no-such'"
    ),
    "no selector": Case("<p>x", {"screenshot": "::::"}, note="screenshot: "),
    "a picture with too many bytes": Case(
        "<canvas width=1200 height=700></canvas><script>const c = document.querySelector('canvas')"
        ".getContext('2d'), d = c.createImageData(1200, 700); for (let i = 0; i < d.data.length; i++)"
        " d.data[i] = i % 4 == 3 ? 255 : Math.random() * 256; c.putImageData(d, 0, 0)</script>",
        {"screenshot": True, "max_body_mb": 0.05},
        note="screenshot: larger than max_body_mb (0.05)",
    ),
    "a huge answer": Case(
        f"<script>{FETCH} get('/api/huge'); get('/api/offers')</script>",
        {"capture": ["*"], "max_body_mb": 1},
        note="capture: without 1 answers larger than max_body_mb (1)",
        kinds=(ANSWER,),
    ),
    "300 answers": Case(
        f"<body><script>{FETCH} Promise.all([...Array(300).keys()].map(i => get('/api/offers?n=' + i)))"
        ".then(() => { document.body.innerHTML = '<b id=all>' })</script>",
        {"capture": ["*/api/*"], "wait_for": "#all"},
        note="capture: without 100 answers beyond the first 200",
        kinds=(ANSWER,) * 200,
    ),
    "1,000 errors": Case(
        "<script>for (let i = 0; i < 1000; i++) console.error('x'.repeat(5000))</script>",
        {"console": True},
        note="console: the first 200 lines",
        kinds=(CONSOLE,),
    ),
    FOR_EVER: Case(
        "<p>slow<svg width=1280 height=12000><filter id=f x=0 y=0 width=1 height=1><feTurbulence "
        "baseFrequency=.5 numOctaves=4000 /></filter>"
        + 20 * "<rect width=1280 height=12000 filter=url(#f) />",  # each takes a second or more
        {"screenshot": "full", "total_timeout_s": 10},
        note="screenshot: not made within",
    ),
    "a page that leads on when it is printed": Case(
        "<p>stays<script>onbeforeprint = () => { location = '/api/offers' }</script>",
        {"pdf": True, "screenshot": True},
        kinds=(SHOT, PDF),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(kit: Any, browser_is_here: None) -> dict[str, Rendered]:
    """What every case brought."""
    site = kit.Site()
    offers = json.dumps({"offers": [{"price": 9}]}).encode()
    answer = kit.page(offers, JSON).replace(b"Content-Type: text/html\r\n", b"")
    huge = kit.page(b"[" + b"1," * 2_000_000 + b"1]", JSON).replace(
        b"Content-Type: text/html\r\n", b""
    )
    site.pages |= {
        "/api/offers": answer,
        "/other": answer,
        "/api/huge": huge,
        "/api/text": kit.page(b"<p>no json"),
        "/red": kit.page(RED).replace(b"text/html", b"image/svg+xml"),
        "/gone": kit.page(b"gone", status="410 Gone"),
    }
    paths = {name: f"/case-{number}" for number, name in enumerate(CASES)}
    site.pages |= {paths[name]: kit.page(case.html.encode()) for name, case in CASES.items()}

    async def run() -> dict[str, Rendered]:
        async with site.serve(), kit.open_browser() as fetcher:

            async def render(name: str) -> Any:
                config = ScrapingConfig.build(
                    **{
                        "respect_robots": False,
                        "total_timeout_s": PATIENCE_S,
                        **CASES[name].options,
                    }
                )
                return await kit.render(fetcher, f"{site.url}{paths[name]}", config)

            together = [name for name in CASES if name != FOR_EVER]
            found = dict(zip(together, await asyncio.gather(*map(render, together)), strict=True))
            # Alone: beside the others its page took all of its time on a busy machine
            return {**found, FOR_EVER: await render(FOR_EVER)}

    return asyncio.run(run())


def files(outcome: Rendered, kind: FileKind) -> list[PageFile]:
    """Those of a kind."""
    return [file for file in outcome.files if file.kind is kind]


@pytest.mark.parametrize("name", CASES)
def test_a_page_brings_what_it_can_and_says_what_it_cannot(
    name: str, outcomes: dict[str, Rendered]
) -> None:
    case, outcome = CASES[name], outcomes[name]

    assert isinstance(outcome, Rendered), outcome
    assert case.note in outcome.note
    if not case.note:
        assert not outcome.note
    if case.kinds:
        assert tuple(file.kind for file in outcome.files) == case.kinds


def test_pictures_have_their_size_and_a_small_one_beside(outcomes: dict[str, Rendered]) -> None:
    (window,), (whole,), (element,) = (
        files(outcomes[name], FileKind.SCREENSHOT)
        for name in ("the window", "the whole page", "one element")
    )

    assert [(one.width, one.height) for one in (window, whole, element)] == [
        (1280, 720),
        (1280, 3000),
        (40, 30),
    ]
    for one in (window, whole, element):
        assert one.body.startswith(b"\x89PNG")
        assert one.preview
        assert one.preview.startswith(b"\xff\xd8")
    (pdf,) = files(outcomes["a pdf"], FileKind.PDF)
    assert pdf.body.startswith(b"%PDF")


def test_answers_have_what_the_page_got(outcomes: dict[str, Rendered]) -> None:
    answers = files(outcomes["answers that match"], FileKind.RESPONSE)

    assert sorted(one.url.partition("?")[2] for one in answers) == ["page=1", "page=2"]
    assert {(one.http_status, one.content_type) for one in answers} == {(200, "application/json")}
    assert [json.loads(one.body) for one in answers] == [{"offers": [{"price": 9}]}] * 2


def test_the_console_has_errors_and_what_failed(outcomes: dict[str, Rendered]) -> None:
    (all_at_once,) = files(outcomes["all at once"], FileKind.CONSOLE)
    (failed,) = files(outcomes["failed requests"], FileKind.CONSOLE)

    said = [(line["kind"], line["message"]) for line in json.loads(all_at_once.body)]
    assert ("error", "no <price>") in said
    assert any(kind == "exception" and "nothing is not defined" in text for kind, text in said)
    lines = json.loads(failed.body)
    assert any(line["url"].endswith("/gone") and "410" in line["message"] for line in lines)
    assert any(line["kind"] == "request" and ":9/" in line["url"] for line in lines)
