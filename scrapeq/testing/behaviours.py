"""How the little web answers: a table of paths, each with what it does.

Pure: a request and the web's memory in, an `Answer` out. Waiting, resetting and sending too little
are written into the answer as facts, and done by `server.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from html import escape
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, quote

from scrapeq.testing.documents import DOCUMENTS, pdf_file, png_file
from scrapeq.testing.pages import PAGE_TYPES, page
from scrapeq.testing.useless_pages import useless_pages

HTML = "text/html; charset=utf-8"
#: Products that /shop/<n> shows.
OFFERS_PER_SHELF = 8


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked. `path` is without the query; header names are in lower case."""

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]

    @property
    def rest(self) -> str:
        """What follows the first part of the path: "3" in /slow/3."""
        return self.path[1:].partition("/")[2]

    def option(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [None])[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send, and how to misbehave while doing so.

    wait_s: before the head. promised_bytes: the Content-Length in the head, if not the true one;
    filler_bytes: how many bytes are sent after the body. ending: "reset" sends nothing at all.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    wait_s: float = 0.0
    promised_bytes: int | None = None
    filler_bytes: int = 0
    ending: Literal["keep", "close", "reset"] = "keep"


@dataclass
class Memory:
    """The options of the web, and what it remembers between requests."""

    seed: int = 0
    latency_s: float = 0.0
    robots: Mapping[str, str | int] = field(default_factory=dict)
    crawl_delay_s: Mapping[str, float] = field(default_factory=dict)
    tries: dict[tuple[str, str], int] = field(default_factory=dict)
    first_asked_s: dict[tuple[str, str], float] = field(default_factory=dict)

    def forget(self) -> None:
        """Flaky paths fail again, and waits begin anew."""
        self.tries.clear()
        self.first_asked_s.clear()


def answer(memory: Memory, request: Request) -> Answer:
    """What the web says to `request`; an argument that makes no sense is a 404."""
    name = request.path[1:].partition("/")[0]
    behaviour = _BY_NAME.get(name)
    if behaviour is None:
        return _error(404, f"nothing lives at {request.path}")
    try:
        return behaviour.do(memory, request)
    except (ValueError, LookupError, ArithmeticError) as error:
        return _error(404, f"{behaviour.path} cannot be {request.path}: {error}")


def show(
    memory: Memory,
    request: Request,
    *,
    path: str | None = None,
    charset: str | None = None,
    title: str | None = None,
    always_gzip: bool = False,
) -> Answer:
    """The generated page at the request's own path, gzipped for clients that ask."""
    size = request.option("kb") if request.query else None
    gzip = always_gzip or "gzip" in request.headers.get("accept-encoding", "")
    body, used = _page_bytes(
        seed=memory.seed,
        host=request.host,
        path=path or request.path,
        kilobytes=int(size) if size else None,
        charset=charset,
        title=title,
        gzip=gzip,
    )
    encoded = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")) if gzip else ()
    return Answer(200, body, f"text/html; charset={used}", encoded)


@lru_cache(2048)  # about 40 MB: a benchmark asks for the same pages again
def _page_bytes(
    *,
    seed: int,
    host: str,
    path: str,
    kilobytes: int | None,
    charset: str | None,
    title: str | None,
    gzip: bool,
) -> tuple[bytes, str]:
    made = page(seed, host, path, kilobytes=kilobytes, charset=charset, title=title)
    return made.gzipped() if gzip else made.plain(), made.charset


def _error(status: int, says: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    if status in (204, 304):
        return Answer(status, headers=headers)
    text = f"<!doctype html><title>{status}</title><h1>{status}</h1><p>{escape(says)}</p>\n"
    return Answer(status, text.encode(), headers=headers)


def _home(memory: Memory, request: Request) -> Answer:
    if request.path != "/":
        return _error(404, f"nothing lives at {request.path}")
    return show(memory, request, path="/listing/1")


def _robots(memory: Memory, request: Request) -> Answer:
    robots = memory.robots.get(request.host)
    if isinstance(robots, int):
        return _error(robots, "no robots.txt for you")
    if robots is None:
        delay_s = memory.crawl_delay_s.get(request.host)
        robots = "User-agent: *\nDisallow: /robots-denied/\n"
        robots += f"Crawl-delay: {delay_s:g}\n" if delay_s is not None else ""
    return Answer(200, robots.encode(), "text/plain; charset=utf-8")


def _slow(memory: Memory, request: Request) -> Answer:
    return replace(show(memory, request), wait_s=_seconds(request.rest))


def _status(_: Memory, request: Request) -> Answer:
    status = int(request.rest)
    if not 200 <= status <= 599:
        raise ValueError("a final status has 200 to 599")
    return _error(status, "as you asked")


def _flaky(memory: Memory, request: Request) -> Answer:
    failures = int(request.rest)
    key = (request.host, f"{request.path}?{request.query}")
    memory.tries[key] = memory.tries.get(key, 0) + 1
    if memory.tries[key] <= failures:
        return _error(503, f"failure {memory.tries[key]} of {failures}")
    return show(memory, request)


def _retry_after(memory: Memory, request: Request) -> Answer:
    wait_s = _seconds(request.rest)
    key = (request.host, f"{request.path}?{request.query}")
    now_s = time.monotonic()
    first = key not in memory.first_asked_s
    passed_s = now_s - memory.first_asked_s.setdefault(key, now_s)
    if first or passed_s < wait_s:
        return _error(429, "too early", (("Retry-After", f"{wait_s:g}"),))
    return show(memory, request)


def _redirect(memory: Memory, request: Request) -> Answer:
    left = int(request.rest)
    if left <= 0:
        return show(memory, request)
    query = f"?{request.query}" if request.query else ""
    return _error(302, "further on", (("Location", f"/redirect/{left - 1}{query}"),))


def _redirect_to(_: Memory, request: Request) -> Answer:
    status = int(request.option("status") or 302)
    target = quote(request.option("url") or "/", safe="%/:=&?~#+!$,;'@()*[]")
    return _error(status, "over there", (("Location", target),))


def _loop(_: Memory, request: Request) -> Answer:
    query = f"?{request.query}" if request.query else ""
    return _error(302, "and again", (("Location", f"{request.path}{query}"),))


def _large(_: Memory, request: Request) -> Answer:
    size = int(request.rest)
    start = b"<!doctype html><title>large</title><h1>large</h1><p>"[:size]
    return Answer(200, start, promised_bytes=size, filler_bytes=max(0, size - len(start)))


def _truncated(memory: Memory, request: Request) -> Answer:
    body = page(memory.seed, request.host, request.path).plain()
    return Answer(200, body[: len(body) // 2], promised_bytes=len(body), ending="close")


def _reset(_: Memory, __: Request) -> Answer:
    return Answer(0, ending="reset")


def _empty(_: Memory, __: Request) -> Answer:
    return Answer(200, b"")


def _useless(_memory: Memory, request: Request) -> Answer:
    kind, _, number = request.rest.partition("/")
    some = [one for one in useless_pages() if one.kind == kind and one.url == one.asked]
    return Answer(body=some[int(number or 0) % len(some)].markup.encode())


def _pdf(_: Memory, __: Request) -> Answer:
    return Answer(200, _PDF, "application/pdf")


def _broken_pdf(_: Memory, __: Request) -> Answer:
    return Answer(200, _PDF[: len(_PDF) // 2], "application/pdf")


def _document(_: Memory, request: Request) -> Answer:
    content_type, make = DOCUMENTS[request.rest]
    return Answer(200, make(), content_type)


def _gzip(memory: Memory, request: Request) -> Answer:
    return show(memory, request, always_gzip=True)


def _charset(memory: Memory, request: Request) -> Answer:
    name, _, where = request.rest.partition("/")
    ready = show(memory, request, charset=name)
    return replace(ready, content_type="text/html") if where == "meta" else ready


def _json(memory: Memory, request: Request) -> Answer:
    facts = {"host": request.host, "path": request.path, "seed": memory.seed}
    return Answer(200, json.dumps(facts).encode(), "application/json")


def _cookie_wall(memory: Memory, request: Request) -> Answer:
    if "agreed=yes" in request.headers.get("cookie", ""):
        return show(memory, request)
    query = f"?{request.query}" if request.query else ""
    back = f"{request.path}{query}"
    return _error(
        302, "agree first", (("Set-Cookie", "agreed=yes; Path=/; HttpOnly"), ("Location", back))
    )


def _check(memory: Memory, request: Request) -> Answer:
    """A check against robots, as Cloudflare's looks, that a script passes; with `?pass=no` none does."""
    if "passed=yes" in request.headers.get("cookie", "") and request.option("pass") != "no":
        return show(memory, request)
    return Answer(403, _CHECK)


def _account(memory: Memory, request: Request) -> Answer:
    """A page for the person that the cookie `user` names; `?cache=` is sent as Cache-Control."""
    _, signed_in, rest = f"; {request.headers.get('cookie', '')}".partition("; user=")
    title = f"Account of {rest.partition(';')[0]}" if signed_in else "Please sign in"
    shown = show(memory, request, title=title)
    wanted = {"Cache-Control": request.option("cache"), "Vary": request.option("vary")}
    more = tuple((name, value) for name, value in wanted.items() if value)
    return replace(shown, headers=(*shown.headers, *more))


def _title(memory: Memory, request: Request) -> Answer:
    return show(memory, request, title=request.option("text") or "untitled")


def _drawn(_: Memory, request: Request) -> Answer:
    """A shell, as single-page applications are: the product comes with its script."""
    number = int(request.rest)
    return Answer(200, _SHELL % f"/product/{number}".encode())


def _from_json(_: Memory, request: Request) -> Answer:
    """A shell whose script draws what JSON says, and complains of it on the console."""
    return Answer(200, _FROM_JSON % int(request.rest))


def _visits(_: Memory, _request: Request) -> Answer:
    """A shell whose script says which visit of the same browser it is."""
    return Answer(200, _VISITS)


def _shop(_: Memory, request: Request) -> Answer:
    """A shelf of a shop, as an app in the browser shows it: its offers are asked for by its script."""
    return Answer(200, _SHOP % _shelf(request.rest))


def _api(memory: Memory, request: Request) -> Answer:
    """The offers of a shelf as JSON: the facts of so many products of the generated pages."""
    what, _, number = request.rest.partition("/")
    if what != "offers":
        raise ValueError("it knows offers alone")
    first = (_shelf(number) - 1) * OFFERS_PER_SHELF + 1
    offers = []
    for product in range(first, first + OFFERS_PER_SHELF):
        made = page(memory.seed, request.host, f"/product/{product}")
        offers.append({"id": product, "name": made.title, **made.facts})
    return Answer(200, json.dumps({"offers": offers}).encode(), "application/json")


def _shelf(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("shelves are counted from 1")
    return number


def _image(_: Memory, request: Request) -> Answer:
    if not request.path.endswith(".png"):
        raise ValueError("images end in .png")
    return Answer(200, _PNG, "image/png")


def _style(_: Memory, __: Request) -> Answer:
    return Answer(200, b"main { max-width: 60ch; margin: auto }\n", "text/css")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:
        raise ValueError("0 to 3600 seconds")
    return seconds


class Behaviour(NamedTuple):
    """One line of the table: the path as a reader writes it, what it does, and the doing."""

    path: str
    says: str
    do: Callable[[Memory, Request], Answer]


#: Every path that answers. Pages take `?kb=40` for at least that many kilobytes; any path takes a
#: query of your own (`/status/404?row=7`), which makes a URL its own without changing the answer.
BEHAVIOURS = (
    Behaviour("/", "the first listing", _home),
    *(Behaviour(f"/{kind}/<n>", f"a generated page: {kind}", show) for kind in PAGE_TYPES),
    Behaviour("/robots.txt", "disallows /robots-denied/; Crawl-delay by setting", _robots),
    Behaviour("/robots-denied/<any>", "a good page that robots.txt disallows", show),
    Behaviour("/slow/<seconds>", "a good page; its head comes after that long", _slow),
    Behaviour("/status/<code>", "that status, 200 to 599", _status),
    Behaviour("/flaky/<n>", "503 for the first n requests of the same URL, then fine", _flaky),
    Behaviour("/retry-after/<seconds>", "429 with Retry-After till that long after", _retry_after),
    Behaviour("/redirect/<n>", "n redirects, then fine", _redirect),
    Behaviour("/redirect-to?url=&status=", "one redirect to anywhere", _redirect_to),
    Behaviour("/loop", "redirects to itself for ever", _loop),
    Behaviour("/cookie-wall", "redirects to itself until its cookie comes back", _cookie_wall),
    Behaviour("/check/<n>?pass=", "403 with a check that a browser passes, or does not", _check),
    Behaviour("/account?cache=&vary=", "for whom its cookie `user` names", _account),
    Behaviour("/large/<bytes>", "one paragraph of exactly that many bytes in all", _large),
    Behaviour("/truncated", "half of what Content-Length promises, then closes", _truncated),
    Behaviour("/reset", "a TCP reset instead of an answer", _reset),
    Behaviour("/empty", "200 and no byte", _empty),
    Behaviour("/pdf", "a small PDF file", _pdf),
    Behaviour("/broken-pdf", "half of it", _broken_pdf),
    Behaviour(
        "/document/<name>",
        "a document of each kind, such as report.pdf: see documents.py",
        _document,
    ),
    Behaviour("/json", "a JSON object", _json),
    Behaviour("/gzip", "a good page, gzipped even if nobody asked", _gzip),
    Behaviour("/charset/<name>", "a good page in that charset; <name>/meta: meta only", _charset),
    Behaviour("/title?text=", "a good page with that title, escaped as HTML wants", _title),
    Behaviour(
        "/useless/<kind>/<n>", "such a page, with status 200: see useless_pages.py", _useless
    ),
    Behaviour("/drawn/<n>", "the product <n>, drawn by a script that asks for it", _drawn),
    Behaviour("/from-json/<n>", "drawn by a script from what /json?n=<n> answers", _from_json),
    Behaviour("/visits/<n>", "which visit of the same browser it is, said by a script", _visits),
    Behaviour("/shop/<n>", "a shelf of a shop, drawn from the JSON of /api/offers/<n>", _shop),
    Behaviour("/api/offers/<n>", "what is on that shelf, as JSON", _api),
    Behaviour("/image/<name>.png", "a picture of one pixel", _image),
    Behaviour("/style.css", "a style sheet", _style),
)
_BY_NAME = {one.path[1:].partition("/")[0].partition("?")[0]: one for one in BEHAVIOURS}

_CHECK = b"""<!doctype html><title>Just a moment...</title>
<script>window._cf_chl_opt = {};
if (!location.search.includes("pass=no") && !document.cookie.includes("passed"))
  setTimeout(() => { document.cookie = "passed=yes; path=/"; location.reload() }, 900);
</script>
"""
_SHELL = b"""<!doctype html><title>A shop</title><div id="root"></div>
<script>
fetch("%s").then(answer => answer.text()).then(html => {
  const product = new DOMParser().parseFromString(html, "text/html");
  document.title = product.title;
  document.getElementById("root").innerHTML = product.body.innerHTML;
});
</script>
"""
_VISITS = b"""<!doctype html><html><head><title>Visits</title></head><body><div id="root"></div>
<script>
  localStorage.visits = 1 + Number(localStorage.visits || 0);
  document.querySelector("#root").innerHTML = `<h1>Visit <b>${localStorage.visits}</b></h1>`;
</script></body></html>"""

_FROM_JSON = b"""<!doctype html><title>From JSON</title><div id="root"></div>
<script>
fetch("/json?n=%d").then(answer => answer.json()).then(facts => {
  const title = document.createElement("h1");
  title.textContent = "Seed " + facts.seed + " at " + facts.path;
  document.getElementById("root").append(title);
  console.error("drawn");
});
</script>
"""
_SHOP = b"""<!doctype html><html lang="en"><title>The shop</title>
<style>
  body { font: 16px/1.5 sans-serif; margin: 2rem; color: #223 }
  ul { display: grid; grid-template-columns: repeat(4, 1fr); gap: 1rem; padding: 0; list-style: none }
  li { border: 1px solid #ccd; border-radius: 8px; padding: 1rem }
  .price { font-weight: bold; color: #066 }
</style>
<div id="app"></div>
<script>
const shelf = %d;
fetch("/api/offers/" + shelf).then(answer => answer.json()).then(({ offers }) => {
  const make = (tag, name, text) =>
    Object.assign(document.createElement(tag), { className: name, textContent: text });
  const list = make("ul", "offers", "");
  for (const offer of offers) {
    const item = make("li", "offer", "");
    item.append(make("div", "name", offer.name),
      make("div", "price", offer.price + " " + offer.currency), make("div", "sku", offer.sku));
    list.append(item);
  }
  document.getElementById("app").append(make("h1", "", "Shelf " + shelf), list);
});
</script>
"""
_PDF = pdf_file([["A small file", "that holds a few words and nothing else to read."]])
_PNG = png_file(1, 1)
