"""Requests to a server: sent again until they are answered, and never done twice."""

from __future__ import annotations

import random
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

import httpx2

from scrapeq.client.remote.problems import error_of
from scrapeq.errors import ScrapeqError, ServerUnavailable, ServiceAwayWarning, warn

#: Seconds that a server may be away until a request is given up: a restart is over by then. A picture
#: waits for no second try.
MOST_AWAY_S, AT_ONCE_S = 60.0, 0.0
#: Seconds before the second try, between two at most, and until it is warned of.
FIRST_PAUSE_S, LONGEST_PAUSE_S, WARN_AFTER_S = 0.2, 5.0, 5.0
#: Seconds for a connection, and that an answer may be silent.
CONNECT_S, SILENT_S = 10.0, 60.0
#: Seconds that a picture waits for an answer.
PICTURE_S = 5.0
#: Answers that the next try may change: too many requests, and a server or a service that is away.
_AGAIN = frozenset({429, 502, 503, 504})
#: Bytes of a download that are kept in memory; what is longer is in a file.
IN_MEMORY = 64_000_000


class Transport:
    """Sends a token with each request, and an `Idempotency-Key` with each that changes something: so each may
    be sent again, and is done once."""

    def __init__(self, url: str, token: str, transport: httpx2.BaseTransport | None = None) -> None:
        self.url = url
        self._http = httpx2.Client(
            base_url=f"{url}/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx2.Timeout(SILENT_S, connect=CONNECT_S),
            transport=transport,
        )

    def get(
        self, path: str, *, tag: str = "", most_away_s: float = MOST_AWAY_S, **params: Any
    ) -> Any:
        """The answer to GET; with the tag of an earlier one it may be 304, and has no content."""
        headers = {"If-None-Match": tag} if tag else {}
        query = {name: value for name, value in params.items() if value is not None}
        timeout = _timeout(most_away_s)
        return self._answered(
            lambda: self._http.get(path, params=query, headers=headers, timeout=timeout),
            most_away_s,
        )

    def change(
        self, method: str, path: str, *, most_away_s: float = MOST_AWAY_S, **content: Any
    ) -> httpx2.Response:
        """The answer to a request that changes something, however often it is sent."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        timeout = _timeout(most_away_s)
        return self._answered(
            lambda: self._http.request(method, path, headers=headers, timeout=timeout, **content),
            most_away_s,
        )

    @contextmanager
    def download(self, path: str, **params: Any) -> Iterator[IO[bytes]]:
        """The whole answer as a file, at its beginning; one that breaks off is asked for again."""
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:

            def load() -> httpx2.Response:
                file.seek(0)
                file.truncate()
                with self._http.stream("GET", path, params=params) as response:
                    if response.status_code != 200:
                        response.read()  # a problem
                        return response
                    for piece in response.iter_bytes():
                        file.write(piece)
                return response

            self._answered(load, MOST_AWAY_S)
            file.seek(0)
            yield file

    def events(self, path: str, last_id: str, silent_s: float) -> Any:
        """The context of a stream of server-sent events, behind an id."""
        headers = {"Last-Event-ID": last_id}
        timeout = httpx2.Timeout(silent_s, connect=CONNECT_S)
        return self._http.stream("GET", path, headers=headers, timeout=timeout)

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def _answered(self, send: Callable[[], httpx2.Response], most_away_s: float) -> httpx2.Response:
        """The answer to a request, which is sent again while its server is away. Raises what the answer says,
        ServerUnavailable where there is none."""
        trying = Trying(self.url, most_away_s)
        while True:
            try:
                response = send()
            except httpx2.TransportError as error:
                trying.again(trying.unreached(error))
                continue
            if response.status_code < 400:
                return response
            again_s = _retry_after_s(response)
            is_begun = response.status_code == 409 and again_s > 0
            if response.status_code not in _AGAIN and not is_begun:
                raise error_of(response)
            trying.again(trying.begun() if is_begun else error_of(response), again_s)


class Trying:
    """One request that is tried until its time is over."""

    def __init__(self, url: str, most_away_s: float) -> None:
        self._url = url
        self._began_s = time.monotonic()
        self._most_away_s = most_away_s
        self._pause_s = FIRST_PAUSE_S
        self._warned = False

    def unreached(self, error: Exception) -> ServerUnavailable:
        """The error for a server that does not answer."""
        return ServerUnavailable(
            f"{self._url} does not answer: {error or type(error).__name__}",
            hint="see that scrapeq serve runs there, and that this machine reaches it",
        )

    def begun(self) -> ServerUnavailable:
        """The error for a server that began with this request, and was ended before its answer."""
        return ServerUnavailable(
            f"{self._url} was ended in the middle of this request, or still works at it",
            hint="see which batches and schedules there are, and run the same again: what has a name is not made "
            "twice",
        )

    def again(self, error: ScrapeqError, after_s: float = 0.0) -> None:
        """Wait until the next try; after_s: what the server asks for. Raises the error if that is too long."""
        waited_s = time.monotonic() - self._began_s
        pause_s = max(after_s, self._pause_s * random.uniform(0.5, 1.0))
        if waited_s + pause_s > self._most_away_s:
            raise error
        if not self._warned and waited_s > WARN_AFTER_S:
            self._warned = True
            warn(f"{error.problem}: waiting for it", ServiceAwayWarning)
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        time.sleep(pause_s)


def _timeout(most_away_s: float) -> httpx2.Timeout:
    if most_away_s > AT_ONCE_S:
        return httpx2.Timeout(SILENT_S, connect=CONNECT_S)
    return httpx2.Timeout(PICTURE_S)


def _retry_after_s(response: httpx2.Response) -> float:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0
