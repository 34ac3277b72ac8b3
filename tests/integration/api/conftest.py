"""A server for a team, over a socket, on the cluster that the tests share."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence

import httpx2
import pytest
import uvicorn

import scrapeq as sq
from scrapeq.api.app import make_app
from scrapeq.api.names import LOOPBACK
from scrapeq.api.people import StoredTokens
from scrapeq.api.serve import believed
from scrapeq.client import access
from scrapeq.dashboards import Dashboard
from scrapeq.models.person import Right
from scrapeq.pipeline.job_queue import JobQueue


class Served:
    """The address of a server, and people who speak with it."""

    def __init__(self, url: str, queue: JobQueue) -> None:
        self.url = url
        self._queue = queue
        self._clients: list[httpx2.Client] = []

    def token(self, person: str, right: Right = Right.SUBMIT) -> str:
        """A new token of a person."""
        return access.create_token(self._queue, person, right)[1]

    def person(self, name: str = "ali", right: Right = Right.SUBMIT) -> httpx2.Client:
        """Somebody who sends a token with each request."""
        headers = {"Authorization": f"Bearer {self.token(name, right)}"}
        client = httpx2.Client(base_url=self.url, headers=headers, timeout=120, trust_env=False)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """End the connections of everybody."""
        for client in self._clients:
            client.close()


@pytest.fixture(scope="module")
def serve(cluster: sq.LocalCluster) -> Iterator[Callable[..., Served]]:
    """`serve(requests_per_minute=..., behind=[...], hosts=[...])`: a server in a thread of its own; it ends with the file's tests."""
    ending: list[Callable[[], None]] = []

    def start(
        requests_per_minute: int = 3_000,
        behind: Sequence[str] = (),
        hosts: Sequence[str] = LOOPBACK,
    ) -> Served:
        queue = sq.get_job_queue(cluster.settings)
        app = make_app(
            Dashboard(queue=queue),
            StoredTokens(queue),
            hosts=hosts,
            requests_per_minute=requests_per_minute,
        )
        listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=1,
            forwarded_allow_ips=believed(behind),
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        served = Served(f"http://127.0.0.1:{listener.getsockname()[1]}", queue)

        def end() -> None:
            served.close()
            server.should_exit = True
            thread.join(60)
            listener.close()

        ending.append(end)
        return served

    yield start
    for end in ending:
        end()


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    """A server with the usual bounds, but for that of the requests in a minute."""
    return serve(requests_per_minute=1_000_000)
