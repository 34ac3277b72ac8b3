"""A static site for benchmarks: many hosts on loopback, gzip pages like those of a news site, no bottleneck.

Not the little web of `scrapeq.testing`: that one logs, waits and misbehaves; this one does nothing
but send bytes made in advance, so that the crawlers are what is measured.

    python benchmarks/static_site.py --hosts 32      prints the port, serves until its stdin is closed

--corpus FOLDER serves real pages, the first of those below it that have a title.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import re
import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

VARIANTS = 512
WORDS = [
    "market",
    "river",
    "council",
    "season",
    "engine",
    "harvest",
    "letter",
    "window",
    "garden",
    "signal",
    "measure",
    "quiet",
    "bridge",
    "station",
    "record",
    "winter",
    "valley",
    "copper",
    "figure",
    "answer",
    "morning",
    "paper",
    "travel",
    "number",
    "history",
    "water",
    "village",
    "teacher",
    "planet",
    "forest",
    "music",
    "colour",
    "bread",
    "island",
    "summer",
    "doctor",
    "question",
    "picture",
    "street",
]


def page(variant: int) -> bytes:
    """HTML of 40 to 80 KB with what pages of a news site have: what it declares of itself (Open Graph,
    JSON-LD), navigation, an article with pictures in a few hundred elements of many attributes, 200 to
    225 links, letters that are not ASCII, and scripts."""
    draw = random.Random(variant)

    def prose(words: int) -> str:
        return " ".join(draw.choices(WORDS, k=words))

    def links(count: int, kind: str) -> str:
        return "".join(
            f'<li class="{kind}__item {kind}__item--{n % 3}" data-position="{n}" role="none">'
            f'<a class="{kind}__link link link--plain" href="/page/{draw.randrange(100_000)}"'
            f' data-track="{kind}|{n}" aria-label="{prose(2)}">{prose(3)}</a></li>\n'
            for n in range(count)
        )

    title, author = f"Page {variant} – {prose(4)}", f"Zoë {prose(1).title()}"
    address, picture = f"/page/{variant}", f"/media/{variant}-1200x630.jpg"
    day = f"2026-{variant % 12 + 1:02}-{variant % 28 + 1:02}T08:30:00+02:00"
    paragraphs = "".join(
        f'<p class="article__text text" id="p{n}" data-index="{n}">{prose(draw.randint(20, 60))} « {prose(3)} » '
        f'<a class="link link--inline" href="/topic/{draw.randrange(999)}?from={n}#top">{prose(2)}</a>, '
        f"{prose(6)} – {draw.randrange(90)} °C.</p>\n"
        for n in range(draw.randint(30, 55))
    )
    figures = "".join(
        f'<figure class="article__figure"><img class="image" alt="{prose(5)}" loading="lazy" width="640" '
        f'height="360" src="/media/{variant}-{n}.jpg" srcset="/media/{variant}-{n}-320.jpg 320w, '
        f'/media/{variant}-{n}-640.jpg 640w"><figcaption>{prose(8)}</figcaption></figure>'
        for n in range(6)
    )
    declared = json.dumps(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": title,
            "datePublished": day,
            "author": [{"@type": "Person", "name": author, "url": "/authors/zoe"}],
            "publisher": {"@type": "Organization", "name": "The Daily Sample"},
            "image": [picture],
            "articleBody": prose(120),
        },
        ensure_ascii=False,
    )
    properties = {
        "og:title": title,
        "og:type": "article",
        "og:url": address,
        "og:image": picture,
        "og:description": prose(20),
        "og:site_name": "The Daily Sample",
        "article:published_time": day,
        "article:author": author,
        "article:section": prose(1),
    }
    meta = "".join(
        f'<meta property="{name}" content="{text}">\n' for name, text in properties.items()
    )
    script = json.dumps({prose(1): prose(30) for _ in range(12)})
    return (
        f'<!doctype html><html lang="en" class="no-js"><head><meta charset="utf-8"><title>{title} | The '
        f'Daily Sample</title><meta name="description" content="{prose(20)}">\n{meta}'
        f'<meta name="twitter:card" content="summary_large_image"><link rel="canonical" href="{address}">'
        f'<link rel="stylesheet" href="/main.css"><script>window.state = {script};</script>'
        f'<script type="application/ld+json">{declared}</script></head>\n<body class="page page--article">'
        f'<header class="header"><nav aria-label="Main"><ul class="menu">{links(70, "menu")}</ul></nav></header>'
        f'<main id="main"><article class="article" itemscope><h1 class="headline">{prose(6)}</h1>'
        f'<div class="meta"><span class="author" rel="author">{author}</span> '
        f'<time datetime="{day}">{day[:10]}</time> <span class="price">{draw.randrange(10, 900)}.90 €</span>'
        f'</div><div class="article__body body">{paragraphs}{figures}</div></article>'
        f'<aside><ul class="related">{links(60, "related")}</ul></aside></main>'
        f'<footer class="footer"><ul class="sitemap">{links(40, "sitemap")}</ul></footer></body></html>'
    ).encode()


def small_page(variant: int) -> bytes:
    """HTML of some 2 KB: a title, three links and a short text, so that fetching is most of the work."""
    draw = random.Random(variant)
    links = "".join(f'<a href="/page/{draw.randrange(100_000)}">more</a> ' for _ in range(3))
    text = " ".join(draw.choices(WORDS, k=250))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page {variant}</title></head>'
        f"<body><h1>Page {variant}</h1><p>{text}</p>{links}</body></html>"
    ).encode()


def real_pages(folder: Path) -> list[bytes]:
    """The first pages below a folder (`*.html` or `*.html.gz`, by name) that have a title: VARIANTS at most."""
    found = []
    for path in sorted(folder.rglob("*.html*")):
        page = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        if _TITLE.search(page):
            found.append(page)
        if len(found) == VARIANTS:
            break
    return found


_TITLE = re.compile(rb"<title>\s*[a-z]", re.IGNORECASE)


def answers(pages: Iterable[bytes], content_type: str = "text/html; charset=utf-8") -> list[bytes]:
    """Each page as the whole HTTP response."""
    made = []
    for page in pages:
        body = gzip.compress(page, compresslevel=6, mtime=0)
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\n"
            f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Answering(asyncio.Protocol):
    """GET /page/<n> gets page n modulo their number; anything else (robots.txt) is not found."""

    def __init__(self, made: list[bytes], delay_s: float) -> None:
        self.made = made
        self.delay_s = delay_s
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for head in heads:
            answer = self.answer(head.split(b" ", 2)[1])
            if self.delay_s:
                asyncio.get_running_loop().call_later(self.delay_s, self.transport.write, answer)
            else:
                self.transport.write(answer)

    def answer(self, path: bytes) -> bytes:
        """The whole response to a path."""
        if path.startswith(b"/page/"):
            return self.made[int(path[6:].partition(b"?")[0]) % len(self.made)]
        return NOT_FOUND


async def serve(hosts: int, make: Callable[[], Answering]) -> None:
    """Listen on 127.0.0.1 to 127.0.0.`hosts`, all at one port; print it."""
    loop = asyncio.get_running_loop()
    port = 0
    for last in range(1, hosts + 1):
        listener = socket.create_server((f"127.0.0.{last}", port), backlog=1024)
        port = listener.getsockname()[1]
        await loop.create_server(make, sock=listener)
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=32)
    parser.add_argument("--delay-s", type=float, default=0.0, help="before each answer")
    parser.add_argument("--small", action="store_true", help="pages of 2 KB")
    parser.add_argument("--corpus", type=Path, help="a folder of real pages")
    options = parser.parse_args()
    if options.corpus:
        made = answers(real_pages(options.corpus), "text/html")  # each names its charset itself
    else:
        made = answers(map(small_page if options.small else page, range(VARIANTS)))
    asyncio.run(serve(options.hosts, lambda: Answering(made, options.delay_s)))
