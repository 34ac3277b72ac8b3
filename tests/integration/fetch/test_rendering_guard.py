"""What a rendered page may reach: the address rules hold for all that a browser does."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from scrapeq.fetch import Rendered, Routes
from scrapeq.models import ErrorKind, Failure, ScrapingConfig

#: Ways of a page to reach another address, {there} is "127.0.0.1:port".
WAYS = {
    "a script's question": "fetch('http://{there}/secret')",
    "an older script's question": "r = new XMLHttpRequest(); r.open('GET', 'http://{there}/secret'); r.send()",
    "a script": "s = document.createElement('script'); s.src = 'http://{there}/secret'; document.body.append(s)",
    "a style": "document.body.append(Object.assign(document.createElement('link'), "
    "{{rel: 'stylesheet', href: 'http://{there}/secret'}}))",
    "a frame": "document.body.append(Object.assign(document.createElement('iframe'), "
    "{{src: 'http://{there}/secret'}}))",
    "a beacon": "navigator.sendBeacon('http://{there}/secret', 'x')",
    "a socket": "new WebSocket('ws://{there}/secret')",
    "a stream of events": "new EventSource('http://{there}/secret')",
    "a prefetch": "document.head.append(Object.assign(document.createElement('link'), "
    "{{rel: 'prefetch', href: 'http://{there}/secret'}}))",
    "a worker's question": "new Worker(URL.createObjectURL(new Blob([\"fetch('http://{there}/secret')\"])))",
    "a window": "open('http://{there}/secret')",
    "a redirect of a question": "fetch('/away-question')",
    "a redirect of a frame": "document.body.append(Object.assign(document.createElement('iframe'), {{src: '/away-frame'}}))",
    "another spelling": "fetch('http://0x7f.1:{port}/secret'); fetch('http://2130706433:{port}/secret')",
    "localhost": "fetch('http://localhost:{port}/secret')",
    "a name that leads here": "fetch('http://home.localhost:{port}/secret')",
    "a call": "p = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{there}?transport=tcp', "
    "username: 'a', credential: 'b'}}]}}); p.createDataChannel('x'); "
    "p.createOffer().then(o => p.setLocalDescription(o))",
    "a form": "document.body.insertAdjacentHTML('beforeend', `<form target=f action='http://{there}/secret'></form>"
    "<iframe name=f></iframe>`); document.forms[0].submit()",
}  # fmt: skip
#: After all ways: says that they were tried, and then, in HTML, that each has arrived.
WHEN_ALL_ARRIVED = (
    "document.body.append('all were' + ' tried'); fetch('/all-ways-arrived').then(a => a.text())"
    ".then(t => document.body.insertAdjacentHTML('beforeend', t))"
)
SHOP = "http://shop.example/"


@pytest.fixture(scope="module", params=["plain", "stealth"])
def reached(request: pytest.FixtureRequest, kit: Any, browser_is_here: None) -> dict[str, Any]:
    """A page that tries all ways, at a public name; which of the private servers near it, one for each
    way, somebody connected to.

    In the plain browser and in that of `use_stealth`, which is another program.

    And the same where private addresses are allowed: a way that does not arrive then shows nothing.
    """

    def away_to(there: str) -> bytes:
        return bytes(kit.page(b"", f"Location: http://{there}/secret", status="302 Found"))

    async def run(*, allowed: bool) -> dict[str, Any]:
        shop = kit.Site()
        private = {
            name: kit.Site({"*": kit.page(b"the secret", "Access-Control-Allow-Origin: *")})
            for name in [*WAYS, "leads", "leads-tls"]
        }

        async def all_ways_arrived(_request: Any, _reader: Any, writer: Any) -> None:
            while not all(private[name].connections for name in WAYS):
                await asyncio.sleep(0.02)
            writer.write(kit.page(b"<b id=all></b>"))

        async with contextlib.AsyncExitStack() as serving:
            for site in [shop, *private.values()]:
                await serving.enter_async_context(site.serve())
            there = {name: f"127.0.0.1:{site.port}" for name, site in private.items()}
            scripts = "".join(
                f"<script>{script.format(there=there[name], port=private[name].port)}</script>"
                for name, script in WAYS.items()
            )
            shop.pages |= {
                "/away-question": away_to(there["a redirect of a question"]),
                "/away-frame": away_to(there["a redirect of a frame"]),
                "/ways": kit.page(f"<body>{scripts}<script>{WHEN_ALL_ARRIVED}</script>".encode()),
                "/all-ways-arrived": all_ways_arrived,
                "/leads": kit.page(
                    f"<script>location='http://{there['leads']}/'</script>".encode()
                ),
                "/leads-tls": kit.page(
                    f"<script>location='https://{there['leads-tls']}/'</script>".encode()
                ),
                "/here": kit.page(
                    b"<body><script>fetch('/answer').then(a => a.text())"
                    b".then(t => document.body.append(t))</script>"
                ),
                "/answer": kit.page(b"its own answer"),
            }
            routes = Routes(allowed, {"shop.example": f"127.0.0.1:{shop.port}"})
            async with kit.open_browser(routes, pages=3) as fetcher:

                async def render(path: str, **options: Any) -> Any:
                    config = ScrapingConfig.build(
                        respect_robots=False,
                        delay_between_requests=0,
                        use_stealth=request.param == "stealth",
                        **options,
                    )
                    return await kit.render(fetcher, f"{SHOP}{path}", config)

                if allowed:
                    await render("ways", wait_for="#all", total_timeout_s=60)
                    return {"arriving": {name for name in WAYS if private[name].connections}}
                found = {
                    "ways": await render("ways", wait_time=2),
                    **{path: await render(path) for path in ("leads", "leads-tls", "here")},
                }
            return found | {"knocks": {name for name, one in private.items() if one.connections}}

    async def both() -> dict[str, Any]:
        refused, allowed = await asyncio.gather(run(allowed=False), run(allowed=True))
        return refused | allowed

    return asyncio.run(both())


def test_all_ways_were_tried(reached: dict[str, Any]) -> None:
    assert isinstance(reached["ways"], Rendered), reached["ways"]
    assert b"all were tried" in reached["ways"].response.body


@pytest.mark.parametrize("name", WAYS)
def test_no_way_leads_to_a_private_address(name: str, reached: dict[str, Any]) -> None:
    assert name not in reached["knocks"]
    assert name in reached["arriving"]


def test_the_page_s_own_server_is_reached(reached: dict[str, Any]) -> None:
    assert isinstance(reached["here"], Rendered)
    assert b"its own answer" in reached["here"].response.body


@pytest.mark.parametrize("page", ["leads", "leads-tls"])
def test_a_page_that_leads_to_a_private_address_fails(page: str, reached: dict[str, Any]) -> None:
    assert isinstance(reached[page], Failure)
    assert reached[page].kind is ErrorKind.ADDRESS
    assert page not in reached["knocks"]
