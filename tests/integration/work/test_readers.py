"""Reading children that end in the middle of a page."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from scrapeq.fetch import Response
from scrapeq.models import ErrorKind, Recipe, ScrapingConfig
from scrapeq.work import readers
from scrapeq.work.readers import Readers

#: A child that ends itself as soon as a page comes: as the kernel does when a page takes too much,
#: or by itself, a while after its pipe has closed.
CHILD = """
import os, signal, sys, time
sys.stdin.buffer.read(4)
{end}
"""
BY_THE_KERNEL = "os.kill(os.getpid(), signal.SIGPROF)"
BY_ITSELF = "os.close(1); time.sleep(0.1); os._exit(3)"


@pytest.fixture
def readers_that_end(tmp_path, monkeypatch):
    """`readers_that_end(how)`: readers whose children end like that."""

    def make(how: str) -> Readers:
        (tmp_path / "mortal_reader.py").write_text(CHILD.format(end=how))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(readers, "_CHILD", "mortal_reader")
        return Readers(1)

    return make


@pytest.fixture
def heavy_page() -> tuple[Response, Recipe]:
    """A page and a recipe that together are too much to be read at once."""
    body = b"<p>many</p>" * 200_000
    url = "https://example.com/"
    response = Response(
        url=url,
        final_url=url,
        http_status=200,
        headers=(),
        content_type="text/html",
        body=body,
        redirects=(),
        fetched_at=datetime.now(UTC),
        elapsed_s=0.1,
    )
    return response, ScrapingConfig(main_text="best").recipe


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (BY_THE_KERNEL, "reading the page took too much time or memory"),
        (BY_ITSELF, "the page could not be read; the worker's log says more"),
    ],
)
def test_what_ended_a_reader_is_known(how, said, readers_that_end, heavy_page):
    readers = readers_that_end(how)

    async def read_often():
        return [await readers.read(*heavy_page) for _ in range(10)]

    failures = asyncio.run(read_often())

    assert {(failure.kind, failure.message) for failure in failures} == {(ErrorKind.PARSE, said)}
