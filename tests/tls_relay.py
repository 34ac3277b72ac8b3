"""TLS in front of a server that speaks none, as a hosted Redis has it: a process on loopback.

    python tests/tls_relay.py PORT CERTIFICATE.pem

prints the port that it listens on, and passes what comes there to PORT. Who speaks no TLS is passed on as well: a
Sentinel that watches over what is behind it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

#: The first byte of TLS (RFC 8446, 5.1: ContentType handshake).
_HANDSHAKE = b"\x16"


@contextlib.contextmanager
def tls_relay(port: int, certificate: Path) -> Iterator[int]:
    """The port of a relay to `port`, with this certificate and key; it ends with the block."""
    command = [sys.executable, __file__, str(port), str(certificate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _serve(port: int, certificate: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source, sink = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_copy(reader, sink), _copy(source, writer))
        finally:
            writer.close()
            sink.close()

    async def answer(connection: socket.socket) -> None:
        first = await asyncio.to_thread(connection.recv, 1, socket.MSG_PEEK)
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader, relay)
        tls = context if first == _HANDSHAKE else None
        with contextlib.suppress(OSError):  # ssl.SSLError is one: a client that does not trust us
            await loop.connect_accepted_socket(lambda: protocol, connection, ssl=tls)

    loop, answering = asyncio.get_running_loop(), set()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(True)
            task = loop.create_task(answer(connection))
            answering.add(task)
            task.add_done_callback(answering.discard)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
