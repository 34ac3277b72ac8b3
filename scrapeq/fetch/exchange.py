"""One request and its response: what the redirect loop asks of a transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from scrapeq.fetch.decode import Decoder, too_large
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.guard import Reach
from scrapeq.fetch.route import Target
from scrapeq.fetch.watch import Watch
from scrapeq.models import ErrorKind

#: All field lines of an answer together; Chrome has the same bound.
MAX_HEAD_BYTES = 256 * 1024

#: What the chunks of a small page may cost beside their content.
_OVERHEAD_BYTES = 512 * 1024

#: The statuses that lead on (RFC 9110, section 15.4); 300 and 304 are answers.
REDIRECTS = frozenset({301, 302, 303, 307, 308})

#: They have none (RFC 9110, section 6.4.1); a 205 as well (section 15.3.6).
_WITHOUT_BODY = frozenset({204, 205, 304})

#: What is read of a body that nobody wants, so that its connection can be used again: a larger
#: one costs less as a new connection. And for how many seconds it is waited for.
DRAIN_BYTES = 64 * 1024
DRAIN_S = 0.5

#: The same where somebody observes: error pages are a few KB, and may come slowly.
OBSERVED_DRAIN_S = 2.0

#: Answers that may be a check that a person asks, and how much of them is kept to tell.
CHALLENGED, CHALLENGE_BYTES = frozenset({403, 405, 429, 503}), DRAIN_BYTES

#: On a connection that was used before it may be the server's farewell to the silence that came
#: before the request: RFC 9110, section 15.5.9, lets it be sent again on a new one, as Chrome does.
TIMED_OUT_WHILE_IDLE = 408

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One GET request to send, or a POST of `posted`.

    url: without fragment and credentials. headers: complete but for Host. target: where to connect
    if not to the URL's host. proxy: with its credentials. fresh: on a connection of its own.
    cut: end a body at `max_body_bytes` instead of refusing it. unwanted_bytes: how much to keep of
    a body that nobody will read as a page (see `wants_body`). on_head: called with status and
    headers when the head of the response has come, if it comes.
    """

    url: str
    headers: Mapping[str, str]
    max_body_bytes: int
    reach: Reach
    target: Target | None
    proxy: str | None
    watch: Watch
    on_head: Callable[[int, Headers], None]
    cut: bool = False
    fresh: bool = False
    unwanted_bytes: int = 0
    posted: bytes | None = None

    @property
    def drain_s(self) -> float:
        """For how many seconds to read a body that is no page."""
        return OBSERVED_DRAIN_S if self.unwanted_bytes else DRAIN_S


@dataclass(frozen=True, slots=True)
class RawResponse:
    """One response. `body` is decoded, and empty where it is not wanted (see `wants_body`).

    is_whole: whether `body` is all of it.
    """

    status: int
    headers: Headers
    body: bytes
    is_whole: bool = True

    def values(self, name: str) -> list[str]:
        """The values of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name]


class StaleConnection(Exception):
    """A reused connection was closed by the server before any byte of the answer came."""


class Transport(Protocol):
    """Something that sends requests: aiohttp, or curl as a browser."""

    async def exchange(self, request: Request) -> RawResponse:
        """Send one request and read its response.

        Raises Failed for whatever goes wrong, and StaleConnection if the request is worth being
        sent again at once, with `fresh`. Announces its phases to `request.watch`, whose time-out is
        the caller's to translate.
        """

    def default_headers(self) -> Mapping[str, str]:
        """What is sent besides the user's own headers."""

    async def close(self) -> None:
        """Close all connections."""


def wants_body(status: int) -> bool:
    """Whether the body of a response with this status is a page."""
    return status < 400 and status not in REDIRECTS and status not in _WITHOUT_BODY


class UnwantedBody:
    """A body that is no page: it is read so that its connection can be used again.

    Up to `keep_bytes` of it are kept, decoded, for whoever observes the exchange, and always the
    beginning of what may be a challenge. Raises nothing.
    """

    def __init__(self, status: int, headers: Headers, keep_bytes: int) -> None:
        if status in CHALLENGED:
            keep_bytes = max(keep_bytes, CHALLENGE_BYTES)
        keeps = keep_bytes > 0 and status not in _WITHOUT_BODY
        self._body = Body(headers, keep_bytes, cut=True) if keeps else None
        self._left_bytes = max(DRAIN_BYTES, keep_bytes)
        self._is_broken = False
        self.is_whole = False

    def add(self, data: bytes) -> bool:
        """Take what came; whether more is worth reading."""
        self._left_bytes -= len(data)
        if self._body is not None and not self._body.is_full and not self._is_broken:
            try:
                self._body.add(data)
            except Failed:  # its encoding is broken, which does not matter here
                self._is_broken = True
        return self._left_bytes >= 0

    def finish(self) -> None:
        """All of it came."""
        self.is_whole = not self._is_broken and (self._body is None or self._body.is_complete())

    @property
    def kept(self) -> bytes:
        """What was kept of it so far."""
        return self._body.so_far() if self._body is not None else b""


class Body:
    """Collects a body while decoding it, and ends it where it is too large.

    Raises Failed as `Decoder` does, from every method.
    """

    def __init__(self, headers: Headers, max_bytes: int, *, cut: bool) -> None:
        encodings = [value for key, value in headers if key.lower() == "content-encoding"]
        self._decoder = Decoder(",".join(encodings), max_bytes)
        self._max_bytes = max_bytes
        self._cut = cut
        self._pieces: list[bytes] = []
        self._size_bytes = 0
        self.raw_bytes = 0
        self.is_full = False

    def promised(self, content_length: int | None) -> None:
        """Refuse at once what says that it will be too large."""
        if content_length is not None and content_length > self._max_bytes and not self._cut:
            raise too_large(self._max_bytes)

    def add(self, data: bytes) -> int:
        """Take what came; returns how many bytes it decoded to. Nothing is taken when `is_full`."""
        before_bytes = self._size_bytes
        self.raw_bytes += len(data)
        try:
            # Bytes that decode to nothing (empty gzip members, a tail after the end) count too.
            if self.raw_bytes > self._max_bytes and not self._decoder.is_identity:
                raise too_large(self._max_bytes)
            for piece in self._decoder.feed(data):
                self._pieces.append(piece)
                self._size_bytes += len(piece)
                if self._size_bytes > self._max_bytes:
                    raise too_large(self._max_bytes)
        except Failed as failed:
            if not (self._cut and failed.kind is ErrorKind.TOO_LARGE):
                raise
            self.is_full = True
        return self._size_bytes - before_bytes

    def check_waste(self, overhead_bytes: int) -> None:
        """Refuse a body whose chunks are so small that parsing them is all that happens.

        A chunk costs 5 bytes and more besides its content. A quarter of the body is given, which
        chunks of 24 bytes need, and half a MB for pages that are flushed in small pieces.
        """
        if overhead_bytes > _OVERHEAD_BYTES + self.raw_bytes / 4:
            raise Failed(ErrorKind.PROTOCOL, "the page comes in pieces of a few bytes each")

    def so_far(self) -> bytes:
        """What came until now, decoded; at most the limit."""
        return b"".join(self._pieces)[: self._max_bytes]

    def is_complete(self) -> bool:
        """Whether nothing was left out, and the encoding came to its end."""
        if self.is_full:
            return False
        try:
            self._decoder.finish()
        except Failed:
            return False
        return True

    def finish(self) -> bytes:
        """The whole body; raises Failed (`truncated`) if its encoding did not come to its end."""
        if not self.is_full:
            self._decoder.finish()
        body = b"".join(self._pieces)
        self._pieces.clear()
        return body[: self._max_bytes]


def check_head(status: int, headers: Headers) -> None:
    """Raise Failed if a head is no answer to a GET request, or larger than any honest one."""
    if not 200 <= status <= 999:
        raise Failed(ErrorKind.PROTOCOL, f"the server answered with the status {status}")
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEAD_BYTES:
        raise Failed(
            ErrorKind.PROTOCOL, f"the head of the answer is larger than {MAX_HEAD_BYTES // 1024} KB"
        )


def safe_text(raw: bytes) -> str:
    """A header's name or value as text to keep and show: UTF-8, else Latin-1; nothing unprintable."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    if text.isprintable():
        return text
    return "".join(character for character in text if character.isprintable())
