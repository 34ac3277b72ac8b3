"""The child process that reads pages: bytes in, content out, within bounds of CPU and memory.

A page may be made to take minutes or gigabytes, in C code that no thread can stop. Here it can: the
kernel ends this process, and the worker, which sees the pipe close, makes it a `parse` row. If
anything else ends it, another child reads the page again (see `readers.py`).

Frames on stdin and stdout: 4 bytes of length (big-endian), JSON; on stdin the body follows, its
length in the JSON. An empty frame on stdout before all else: it has started; before an answer: a
stage begins whose failures are others than those of the stage before. End of file on stdin ends the process.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import resource
import signal
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from scrapeq.lazy import loaded_at_once

with loaded_at_once():
    from scrapeq.cluster.lifeline import die_with_parent
    from scrapeq.models import Content, Failure, Recipe
    from scrapeq.work.child_stages import ChildStage, Source, run_stages

    gc.freeze()  # what is loaded stays, and is not walked through for each page

#: Address space of the child: the largest body (20 MB) takes about a twentieth of it.
MEMORY_BYTES = 2 * 1024**3
#: What a PDF may take more than is mapped when it comes: PDFium ends its process where it is refused
#: memory, and takes as much as it can get for one that was made to. One of 18 MB with 9,000 pages takes it
#: 200 MB. Not an absolute bound: after large pages a child may have 1 GB mapped, and little of it in use.
PDF_MEMORY_BYTES = 640 * 1024**2
#: Growth after which freed memory is given back to the system. The C library keeps it otherwise: 1.3 GB after a
#: million links, 0.1 GB with this, which takes it 0.1 s. After each page of 340 KB it took a quarter of its CPU.
GROWN_BYTES = 32 * 1024**2
#: Address space beyond that at the start, after which a child reads no further page: it counts for the bound of
#: the next one, and a library seldom gives it back. A page of 20 MB takes 100 MB.
WORN_OUT_BYTES = 256 * 1024**2


def main() -> None:
    """Read pages until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt in a terminal is the worker's
    die_with_parent()
    logging.basicConfig(level=logging.WARNING)  # stderr is the worker's log
    _bound_memory(MEMORY_BYTES)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library prints must not stand between the frames
    give_back = getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)  # glibc's alone
    mapped_at_first, settled = _memory()
    _send(sink, b"")
    while (head := source.read(4)) and len(head) == 4:
        request = json.loads(source.read(struct.unpack(">I", head)[0]))
        body = source.read(request["length"])
        is_pdf = body.startswith(b"%PDF-")
        _bound_memory(_memory()[0] + PDF_MEMORY_BYTES if is_pdf else MEMORY_BYTES)
        found = json.dumps(_run(request, body, sink)).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        body = b""  # so that it is given back too
        mapped, resident = _memory()
        if resident > settled + GROWN_BYTES:
            give_back(0)
            mapped, settled = _memory()
        is_last = b"true" if mapped > mapped_at_first + WORN_OUT_BYTES else b"false"
        _send(sink, b'{"is_last": ' + is_last + b', "found": ' + found + b"}")


def _bound_memory(most_bytes: int) -> None:
    with suppress(ValueError, OSError):  # macOS refuses it; its CPU bound holds there all the same
        resource.setrlimit(resource.RLIMIT_AS, (min(most_bytes, MEMORY_BYTES), MEMORY_BYTES))


def _memory() -> tuple[int, int]:
    """Bytes of address space of this process, and of memory that it holds; 0 where there is no /proc."""
    try:
        mapped, resident, *_ = (
            Path("/proc/self/statm").read_text().split()
        )  # proc_pid_statm(5), in pages
    except OSError:
        return 0, 0
    return int(mapped) * resource.getpagesize(), int(resident) * resource.getpagesize()


def _run(request: dict[str, Any], body: bytes, sink: BinaryIO) -> dict[str, Any]:
    recipe = Recipe(**request["recipe"])
    source = Source(body, request["url"], request["content_type"], recipe, asked=request["asked"])
    stages = [ChildStage.from_json(one) for one in request["stages"]]
    before = Content.from_json(request["content"]) if request["content"] else None
    current = stages[0].exceeded

    def bound(stage: ChildStage) -> None:
        nonlocal current
        if stage.exceeded != current:
            current = stage.exceeded
            _send(sink, b"")
        signal.setitimer(signal.ITIMER_PROF, stage.cpu_s)  # SIGPROF's default ends the process

    found = run_stages(stages, source, before, before=bound)
    if isinstance(found, Failure):
        return {"kind": found.kind, "message": found.message}
    return {"content": found.to_json()}


def _send(sink: BinaryIO, answer: bytes) -> None:
    sink.write(struct.pack(">I", len(answer)))
    sink.write(answer)
    sink.flush()


if __name__ == "__main__":
    main()
