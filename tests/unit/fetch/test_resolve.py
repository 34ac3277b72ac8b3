"""Looking names up."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

from scrapeq.fetch.guard import Reach
from scrapeq.fetch.resolve import Names
from scrapeq.settings import Settings


def test_names_whose_servers_are_dead_hold_up_no_other(monkeypatch):
    answered = threading.Event()
    ask = socket.getaddrinfo

    def getaddrinfo(host: bytes, *rest: Any, **named: Any) -> Any:
        if host.startswith(b"dead"):
            answered.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no name server answers")
        return ask("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    a_window = Settings.model_fields["window"].default

    async def look_up() -> list[str]:
        names = Names()
        dead = [
            asyncio.create_task(names.addresses(f"dead-{number}.example", 80, Reach.PRIVATE))
            for number in range(a_window - 1)
        ]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(names.addresses("alive.example", 80, Reach.PRIVATE), 30)
        finally:
            answered.set()
            await asyncio.gather(*dead, return_exceptions=True)
            names.close()

    assert asyncio.run(look_up()) == ["127.0.0.1"]
