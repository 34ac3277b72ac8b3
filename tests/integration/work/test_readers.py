"""Reading children that end in the middle of a page, stand still, or work for long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scrapeq.fetch import Response
from scrapeq.models import Content, ErrorKind, Failure, Recipe, ScrapingConfig
from scrapeq.testing.documents import DOCUMENTS
from scrapeq.work import readers
from scrapeq.work.readers import Readers

#: A child that does something else as soon as a page comes.
CHILD = """
import json, os, signal, struct, sys, time
os.write(1, bytes(4))
(length,) = struct.unpack(">I", sys.stdin.buffer.read(4))
sys.stdin.buffer.read(json.loads(sys.stdin.buffer.read(length))["length"])
"""
#: Ended as by the kernel when a page takes too much, or by itself, a while after its pipe closed.
BY_THE_KERNEL = "os.kill(os.getpid(), signal.SIGPROF)"
FROM_OUTSIDE = "os.kill(os.getpid(), signal.SIGKILL)"
BY_A_FAULT = "os.kill(os.getpid(), signal.SIGSEGV)"
BY_ITSELF = "os.close(1); time.sleep(0.1); os._exit(3)"
FROZEN = "os.kill(os.getpid(), signal.SIGSTOP)"
WAITING = "signal.pause()"
AT_ONCE = """
found = {"kind": "empty", "message": "it has answered"}
answer = json.dumps({"is_last": False, "found": found}).encode()
os.write(1, struct.pack(">I", len(answer)) + answer)
sys.stdin.buffer.read()
"""
#: For more than twice as long as `readers.FROZEN_S`; then it answers.
AT_WORK = "while time.process_time() < 2.5: pass" + AT_ONCE
#: Instead of a minute. A child that works has this long to be given a hundredth second of CPU.
FROZEN_S = 1.0


@pytest.fixture
def other_readers(tmp_path, monkeypatch):
    """`other_readers(what_it_does)`: readers whose children do that with a page."""

    def make(what_it_does: str) -> Readers:
        (tmp_path / "other_reader.py").write_text(CHILD + what_it_does)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setattr(readers, "_CHILD", "other_reader")
        monkeypatch.setattr(readers, "AGAIN_S", 0.01)
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


def test_light_pages_that_come_at_once_leave_turns_of_the_loop_to_others(heavy_page):
    response = replace(heavy_page[0], body=b"<title>a page</title>" * 10)
    recipe = ScrapingConfig(main_text="off").recipe
    turns = 0

    async def count_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def read(readers):
        await readers.read(response, recipe)
        return turns

    async def read_all():
        counting = asyncio.create_task(count_turns())
        readers = Readers(1)
        found = await asyncio.gather(*(read(readers) for _ in range(20)))
        counting.cancel()
        return found

    assert len(set(asyncio.run(read_all()))) == 20


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        (BY_THE_KERNEL, ErrorKind.PARSE, "too much time or memory"),
        (BY_A_FAULT, ErrorKind.PARSE, "crash, 3 times in a row (SIGSEGV)"),
        (FROM_OUTSIDE, ErrorKind.WORKER_LOST, "from outside, 3 times in a row (SIGKILL)"),
        (BY_ITSELF, ErrorKind.INTERNAL, "exit code 3"),
    ],
)
def test_what_ended_a_reader_is_known(how, kind, words, other_readers, heavy_page):
    readers = other_readers(how)

    async def read_often():
        return [await readers.read(*heavy_page) for _ in range(3)]

    failures = asyncio.run(read_often())

    assert {failure.kind for failure in failures} == {kind}
    assert all(words in failure.message for failure in failures)


@pytest.mark.parametrize("what_it_does", [FROZEN, WAITING])
def test_a_reader_that_stands_still_is_ended(what_it_does, other_readers, heavy_page, monkeypatch):
    monkeypatch.setattr(readers, "FROZEN_S", FROZEN_S)
    mine = other_readers(what_it_does)

    failure = asyncio.run(mine.read(*heavy_page))

    assert failure.kind is ErrorKind.WORKER_LOST
    assert "stood still for 1 s, 3 times in a row" in failure.message
    assert mine.pids == []


def test_a_reader_that_works_is_not_hurried_by_the_clock(other_readers, heavy_page, monkeypatch):
    monkeypatch.setattr(readers, "FROZEN_S", FROZEN_S)
    mine = other_readers(AT_WORK)

    async def read_and_close():
        try:
            return await mine.read(*heavy_page)
        finally:
            await mine.close()

    assert asyncio.run(read_and_close()).message == "it has answered"


def test_ends_before_a_page_say_nothing_about_it(heavy_page, monkeypatch, tmp_path):
    """The first children end before they are ready, more often than a page may lose its readers."""
    ends = f"""
import os, pathlib
lost = len(list(pathlib.Path({str(tmp_path)!r}).glob("lost-*")))
if lost < {readers.MOST_READS + 1}:
    pathlib.Path({str(tmp_path)!r}, f"lost-{{lost}}").touch()
    os._exit(1)
"""
    (tmp_path / "other_reader.py").write_text(ends + CHILD + AT_ONCE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(readers, "_CHILD", "other_reader")
    monkeypatch.setattr(readers, "AGAIN_S", 0.01)

    async def read_and_close():
        mine = Readers(1)
        try:
            return await mine.read(*heavy_page)
        finally:
            await mine.close()

    assert asyncio.run(read_and_close()).message == "it has answered"


@pytest.mark.parametrize("how", [FROM_OUTSIDE, BY_A_FAULT, BY_ITSELF])
def test_a_page_that_lost_its_readers_is_read_again(how, other_readers, heavy_page, tmp_path):
    """As often as it takes, while it is less often than MOST_READS."""
    once_more = f"""
lost = len(list(pathlib.Path({str(tmp_path)!r}).glob("lost-*")))
if lost < {readers.MOST_READS - 1}:
    pathlib.Path({str(tmp_path)!r}, f"lost-{{lost}}").touch()
    {how}
"""
    mine = other_readers("import pathlib" + once_more + AT_ONCE)

    async def read_and_close():
        try:
            return await mine.read(*heavy_page)
        finally:
            await mine.close()

    assert asyncio.run(read_and_close()).message == "it has answered"
    assert len(list(tmp_path.glob("lost-*"))) == readers.MOST_READS - 1


def test_a_pdf_is_read_behind_a_page_that_took_much_memory(heavy_page):
    """The bound of a PDF counts from what is mapped when it comes."""
    large, recipe = heavy_page
    kind, make = DOCUMENTS["report.pdf"]
    pdf = replace(large, body=make(), content_type=kind)

    async def read_both() -> list[Content | Failure]:
        one = Readers(1)
        try:
            return [await one.read(each, recipe) for each in (large, pdf, large, pdf)]
        finally:
            await one.close()

    found = asyncio.run(read_both())

    assert [one.title for one in found if isinstance(one, Content)][1::2] == [
        "Annual report 2026"
    ] * 2


def test_a_second_child_is_started_when_the_first_is_busy(heavy_page, monkeypatch):
    monkeypatch.setattr(readers, "STUCK_S", 600)  # on a busy machine none is, however long it takes
    usual, recipe = heavy_page
    page = replace(usual, body=usual.body[: len(usual.body) // 10])

    async def count_children() -> list[int]:
        two = Readers(2)
        counts = []
        try:
            await two.start(1)
            for at_once in (1, 1, 2, 3):
                read = await asyncio.gather(*(two.read(page, recipe) for _ in range(at_once)))
                assert all(isinstance(one, Content) for one in read)
                counts.append(len(two.pids))
        finally:
            await two.close()
        return counts

    assert asyncio.run(count_children()) == [1, 1, 2, 2]


def test_what_a_large_page_took_is_not_taken_from_the_next(heavy_page):
    """Its reader is replaced: libraries keep address space, which is bounded."""
    usual, recipe = heavy_page
    large = replace(usual, body=b"<a href=/x>x</a>" * 300_000)

    async def read_and_look() -> list[list[int]]:
        one = Readers(1)
        seen = []
        try:
            for page in (usual, usual, large, usual):
                assert isinstance(await one.read(page, recipe), Content)
                seen.append(one.pids)
        finally:
            await one.close()
        return seen

    first, second, after_large, last = asyncio.run(read_and_look())

    assert first == second
    assert after_large == []
    assert last not in ([], first)
