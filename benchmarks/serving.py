"""What the REST API bears: requests a second beside bare FastAPI, and 500 who follow a batch at once.

    python benchmarks/serving.py

Each server is one process of its own with one worker of uvicorn, and whoever asks is another, over 32
connections; all share the CPUs of this machine, so compare the ratios. The bare one answers a constant
and knows no token. Of scrapeq, each request has its token looked up, its rate counted, and, where it
changes something, its entry in the audit log; a submitted job is on the disk when it is answered. No
worker runs.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp

CONNECTIONS = 32


@dataclass(frozen=True)
class Ask:
    """One kind of request."""

    name: str
    method: str
    path: str
    body: dict[str, object] | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--serve", choices=["bare", "scrapeq"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    else:
        asyncio.run(compare(options))


def serve(which: str) -> None:
    """One of the two servers; prints its address, and of scrapeq a token and the id of a job."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    if which == "bare":
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        def constant() -> dict[str, str]:
            return {"name": "constant"}

        print(address, flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
        return
    import scrapeq as sq
    from scrapeq.api.app import make_app
    from scrapeq.api.people import StoredTokens
    from scrapeq.client import access
    from scrapeq.dashboards import Dashboard
    from scrapeq.models.person import Right

    with sq.LocalCluster(workers=0, temporary=True) as cluster:
        queue = sq.get_job_queue(cluster.settings)
        _, token = access.create_token(queue, "bench", Right.SUBMIT)
        batch = queue.submit_batch([f"http://127.0.0.1:9/{n}" for n in range(100)])
        app = make_app(Dashboard(queue=queue), StoredTokens(queue), requests_per_minute=10**9)
        print(address, token, batch.id, flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


async def compare(options: argparse.Namespace) -> None:
    """Ask both in turns, and print what they bear."""
    rates: dict[str, list[float]] = {}
    late: dict[str, list[float]] = {}
    with started("bare") as (bare,), started("scrapeq") as (ours, token, batch):
        headers = {"Authorization": f"Bearer {token}"}
        job = {"url": "http://127.0.0.1:9/"}
        asks = [
            (bare, Ask("bare FastAPI, a constant", "GET", "/")),
            (ours, Ask("whose token it is", "GET", "/v1/me")),
            (ours, Ask("one job", "GET", f"/v1/jobs/{batch}-0")),
            (ours, Ask("progress of a batch", "GET", f"/v1/batches/{batch}/progress")),
            (ours, Ask("100 rows as JSON", "GET", f"/v1/batches/{batch}/rows")),
            (ours, Ask("submit a job", "POST", "/v1/jobs", job)),
        ]
        for _ in range(options.repeats):
            for address, ask in asks:
                number = options.requests // (10 if "rows" in ask.path else 1)
                rate, times = await asked(address, ask, headers, number)
                rates.setdefault(ask.name, []).append(rate)
                late.setdefault(ask.name, []).append(times[int(len(times) * 0.99)])
        print(f"{CONNECTIONS} connections, medians of {options.repeats}\n")
        print(f"{'':28}{'requests/s':>12}{'p99 ms':>10}{'of bare':>10}")
        base = statistics.median(rates["bare FastAPI, a constant"])
        for name, found in rates.items():
            rate, p99 = statistics.median(found), 1000 * statistics.median(late[name])
            print(f"{name:28}{rate:12,.0f}{p99:10,.0f}{rate / base:10.2f}")
        await follow(ours, batch, headers, options.streams)


async def asked(
    address: str, ask: Ask, headers: dict[str, str], number: int
) -> tuple[float, list[float]]:
    """Requests a second, and the seconds of each, the shortest first."""
    times: list[float] = []
    left = iter(range(number))
    async with client(headers) as session:

        async def one_after_another() -> None:
            for _ in left:
                began = time.monotonic()
                async with session.request(ask.method, address + ask.path, json=ask.body) as got:
                    await got.read()
                assert got.status in {200, 201}, got.status
                times.append(time.monotonic() - began)

        began = time.monotonic()
        await asyncio.gather(*(one_after_another() for _ in range(CONNECTIONS)))
        return number / (time.monotonic() - began), sorted(times)


async def follow(address: str, batch: str, headers: dict[str, str], streams: int) -> None:
    """So many streams of events at once, and how other requests fare meanwhile."""
    async with client(headers) as session:
        first: list[float] = []
        opened = asyncio.Event()

        async def one() -> None:
            began = time.monotonic()
            async with session.get(f"{address}/v1/batches/{batch}/events") as got:
                assert got.status == 200, got.status
                async for line in got.content:
                    if line.startswith(b"event: "):
                        first.append(time.monotonic() - began)
                        break
                if len(first) == streams:
                    opened.set()
                async for _ in got.content:
                    pass

        tasks = [asyncio.create_task(one()) for _ in range(streams)]
        await asyncio.wait_for(opened.wait(), 120)
        print(f"\n{streams} streams of events: all have their first one after {max(first):.1f} s")
        ask = Ask("", "GET", "/v1/me")
        rate, times = await asked(address, ask, headers, 1_000)
        print(f"beside them, {rate:,.0f} requests/s, p99 {1000 * times[990]:,.0f} ms")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def client(headers: dict[str, str]) -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever asks, over as many connections as there are requests at once."""
    connector = aiohttp.TCPConnector(limit=0)
    wait = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(headers=headers, connector=connector, timeout=wait) as session:
        yield session


@contextmanager
def started(which: str) -> Iterator[list[str]]:
    """The words that a server prints when it answers."""
    command = [sys.executable, __file__, "--serve", which]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        words = server.stdout.readline().split()
        deadline = time.monotonic() + 60
        host, _, port = words[0].removeprefix("http://").partition(":")
        while time.monotonic() < deadline:
            with socket.socket() as one:
                if one.connect_ex((host, int(port))) == 0:
                    break
        try:
            yield words
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
