"""What two open detectors say of our browser, without `use_stealth` and with it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scrapeq.fetch import Rendered, find_browser
from scrapeq.fetch.browser.finding import whole_browser
from scrapeq.models import ErrorKind, Failure, ScrapingConfig
from tests.bot_detectors import FOUND, PAGE, SCRIPT, found

#: What shows whom a page, its frame and its workers are asked by, and what of them is not native.
SAYS = b"""<!doctype html><html><pre></pre><script>
const say = (...words) => document.querySelector('pre').append(words.join(' '), '\\n');
const worker = new SharedWorker(URL.createObjectURL(new Blob(
  ['onconnect = (event) => event.ports[0].postMessage(navigator.userAgent)'])));
worker.port.onmessage = (event) => say('shared worker:', event.data);
say('page:', navigator.userAgent);
say('console:', console.log, console.error.name);
say('register:', navigator.serviceWorker.register);
navigator.serviceWorker.register('/worker.js').then(() => say('registered'), (error) => say('no:', error));
say('screen:', screen.width > innerWidth && screen.height > innerHeight);
let description = 'none';
Error.prepareStackTrace = () => { description = 'asked for'; };
console.log(new Error('x'));
say('stack:', description);
fetch('/seen').then(() => document.body.append('done'));
</script></html>"""


@pytest.fixture(scope="module")
def all_of_chromium(browser_is_here: None, needs_service: Any) -> None:
    """The headless shell lacks what a person's browser has; see docs/how-to/browser.md."""
    path = whole_browser(find_browser()).path
    needs_service("all of Chromium", "" if "shell" in path else path, "apt install chromium")


@pytest.fixture(scope="module")
def seen(kit: Any, all_of_chromium: None) -> dict[str, Any]:
    """What each way of rendering gave, by its name."""
    site = kit.Site()
    leads_on = b"<script>location = '/secret/a'</script>"
    site.pages = {
        "/": kit.page(PAGE),
        "/built/page.js": kit.page(
            SCRIPT, "Content-Type: text/javascript", "Content-Encoding: gzip"
        ),
        "/says": kit.page(SAYS),
        "/seen": kit.page(b""),
        "/leads-on": kit.page(leads_on),
        "/leads-back": kit.page(leads_on.replace(b"/secret/a", b"/says")),
        "/robots.txt": kit.page(b"User-agent: scrapeq\nDisallow: /secret/"),
        "/secret/a": kit.page(b"<p>a secret</p>"),
    }

    async def run() -> dict[str, Any]:
        async with site.serve(), kit.open_browser() as fetcher:

            async def render(path: str, **options: Any) -> Any:
                config = ScrapingConfig.build(**{"respect_robots": False, **options})
                return await kit.render(fetcher, f"{site.url}{path}", config)

            stealth = {"use_stealth": True}
            outcomes = {
                "with": await render("/", wait_for=FOUND, **stealth),
                # with pictures: a check waits for one to load, and waits for ever without
                "without": await render("/", wait_for=FOUND, screenshot=True),
                "says": await render("/says", **stealth),
                "robots": await render("/leads-on", respect_robots=True, **stealth),
            }
            before = len(site.requests)
            outcomes["pace"] = await render("/leads-back", delay_between_requests=0.5, **stealth)
            return outcomes | {"requests": site.requests[before:], "paths": site.paths()}

    return asyncio.run(run())


def test_no_check_but_that_of_the_renderer_tells_our_browser(
    seen: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ways = {name: found(seen[name].response.body) for name in ("without", "with")}

    with capsys.disabled():
        for name, checks in ways.items():
            named = [check for check, tells in checks.items() if tells]
            print(f"\n{name} use_stealth, {len(named)} of {len(checks)} checks tell our browser:")
            print("".join(f"    {check}\n" for check in named), end="")
    assert {check.split()[0] for check, tells in ways["without"].items() if tells} == {
        "botd",
        "fpscanner",
    }
    telling = {check for check, tells in ways["with"].items() if tells}
    assert telling <= {"fpscanner hasSwiftshaderRenderer"}


def test_what_it_says_of_itself_agrees(seen: dict[str, Any]) -> None:
    assert isinstance(seen["says"], Rendered), seen["says"]
    said = seen["says"].response.body.decode()

    assert "Headless" not in said
    assert said.count("Chrome/") == 2  # the page and its shared worker
    assert "console: function () { [native code] } error" in said
    assert "register: function () { [native code] }" in said
    assert "stack: none" in said
    assert "screen: true" in said


def test_there_is_no_service_worker_all_the_same(seen: dict[str, Any]) -> None:
    assert "no: InvalidStateError" in seen["says"].response.body.decode()
    assert "/worker.js" not in seen["paths"]


def test_robots_txt_holds_all_the_same(seen: dict[str, Any]) -> None:
    assert isinstance(seen["robots"], Failure), seen["robots"]
    assert seen["robots"].kind is ErrorKind.ROBOTS
    assert "/secret/a" not in seen["paths"]


def test_the_pace_holds_all_the_same(seen: dict[str, Any]) -> None:
    assert isinstance(seen["pace"], Rendered), seen["pace"]
    first, second = [one for one in seen["requests"] if one.path in {"/leads-back", "/says"}]

    assert second.at_s - first.at_s >= 0.5
