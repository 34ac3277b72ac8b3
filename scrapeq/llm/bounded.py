"""A deadline and a size for the body of an endpoint's answer.

httpx2's time-outs count from byte to byte, and some endpoints send a blank every few seconds to
keep a connection open while a model thinks: without this, such an answer may take for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import httpx2
import openai

_MOST_BYTES = 8 << 20  # a hundred times the longest answer of today's models


class _Bounded(httpx2.SyncByteStream):
    """The bytes of `response` until `deadline_s` of the monotonic clock."""

    def __init__(self, response: httpx2.Response, deadline_s: float) -> None:
        self._request = response.request
        self._stream = response.stream
        self._deadline_s = deadline_s

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._stream, httpx2.SyncByteStream)  # noqa: S101  a client of sync calls
        read_bytes = 0
        for piece in self._stream:
            read_bytes += len(piece)
            if read_bytes > _MOST_BYTES:
                # Not an error of the transport: those are tried again.
                raise openai.APIError("the answer is longer than 8 MB", self._request, body=None)
            if time.monotonic() > self._deadline_s:
                raise httpx2.ReadTimeout("the answer took too long", request=self._request)
            yield piece

    def close(self) -> None:
        assert isinstance(self._stream, httpx2.SyncByteStream)  # noqa: S101
        self._stream.close()


def bound_body(timeout_s: float) -> Callable[[httpx2.Response], None]:
    """A response hook for a client: bodies end within `timeout_s` of their head, or not at all."""

    def hook(response: httpx2.Response) -> None:
        response.stream = _Bounded(response, time.monotonic() + timeout_s)

    return hook
