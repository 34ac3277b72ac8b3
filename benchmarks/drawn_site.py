"""A site for benchmarks whose pages are drawn in the browser, beside those of `static_site.py`.

    python benchmarks/drawn_site.py --hosts 8        prints the port, serves until its stdin is closed

/drawn/<n> is a React app that asks its server for the offers that it shows
(`tests/client_rendered`); /illustrated/<n> is the same with pictures; /page/<n> is a page that is whole.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import struct
import sys
import zlib
from pathlib import Path

import static_site

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.client_rendered import PAGES, files

#: Pictures of an illustrated page, each 600 by 400 pixels in about 50 kB.
PICTURES = 20


def answers() -> dict[bytes, bytes]:
    """path → the whole HTTP response; /drawn/ and /illustrated/ are for each number below them."""
    made = {path.encode(): _response(*file) for path, file in files().items()}
    html, is_html = PAGES["react-late"], "text/html; charset=utf-8"
    shown = "".join(f'<img src="/picture/{number}" alt="">' for number in range(PICTURES))
    made[b"/drawn/"] = _response(html.encode(), is_html, "")
    made[b"/illustrated/"] = _response(
        html.replace("</body>", f"{shown}</body>").encode(), is_html, ""
    )
    for number in range(PICTURES):
        made[b"/picture/%d" % number] = _response(picture(number), "image/png", "")
    return made


def picture(number: int) -> bytes:
    """A PNG of squares in random colours."""
    draw = random.Random(number)
    width, height, square = 600, 400, 4
    rows = bytearray()
    for _ in range(height // square):
        colours = [draw.randbytes(3) for _ in range(width // square)]
        rows += (b"\0" + b"".join(colour * square for colour in colours)) * square
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(rows))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def _response(body: bytes, content_type: str, encoding: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"Content-Encoding: {encoding}"] if encoding else []
    return "\r\n".join([*lines, "", ""]).encode() + body


class Answering(static_site.Answering):
    """Drawn pages and their files; all else is the static site's."""

    def __init__(self, made: list[bytes], drawn: dict[bytes, bytes]) -> None:
        super().__init__(made, delay_s=0)
        self.drawn = drawn

    def answer(self, path: bytes) -> bytes:
        asked = path.partition(b"?")[0]
        for folder in (b"/drawn/", b"/illustrated/"):
            asked = folder if asked.startswith(folder) else asked
        return self.drawn.get(asked) or super().answer(path)


async def main(hosts: int) -> None:
    made, drawn = static_site.answers(map(static_site.page, range(static_site.VARIANTS))), answers()
    await static_site.serve(hosts, lambda: Answering(made, drawn))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=8)
    asyncio.run(main(parser.parse_args().hosts))
