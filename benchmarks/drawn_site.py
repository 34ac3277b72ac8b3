"""A site for benchmarks whose pages are drawn in the browser, beside those of `static_site.py`.

    python benchmarks/drawn_site.py --hosts 8        prints the port, serves until its stdin is closed

/drawn/<n> is a React app that asks its server for the offers that it shows
(`tests/client_rendered`); /page/<n> is a page that is whole.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import static_site

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests.client_rendered import PAGES, files


def answers() -> dict[bytes, bytes]:
    """path → the whole HTTP response; /drawn/ is for each number below it."""
    made = {path.encode(): _response(*file) for path, file in files().items()}
    made[b"/drawn/"] = _response(PAGES["react-late"].encode(), "text/html; charset=utf-8", "")
    return made


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
        asked = b"/drawn/" if asked.startswith(b"/drawn/") else asked
        return self.drawn.get(asked) or super().answer(path)


async def main(hosts: int) -> None:
    made, drawn = static_site.answers(), answers()
    await static_site.serve(hosts, lambda: Answering(made, drawn))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=8)
    asyncio.run(main(parser.parse_args().hosts))
