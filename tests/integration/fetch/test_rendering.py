"""What a browser makes of pages that need one, and of pages that were made to hurt one.

All cases are rendered in one browser, side by side, as in a worker: none may spoil another's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from scrapeq.fetch import Rendered
from scrapeq.fetch.browser import documents as documents_module
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

#: Seconds of a page in the browser: for those that come to an end, and for those that do not.
PATIENCE_S, ENDLESS_S = 60, 4
GOOD = (
    "<title>good</title><p id=text></p><script>document.all.text.append('as it should be')</script>"
)


@dataclass(frozen=True)
class Case:
    """A page, and what is to come of it: a text that is found in it, or a kind of failure."""

    html: str
    found: str = ""
    kind: ErrorKind | None = None
    note: str = ""
    options: dict[str, Any] = field(default_factory=dict)


CASES = {
    # pages that need a browser
    "answers that come later": Case(
        "<body><script>fetch('/answer').then(a => a.text()).then(t => document.body.append(t))</script>",
        "the answer",
    ),
    "a timer": Case(
        "<body><script>setTimeout(() => document.body.append('ti' + 'ck'), 300)</script>", "tick"
    ),
    "a module": Case(
        "<body><script type=module>const w = ['mod', 'ule']; document.body.append(w.join(''))</script>",
        "module",
    ),
    "an open shadow root": Case(
        "<x-y></x-y><script>customElements.define('x-y', class extends HTMLElement {"
        "connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = '<p>in ' + 'shadow' }"
        "})</script>",
        '<template shadowrootmode="open"><p>in shadow</p></template>',
    ),
    "a frame of the same origin": Case("<p>before</p><iframe src=/framed></iframe>", "in the frame"),
    "a frame in a shadow root": Case(
        "<p>before</p><x-f></x-f><p>after</p><script>document.querySelector('x-f').attachShadow({mode: 'open'})"
        ".innerHTML = '<iframe src=/framed></iframe>'</script>",
        '<div data-frame="{site}/framed"><p>in the frame</p></div></template></x-f><p>after</p>',
    ),
    "a shadow root in a frame": Case(
        "<iframe src=/shadowed></iframe><p>after</p>",
        '<div data-frame="{site}/shadowed"><x-y><template shadowrootmode="open"><p>in shadow</p></template></x-y>',
    ),
    "a script that leads on": Case("<script>location = '/led'</script>", "led here"),
    "a page that leads on by itself": Case(
        "<meta http-equiv=refresh content='0; url=/led'>", "led here"
    ),
    "another address without another page": Case(
        "<body><script>history.pushState(0, '', '/pushed'); document.body.append('pu' + 'shed')</script>",
        "pushed",
    ),
    "what is waited for": Case(
        "<body><script>setTimeout(() => { document.body.innerHTML = '<b class=price>9 EUR</b>' }, 1200)</script>",
        "9 EUR",
        options={"wait_for": ".price"},
    ),
    "a text that is waited for": Case(
        "<body><script>setTimeout(() => { document.body.append('Add to' + ' cart') }, 1200)</script>",
        "Add to cart",
        options={"wait_for": "text=Add to cart"},
    ),
    "what is waited for in a shadow root": Case(
        "<body><script>setTimeout(() => { const host = document.createElement('x-late'); document.body.append(host);"
        "host.attachShadow({mode: 'open'}).innerHTML = '<b class=price>7' + ' EUR</b>' }, 1200)</script>",
        "7 EUR",
        options={"wait_for": "x-late .price"},
    ),
    "what is waited for in the next document": Case(
        "<p>leads on<script>setTimeout(() => { location = '/framed' }, 1200)</script>",
        "in the frame",
        options={"wait_for": "html:not(:has(script)) p"},
    ),
    "what is waited for in vain": Case(
        "<p>all there is", "all there is", note="'.price' (wait_for)", options={"wait_for": ".price", "total_timeout_s": 10}
    ),
    "time that is waited": Case(
        "<body><script>setTimeout(() => document.body.append('aft' + 'er'), 1500)</script>",
        "after",
        options={"wait_time": 2},
    ),
    # pages that never rest
    "an endless script": Case("<p>x<script>while (true) {}</script>", kind=ErrorKind.PAGE_TIMEOUT),
    "endless promises": Case(
        "<p>x<script>(function again() { Promise.resolve().then(again) })()</script>",
        kind=ErrorKind.PAGE_TIMEOUT,
    ),
    "a ticker": Case(
        "<p>ticker</p><b></b><script>setInterval(() => { document.body.append('.') }, 50)</script>",
        "ticker",
        note="still at work",
    ),
    "endless questions to its server": Case(
        "<p>polls</p><script>(async () => { while (true) await fetch('/slow') })()</script>",
        "polls",
    ),
    "a socket that stays open": Case(
        "<p>sockets</p><script>new WebSocket(location.href.replace('http', 'ws'))</script>", "sockets"
    ),
    "a stream of events": Case(
        "<p>events</p><script>new EventSource('/hanging')</script>", "events"
    ),
    "an image that hangs": Case("<p>image</p><img src=/hanging>", "image"),
    "a style that hangs": Case("<p>style</p><link rel=stylesheet href=/hanging>", "style"),
    "a script that hangs": Case(
        "<p>script</p><script src=/hanging></script>", "script", options={"total_timeout_s": 8}
    ),
    "an answer that a script waits for": Case(
        "<p>x</p><script>const r = new XMLHttpRequest(); r.open('GET', '/hanging', false); r.send()</script>",
        kind=ErrorKind.PAGE_TIMEOUT,
    ),
    "addresses without an end": Case(
        "<script>location = '/nav?' + Math.random()</script>", kind=ErrorKind.REDIRECTS
    ),
    # what people would be asked
    "dialogs": Case("<script>alert(1); confirm(2); prompt(3)</script><p>after", "after"),
    "a question at leaving": Case(
        "<p>leave</p><script>onbeforeunload = e => { e.preventDefault(); return 'no' }</script>", "leave"
    ),
    "windows": Case(
        "<p>windows</p><script>for (let i = 0; i < 20; i++) window.open('/framed')</script>", "windows"
    ),
    "a download": Case("<p>stays</p><script>location = '/file'</script>", "stays"),
    "print": Case("<p>printed</p><script>print()</script>", "printed"),
    "permissions": Case(
        "<body><script>Notification.requestPermission(); setTimeout(() => document.body.append("
        "Notification.permission == 'granted' ? 'gran' + 'ted' : 'not ' + 'granted'), 300)</script>",
        "not granted",
    ),
    "a place on earth": Case(
        "<body><script>navigator.geolocation.getCurrentPosition("
        "() => document.body.append('kno' + 'wn'), () => document.body.append('not ' + 'known'))</script>",
        "not known",
    ),
    "a service worker": Case(
        "<body><script>navigator.serviceWorker ? navigator.serviceWorker.register('/worker.js').then("
        "() => document.body.append('regis' + 'tered'), () => document.body.append('no ' + 'worker'))"
        " : document.body.append('no ' + 'worker')</script>",
        "",
    ),
    # other schemes
    "a script that leads to a file": Case("<p>stays</p><script>location = 'file:///etc/passwd'</script>", "stays"),
    "a script that leads to the browser itself": Case(
        "<p>stays</p><script>location = 'chrome://version'</script>", "stays"
    ),
    "a frame of a file": Case("<p>framed</p><iframe src=file:///etc/passwd></iframe>", "framed"),
    # too much of something
    "50,000 links": Case(
        "<body><script>for (let i = 0; i < 50000; i++) { const a = document.createElement('a');"
        "a.href = '/' + i; a.textContent = 'l' + i; document.body.append(a, ' ') }</script>",
        "l49999",
    ),
    "frames in frames": Case("<p>bomb</p><iframe src=/nested></iframe>", "bomb"),
    "200 frames": Case(
        "<p>frames</p><script>for (let i = 0; i < 200; i++)"
        "document.body.append(document.createElement('iframe'))</script>",
        "frames",
    ),
    "more than may be kept": Case(
        "<body><script>document.body.append('x'.repeat(3e6))</script>",
        kind=ErrorKind.TOO_LARGE,
        options={"max_body_mb": 2},
    ),
    "memory": Case(
        "<p>x</p><script>const all = []; while (true) all.push(new Array(1e7).fill(0.5))</script>",
        kind=ErrorKind.PAGE_CRASH,
        options={"total_timeout_s": 300},  # to fill it takes a busy machine a minute
    ),
    # what would spoil our reading
    "a page that closes itself": Case("<p>closes</p><script>close()</script>", "closes"),
    "a page without a root": Case(
        "<p>x</p><script>document.documentElement.remove()</script>", kind=ErrorKind.EMPTY
    ),
    "methods that throw": Case(
        "<p>thrown</p><script>Element.prototype.getHTML = Element.prototype.cloneNode = () => {"
        "throw new Error('no') }; Document.prototype.querySelectorAll = null</script>",
        "thrown",
    ),
    "a pause for a debugger": Case("<p>debugged</p><script>debugger</script>", "debugged"),
    "types that must be trusted": Case(
        "<meta http-equiv=Content-Security-Policy content=\"require-trusted-types-for 'script'\">"
        "<p>trusted</p><iframe src=/framed></iframe>",
        "in the frame",
    ),
    "an answer with an error after a script": Case(
        "<script>location = '/gone'</script>", kind=ErrorKind.HTTP_4XX
    ),
}  # fmt: skip


#: Those that might hurt their neighbours: they hang, crash, grow, or never rest.
HARMFUL = [name for name, case in CASES.items() if case.kind is not None or case.note]


@pytest.fixture(scope="module")
def outcomes(kit: Any, browser_is_here: None) -> dict[str, Rendered | Failure]:
    """What became of every case, of a good page beside each, and of one at the end."""
    site = kit.Site()

    async def hang(_request: Any, _reader: Any, _writer: Any) -> None:
        await asyncio.sleep(3600)

    async def answer_slowly(_request: Any, _reader: Any, writer: Any) -> None:
        await asyncio.sleep(0.05)
        writer.write(kit.page(b"the answer"))

    site.pages |= {
        "/slow": answer_slowly,
        "/answer": kit.page(b"the answer", "Access-Control-Allow-Origin: *"),
        "/framed": kit.page(b"<p>in the frame"),
        "/shadowed": kit.page(
            b"<x-y></x-y><script>document.querySelector('x-y').attachShadow({mode: 'open'})"
            b".innerHTML = '<p>in shadow</p>'</script>"
        ),
        "/nested": kit.page(b"<iframe src=/nested></iframe><iframe src=/nested></iframe>"),
        "/led": kit.page(b"<p>led here"),
        "/pushed": kit.page(b"<p>never asked for"),
        "/nav": kit.page(b"<script>location = '/nav?' + Math.random()</script>"),
        "/file": kit.page(b"bytes", "Content-Disposition: attachment; filename=a.bin"),
        "/hanging": hang,
        "/gone": kit.page(b"gone", status="410 Gone"),
        "/good": kit.page(GOOD.encode()),
    }
    paths = {name: f"/case-{number}" for number, name in enumerate(CASES)}
    site.pages |= {paths[name]: kit.page(case.html.encode()) for name, case in CASES.items()}

    async def run() -> dict[str, Rendered | Failure]:
        async with site.serve(), kit.open_browser() as fetcher:

            async def render(path: str, **options: Any) -> Any:
                config = ScrapingConfig.build(
                    **{"respect_robots": False, "total_timeout_s": PATIENCE_S, **options}
                )
                return await kit.render(fetcher, f"{site.url}{path}", config)

            async def with_neighbour(name: str) -> Any:
                case = CASES[name]
                is_endless = case.kind is ErrorKind.PAGE_TIMEOUT
                options = {"total_timeout_s": ENDLESS_S} if is_endless else {}
                options |= case.options
                beside = [render("/good")] if name in HARMFUL else []
                return await asyncio.gather(render(paths[name], **options), *beside)

            found: dict[str, Rendered | Failure] = {}
            for name, (own, *beside) in zip(
                CASES, await asyncio.gather(*map(with_neighbour, CASES)), strict=True
            ):
                found |= {name: own} | {f"beside {name}": one for one in beside}
            return found

    return asyncio.run(run())


@pytest.mark.parametrize("name", CASES)
def test_every_page_comes_to_an_end(name: str, outcomes: dict[str, Rendered | Failure]) -> None:
    case, outcome = CASES[name], outcomes[name]

    if case.kind is not None:
        assert isinstance(outcome, Failure), outcome
        assert outcome.kind is case.kind, outcome
    else:
        assert isinstance(outcome, Rendered), outcome
        site = outcome.response.url.rpartition("/")[0]
        assert case.found.replace("{site}", site) in outcome.response.body.decode()
        assert case.note in outcome.note


@pytest.mark.parametrize("name", HARMFUL)
def test_a_good_page_beside_it_is_good(name: str, outcomes: dict[str, Rendered | Failure]) -> None:
    outcome = outcomes[f"beside {name}"]

    assert isinstance(outcome, Rendered), outcome
    assert "as it should be" in outcome.response.body.decode()


def test_the_address_is_the_one_that_the_page_shows(
    outcomes: dict[str, Rendered | Failure],
) -> None:
    led = outcomes["a script that leads on"]
    pushed = outcomes["another address without another page"]

    assert isinstance(led, Rendered)
    assert isinstance(pushed, Rendered)
    assert led.response.final_url.endswith("/led")
    assert pushed.response.final_url.endswith("/pushed")


def test_a_page_that_the_browser_dropped_is_shown_again(
    kit: Any, browser_is_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy browser at times gives up a page before it is there, and nobody has asked for that."""
    drops = 2
    decide = documents_module.Documents._decide

    async def drop(self: Any, session: Any, event: Any) -> None:
        nonlocal drops
        if drops:
            drops -= 1
            await session.send("Page.stopLoading")
        else:
            await decide(self, session, event)

    monkeypatch.setattr(documents_module.Documents, "_decide", drop)

    async def run() -> Any:
        async with site.serve(), kit.open_browser() as fetcher:
            config = ScrapingConfig(respect_robots=False, total_timeout_s=PATIENCE_S)
            return await kit.render(fetcher, f"{site.url}/good", config)

    site = kit.Site()
    site.pages |= {"/good": kit.page(GOOD.encode())}
    outcome = asyncio.run(run())

    assert isinstance(outcome, Rendered), outcome
    assert not drops
