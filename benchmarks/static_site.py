"""A static site for benchmarks: many hosts on loopback, gzip pages of 20 to 60 KB, no bottleneck.

Not the little web of `scrapeq.testing`: that one logs, waits and misbehaves; this one does nothing
but send bytes made in advance, so that the crawlers are what is measured.

    python benchmarks/static_site.py --hosts 32      prints the port, serves until its stdin is closed
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import random
import socket
import sys
from collections.abc import Callable

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
    """HTML of 20 to 60 KB with what real pages have: navigation, prose, a table, many links."""
    draw = random.Random(variant)

    def prose(words: int) -> str:
        return " ".join(draw.choices(WORDS, k=words))

    def links(count: int) -> str:
        return "".join(
            f'<li class="item"><a class="link" href="/page/{draw.randrange(100_000)}">'
            f"{prose(3)}</a></li>"
            for _ in range(count)
        )

    paragraphs = "".join(
        f'<p class="text" id="p{n}">{prose(draw.randint(30, 90))} '
        f'<a href="/topic/{draw.randrange(999)}?from={n}#top">{prose(2)}</a></p>\n'
        for n in range(draw.randint(25, 85))
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page {variant} '
        f'{prose(4)}</title><meta name="description" content="{prose(20)}">'
        f'<link rel="stylesheet" href="/main.css"></head><body><header><nav><ul>{links(40)}</ul>'
        f'</nav></header><main><article><h1 class="headline">{prose(6)}</h1>'
        f'<div class="meta"><span class="author">{prose(2)}</span> '
        f'<span class="price">{draw.randrange(10, 900)}.90 EUR</span></div>{paragraphs}</article>'
        f"<aside><ul>{links(30)}</ul></aside></main><footer>{links(20)}</footer></body></html>"
    ).encode()


def answers() -> list[bytes]:
    """Each page as the whole HTTP response."""
    made = []
    for variant in range(VARIANTS):
        body = gzip.compress(page(variant), compresslevel=6, mtime=0)
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
            f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Answering(asyncio.Protocol):
    """GET /page/<n> gets page n modulo VARIANTS; anything else (robots.txt) is not found."""

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
            return self.made[int(path[6:].partition(b"?")[0]) % VARIANTS]
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
    options = parser.parse_args()
    made = answers()
    asyncio.run(serve(options.hosts, lambda: Answering(made, options.delay_s)))
