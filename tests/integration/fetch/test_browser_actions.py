"""What the option `actions` does on a page, and what is said of an action that cannot be done.

All cases are done in one browser, side by side, as in a worker.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from scrapeq.fetch import Rendered
from scrapeq.models import ErrorKind, Failure, FileKind, ScrapingConfig

#: Draws ten entries more whenever its end comes into view, thirty in all.
ENDLESS_LIST = b"""<ul></ul><p id=end>end</p><script>
const list = document.querySelector('ul'); let n = 0;
const more = () => { for (let i = 0; i < 10 && n < 30; i++) {
  const one = document.createElement('li'); one.style.height = '200px'; one.textContent = 'entry ' + ++n;
  list.append(one) } };
new IntersectionObserver(seen => seen[0].isIntersecting && setTimeout(more, 50)).observe(document.querySelector('#end'));
more()</script>"""
BOX = b"""<div style="height: 300px; overflow-y: auto"><ul></ul></div><script>
const box = document.querySelector('div'), list = document.querySelector('ul'); let n = 0;
const more = () => { for (let i = 0; i < 10 && n < 30; i++) {
  const one = document.createElement('li'); one.style.height = '90px'; one.textContent = 'entry ' + ++n;
  list.append(one) } };
box.onscroll = () => box.scrollTop + 301 >= box.scrollHeight && more();
more()</script>"""
FORM = b"""<form action=/found><input name=q><select name=size><option value=s>Small<option value=x>Large</select>
<button>Go</button></form><p></p><script>
document.querySelector('select').onchange = e => document.querySelector('p').append('size ' + e.target.value)
</script>"""
BUTTONS = b"""<button id=more onclick="this.after(' more')">More</button>
<button id=later hidden onclick="this.after('la' + 'ter')"></button>
<button id=never hidden></button><button id=off disabled></button>
<button id=go onclick="location = '/gone'"></button><button id=window onclick="window.open('/found')"></button>
<script>setTimeout(() => document.querySelector('#later').hidden = false, 900)</script>"""
SHADOW = b"""<x-y></x-y><script>customElements.define('x-y', class extends HTMLElement {
connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = '<button>In</button>';
this.shadowRoot.firstChild.onclick = () => this.after('from the ' + 'shadow') } })</script>"""
PAGES = {"/list": ENDLESS_LIST, "/box": BOX, "/form": FORM, "/buttons": BUTTONS, "/shadow": SHADOW}


@dataclass(frozen=True)
class Case:
    """Actions on a page, and what its HTML has then, or how it fails and what is said."""

    path: str
    actions: list[dict[str, Any]]
    found: str = ""
    says: str = ""
    kind: ErrorKind = ErrorKind.ACTION
    missing: str = "\0"


CASES = {
    "a click": Case("/buttons", [{"click": "#more"}], "</button> more"),
    "two clicks": Case("/buttons", [{"click": "text=More"}] * 2, " more more"),
    "a click on what is not there yet": Case("/buttons", [{"click": "#later"}], "later"),
    "a click into a shadow root": Case("/shadow", [{"click": "x-y button"}], "from the shadow"),
    "a window": Case("/buttons", [{"click": "#window"}, {"click": "#more"}], "</button> more"),
    "an option by its value": Case(
        "/form", [{"select": {"selector": "select", "value": "x"}}], "size x"
    ),
    "an option by its label": Case(
        "/form", [{"select": {"selector": "select", "value": "Large"}}], "size x"
    ),
    "a form that is sent by a key": Case(
        "/form",
        [{"fill": {"selector": "[name=q]", "value": "shoes"}}, {"press": "Enter"}],
        "found q=shoes",
    ),
    "a key in an element": Case(
        "/form",
        [
            {"fill": {"selector": "[name=q]", "value": "boots"}},
            {"press": {"selector": "button", "key": "Enter"}},
            {"wait_for": "text=found"},
        ],
        "found q=boots",
    ),
    "to the end": Case("/list", [{"scroll": "end"}], "entry 30<"),
    "once": Case("/list", [{"scroll": 1}], "entry 20<", missing="entry 30<"),
    "a box with a bar of its own": Case("/box", [{"scroll": "end"}], "entry 30<"),
    "a wait": Case("/buttons", [{"wait": 0.1}, {"wait_for": "#more"}], "More"),
    "nothing matches": Case(
        "/buttons",
        [{"click": "#more"}, {"click": "#nothing"}],
        says="action 2 of 2 (click '#nothing'): nothing matches, within",
    ),
    "an element that is hidden": Case(
        "/buttons", [{"click": "#never"}], says="action 1 of 1 (click '#never'): the first of 1"
    ),
    "an element that is disabled": Case(
        "/buttons", [{"click": "#off"}], says="hidden, covered or disabled"
    ),
    "an option that is not there": Case(
        "/form", [{"select": {"selector": "select", "value": "z"}}], says="has no such option"
    ),
    "no selector": Case("/buttons", [{"click": "[["}], says="action 1 of 1 (click '[[')"),
    "no key": Case("/buttons", [{"press": "Entre"}], says="action 1 of 1 (press 'Entre')"),
    "no field": Case(
        "/buttons", [{"fill": {"selector": "#more", "value": "hunter2"}}], says="(fill '#more')"
    ),
    "a secret that is not set": Case(
        "/form",
        [{"fill": {"selector": "[name=q]", "value": "env:SCRAPEQ_NOT_SET"}}],
        says="SCRAPEQ_NOT_SET is not set",
        kind=ErrorKind.CONFIG,
    ),
    "a page that is gone": Case(
        "/buttons", [{"click": "#go"}], says="answered 410", kind=ErrorKind.HTTP_4XX
    ),
}


@pytest.fixture(scope="module")
def outcomes(kit: Any, browser_is_here: None) -> dict[str, Rendered | Failure]:
    """What became of every case."""
    site = kit.Site()

    async def found(request: Any, _reader: Any, writer: Any) -> None:
        writer.write(kit.page(f"<p>found {request.path.partition('?')[2]}".encode()))
        await writer.drain()

    site.pages |= {path: kit.page(body) for path, body in PAGES.items()}
    site.pages |= {"/found": found, "/gone": kit.page(b"gone", status="410 Gone")}

    async def run() -> dict[str, Rendered | Failure]:
        async with site.serve(), kit.open_browser(pages=8) as fetcher:

            async def render(case: Case) -> Any:
                config = ScrapingConfig.build(respect_robots=False, actions=case.actions)
                return await kit.render(fetcher, f"{site.url}{case.path}", config)

            done = await asyncio.gather(*map(render, CASES.values()))
            return dict(zip(CASES, done, strict=True))

    return asyncio.run(run())


@pytest.mark.parametrize("name", CASES)
def test_what_is_asked_for_is_done_or_named(
    name: str, outcomes: dict[str, Rendered | Failure]
) -> None:
    case, outcome = CASES[name], outcomes[name]

    if case.says:
        assert isinstance(outcome, Failure), outcome
        assert outcome.kind is case.kind, outcome
        assert case.says in outcome.message
        assert "hunter2" not in outcome.message
        pictures = [file for file in outcome.files if file.kind is FileKind.FAILED_ACTION]
        assert len(pictures) == (case.kind is ErrorKind.ACTION)
        assert all(file.body.startswith(b"\x89PNG") for file in pictures)
    else:
        assert isinstance(outcome, Rendered), outcome
        html = outcome.response.body.decode()
        assert case.found in html
        assert case.missing not in html


def test_the_address_is_where_the_actions_led(outcomes: dict[str, Rendered | Failure]) -> None:
    sent = outcomes["a form that is sent by a key"]

    assert isinstance(sent, Rendered)
    assert sent.response.final_url.endswith("/found?q=shoes&size=s")
