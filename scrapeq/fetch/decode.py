"""Content-Encoding undone while the body streams in, never more of it in memory than asked for.

A few hundred bytes may decode to gigabytes (841 bytes of brotli cost other clients 2 to 3 GB), so
each decoder is asked for at most STEP_BYTES at a time, and the sum of what each layer gave is
bounded. What remains besides is a codec's own window: 32 KB for gzip and deflate, at most 16 MB
for brotli (RFC 7932, section 9.1), and 8 MB for zstd, more than which RFC 9659 forbids on the web.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped] # it ships no types
from isal import isal_zlib
from isal.igzip_lib import IsalError

from scrapeq.fetch.failed import Failed
from scrapeq.models import ErrorKind

if sys.version_info >= (3, 14):  # pragma: no cover - the other branch is the backport of this
    from compression import zstd
else:
    from backports import zstd

#: The most that a decoder gives at once: small beside any limit, large beside the cost of a call.
STEP_BYTES = 64 * 1024

#: Codings in one Content-Encoding. Servers and proxies together make two; twenty are an attack.
MAX_LAYERS = 3

#: Gzip members or zstd frames in one body: block gzip has one for each 64 KB, so this is enough
#: for 650 MB; a million empty ones would only cost time.
MAX_MEMBERS = 10_000

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW_LOG = 23  # RFC 9659, section 3: 8 MB

#: What servers write there that is no coding of RFC 9110 or IANA's registry: names of charsets,
#: of MIME's transfer encodings, and words for nothing. Browsers leave a body alone whose coding they
#: do not know (Fetch standard, "handle content codings"); here only names that cannot stand for a
#: compression are, because the bytes of one would be read as a page.
NO_CODINGS = frozenset(
    """
    identity none null nil no off false default raw plain text html text/html text/plain
    binary 8bit 7bit 8-bit 7-bit utf-8 utf8 utf-16 unicode ascii us-ascii iso-8859-1 iso-8859-15
    latin1 latin-1 windows-1250 windows-1251 windows-1252 cp1252 koi8-r shift_jis euc-jp euc-kr
    gbk gb2312 big5 ansi amz-1.0 aws-chunked
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of forty lines
) | {""}

#: What these decoders can undo, as the request says it.
ACCEPT_ENCODING = "gzip, deflate, br, zstd"


class Layer(Protocol):
    """One coding being undone."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in pieces of about STEP_BYTES; raises Failed if it is broken."""

    def finish(self) -> None:
        """Raise Failed if the coding did not come to its end."""


class Decoder:
    """The layers of one Content-Encoding header, for one body.

    Browsers refuse a page that says gzip and is not, and so does this: what stands there would
    otherwise depend on how the first bytes happen to look. The same goes for unknown codings; words
    that are no coding at all (NO_CODINGS) mean that nothing was done.
    Bytes after the end of a gzip, deflate or zstd stream are ignored, as browsers do. A body of
    no bytes at all is empty in every coding.

    Raises:
        Failed: `decode` for an unknown coding, too many of them, or data that is broken;
            `truncated` for data that ends too early; `too_large` for a layer that gives more than
            `limit_bytes`.
    """

    def __init__(self, content_encoding: str, limit_bytes: int) -> None:
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name.strip("\"'") not in NO_CODINGS]
        if len(names) > MAX_LAYERS:
            raise Failed(
                ErrorKind.DECODE,
                f"the body is encoded {len(names)} times; more than {MAX_LAYERS} is refused",
            )
        for name in names:
            if name not in _LAYERS:
                raise Failed(
                    ErrorKind.DECODE,
                    f"the server used the Content-Encoding {_excerpt(name)}, which nobody asked "
                    "for and which is not known",
                )
        # The header lists them in the order in which they were applied (RFC 9110, section 8.4).
        self._layers = [_LAYERS[name]() for name in reversed(names)]
        self._given_bytes = [0] * len(self._layers)
        self._limit_bytes = limit_bytes

    @property
    def is_identity(self) -> bool:
        """Whether bytes go through as they are."""
        return not self._layers

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in pieces of about STEP_BYTES."""
        return self._through(0, data)

    def finish(self) -> None:
        """Raise Failed if the body ended before its codings did."""
        for layer in self._layers:
            layer.finish()

    def _through(self, depth: int, data: bytes) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for piece in self._layers[depth].feed(data):
            self._given_bytes[depth] += len(piece)
            if self._given_bytes[depth] > self._limit_bytes:
                raise too_large(self._limit_bytes)
            yield from self._through(depth + 1, piece)


def too_large(limit_bytes: int) -> Failed:
    """The failure of a body that is larger than `max_body_mb`."""
    return Failed(
        ErrorKind.TOO_LARGE,
        f"the page is larger than {limit_bytes / 1e6:g} MB; max_body_mb raises the limit",
    )


class _Inflate:
    """gzip and both kinds of deflate, through isal: twice as fast as zlib (measured)."""

    def __init__(self, window_bits: int | None, *, many: bool = False) -> None:
        self._stream = isal_zlib.decompressobj(window_bits) if window_bits else None
        self._held = b""
        self._many = many
        self._members = 1
        self._started = False
        self._ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        data = self._held + data
        self._held = b""
        while data and not self._ended:
            if self._stream is None:
                if len(data) < 2:  # both questions below need two bytes
                    self._held = data
                    return
                if not self._begin(data):
                    self._ended = True
                    return
            self._started = True
            yield from self._inflate(self._stream, data)
            data = self._held
            self._held = b""

    def finish(self) -> None:
        # One byte that was held back is the rest of nothing if a member is complete before it.
        complete = self._ended or (self._stream is None and self._members > 1)
        if (self._started or self._held) and not complete:
            raise _cut_short()

    def _begin(self, data: bytes) -> bool:
        """Start the stream that `data` begins; False if it is only what trails behind the last."""
        if self._many:
            if not data.startswith(_GZIP_MAGIC):
                return False
            _count(self._members)
            self._stream = isal_zlib.decompressobj(31)
        else:
            # RFC 1950, section 2.2, tells zlib's header from a raw stream, which some servers
            # send under the same name.
            is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = isal_zlib.decompressobj(15 if is_zlib else -15)
        return True

    def _inflate(self, stream: Any, data: bytes) -> Iterator[bytes]:
        """Until the stream or the data ends; what follows the stream is put into `_held`."""
        while True:
            try:
                piece = stream.decompress(data, STEP_BYTES)
            except IsalError as error:  # type: ignore[misc] # its stub has an instance
                raise _broken() from error
            if piece:
                yield piece
            if stream.eof:
                self._held = stream.unused_data
                self._stream = None
                self._members += 1
                self._ended = not self._many
                return
            data = stream.unconsumed_tail
            if not data and len(piece) < STEP_BYTES:
                return


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._started = self._started or bool(data)
        while data or not self._stream.can_accept_more_data():
            try:
                piece = self._stream.process(data, output_buffer_limit=STEP_BYTES)
            except brotli.error as error:
                raise _broken() from error
            if not piece:
                return
            yield piece
            data = b""

    def finish(self) -> None:
        if self._started and not self._stream.is_finished():
            raise _cut_short()


class _Zstandard:
    def __init__(self) -> None:
        self._stream: zstd.ZstdDecompressor | None = None
        self._held = b""
        self._members = 0
        self._ended = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        data = self._held + data
        self._held = b""
        while data and not self._ended:
            if self._stream is None:
                if len(data) < len(_ZSTD_MAGIC):
                    self._held = data
                    return
                if self._members and not _is_zstd_frame(data):
                    self._ended = True
                    return
                _count(self._members)
                self._members += 1
                self._stream = zstd.ZstdDecompressor(
                    options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
                )
            yield from self._decompress(self._stream, data)
            data = self._held
            self._held = b""

    def finish(self) -> None:
        if self._stream is not None or (self._held and not self._members):
            raise _cut_short()

    def _decompress(self, stream: zstd.ZstdDecompressor, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = stream.decompress(data, max_length=STEP_BYTES)
            except zstd.ZstdError as error:
                raise _broken() from error
            if piece:
                yield piece
            if stream.eof:
                self._held = stream.unused_data
                self._stream = None
                return
            if stream.needs_input:
                return
            data = b""


def _is_zstd_frame(data: bytes) -> bool:
    """Whether a frame begins here: one with data, or one to skip (RFC 8878, section 3.1.2)."""
    return data.startswith(_ZSTD_MAGIC) or (data[0] & 0xF0 == 0x50 and data[1:4] == b"\x2a\x4d\x18")


_LAYERS: dict[str, Callable[[], Layer]] = {
    "gzip": lambda: _Inflate(31, many=True),
    "x-gzip": lambda: _Inflate(31, many=True),  # RFC 9110, section 8.4.1.3
    "deflate": lambda: _Inflate(None),
    "br": _Brotli,
    "zstd": _Zstandard,
}


def _count(members: int) -> None:
    if members > MAX_MEMBERS:
        raise Failed(
            ErrorKind.DECODE,
            f"the body is compressed in more than {MAX_MEMBERS:,} separate parts",
        )


def _broken() -> Failed:
    return Failed(
        ErrorKind.DECODE,
        "the body cannot be decompressed: it is damaged, or not what its Content-Encoding says",
    )


def _cut_short() -> Failed:
    return Failed(ErrorKind.TRUNCATED, "the compressed body ends too early")


def _excerpt(text: str) -> str:
    return repr(text.encode("ascii", "backslashreplace").decode()[:30])
