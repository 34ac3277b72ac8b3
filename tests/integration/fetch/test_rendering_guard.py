"""What a rendered page may reach: the address rules hold for all that a browser does."""

from __future__ import annotations

import asyncio
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
    "a redirect of a question": "fetch('/away')",
    "a redirect of a frame": "document.body.append(Object.assign(document.createElement('iframe'), {{src: '/away'}}))",
    "another spelling": "fetch('http://0x7f.1:{port}/secret'); fetch('http://2130706433:{port}/secret')",
    "localhost": "fetch('http://localhost:{port}/secret')",
    "a name that leads here": "fetch('http://home.localhost:{port}/secret')",
    "a call": "p = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{there}?transport=tcp', "
    "username: 'a', credential: 'b'}}]}}); p.createDataChannel('x'); "
    "p.createOffer().then(o => p.setLocalDescription(o))",
    "a form": "document.body.innerHTML = `<form target=f action='http://{there}/secret'></form><iframe name=f>"
    "</iframe>`; document.forms[0].submit()",
}  # fmt: skip
SHOP = "http://shop.example/"


@pytest.fixture(scope="module")
def reached(kit: Any, browser_is_here: None) -> dict[str, Any]:
    """A page for each way, at a public name; what the private server near it was asked.

    And the same where private addresses are allowed: a way that does not arrive then shows nothing.
    """

    async def run(*, allowed: bool) -> dict[str, Any]:
        shop, private = kit.Site(), kit.Site()
        knocks: list[str] = []
        private.pages = {"*": kit.page(b"the secret", "Access-Control-Allow-Origin: *")}
        async with private.serve(), shop.serve():
            there = f"127.0.0.1:{private.port}"
            away = f"HTTP/1.1 302 Found\r\nLocation: http://{there}/secret\r\nContent-Length: 0\r\n\r\n"
            shop.pages["/away"] = away.encode()
            for number, script in enumerate(WAYS.values()):
                written = script.format(there=there, port=private.port)
                shop.pages[f"/{number}"] = kit.page(f"<body>x<script>{written}</script>".encode())
            shop.pages["/leads"] = kit.page(f"<script>location='http://{there}/'</script>".encode())
            shop.pages["/leads-tls"] = kit.page(
                f"<script>location='https://{there}/'</script>".encode()
            )
            shop.pages["/here"] = kit.page(
                b"<body><script>fetch('/answer').then(a => a.text()).then(t => document.body.append(t))"
                b"</script>"
            )
            shop.pages["/answer"] = kit.page(b"its own answer")
            routes = Routes(allowed, {"shop.example": f"127.0.0.1:{shop.port}"})
            async with kit.open_browser(routes, pages=3) as fetcher:
                config = ScrapingConfig.build(
                    respect_robots=False, delay_between_requests=0, wait_time=0.5
                )

                async def render(path: str) -> Any:
                    return await kit.render(fetcher, f"{SHOP}{path}", config)

                for number, name in enumerate(WAYS):
                    before = (private.connections, len(private.requests))
                    await render(str(number))
                    if (private.connections, len(private.requests)) != before:
                        knocks.append(name)
                if allowed:
                    return {"arriving": knocks}
                return {
                    "knocks": knocks,
                    "leads": await render("leads"),
                    "leads-tls": await render("leads-tls"),
                    "here": await render("here"),
                    "private": list(private.paths()),
                }

    async def both() -> dict[str, Any]:
        refused, allowed = await asyncio.gather(run(allowed=False), run(allowed=True))
        return refused | allowed

    return asyncio.run(both())


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
    assert reached["private"] == []
