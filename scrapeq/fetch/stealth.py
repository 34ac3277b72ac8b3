"""Requests through curl dressed as a browser: its headers, their order, its TLS and HTTP/2.

libcurl keeps the connections; everything that decides stays ours. Names are looked up and checked
here and pinned with CURLOPT_RESOLVE, the connected address is checked again, redirects and cookies
are left to the redirect loop, and the body is decoded by our own decoder, because libcurl's gives
a bomb as much memory as it wants.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import ssl
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from yarl import URL

from scrapeq.fetch import guard, unreached
from scrapeq.fetch.exchange import (
    DRAIN_BYTES,
    MAX_HEAD_BYTES,
    TIMED_OUT_WHILE_IDLE,
    Body,
    RawResponse,
    Request,
    StaleConnection,
    UnwantedBody,
    check_head,
    safe_text,
    wants_body,
)
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.guard import AddressRefused, Reach
from scrapeq.fetch.resolve import Names
from scrapeq.fetch.watch import Phase
from scrapeq.models import ErrorKind

if TYPE_CHECKING:
    from curl_cffi import AsyncCurl, Curl

#: What a callback returns to end a transfer (CURL_WRITEFUNC_ERROR).
_STOP = 0xFFFFFFFF

#: The kind of debug message that carries the head of the request: it is leaving now.
_REQUEST_HEAD = 2

#: What a piece of the body counts beside its content. A chunk's own bytes are 5, but each piece
#: is two calls from C here, and libcurl does not let go of the loop between them.
_CHUNK_OVERHEAD_BYTES = 20

#: Reads of a socket that is shut, after which its buffer is empty: systems hold a few MB.
_DRAINED_PIECES = 1_000


class CurlTransport:
    """libcurl's connections, one pool for each reach of the guard; curl is loaded when needed.

    One thing libcurl does by itself, and the pace is exact but for it: a request on a reused
    connection that turns out to be closed is sent again at once on another.
    """

    def __init__(self) -> None:
        self._names = Names()
        self._pools: dict[Reach, AsyncCurl] = {}
        self._idle = _IdleSockets()

    def default_headers(self) -> Mapping[str, str]:
        """Nothing: the browser's own headers come with its name."""
        return {}

    async def exchange(self, request: Request) -> RawResponse:
        """Send one request and read its response; see `Transport`."""
        from curl_cffi import Curl, CurlError

        request.watch.enter(Phase.CONNECT)
        addresses = await self._addresses(request)
        pool = self._pool(request.reach)
        curl = Curl(cacert=_trusted())
        lists: list[Any] = []
        transfer = _Transfer(request, curl, self._idle)
        try:
            transfer.prepare(addresses, lists)
            self._idle.shut_spoken_to()
            done = pool.add_handle(curl)
            try:
                async with transfer.drain_limit:
                    await done
            except CurlError as error:
                if not transfer.is_complete:
                    raise _translate(error, request, transfer) from error
            except TimeoutError:
                pass  # the rest of a body that nobody wants does not come
            else:
                transfer.finish()
            finally:
                if done.cancelled():  # we were: the pool must let go before curl is closed
                    pool.remove_handle(curl)
            response = transfer.response()
            if response.status == TIMED_OUT_WHILE_IDLE and transfer.is_reused:
                raise StaleConnection
            transfer.rest()
            return response
        finally:
            transfer.paused.close()
            curl.close()
            _free(lists)

    async def close(self) -> None:
        """Close all connections; a second call does nothing."""
        pools = list(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.close()  # type: ignore[no-untyped-call]
        self._names.close()

    def _pool(self, reach: Reach) -> AsyncCurl:
        if reach not in self._pools:
            from curl_cffi import AsyncCurl

            self._pools[reach] = AsyncCurl(cacert=_trusted())
        return self._pools[reach]

    async def _addresses(self, request: Request) -> list[str]:
        """The addresses of the URL's host that are permitted; none where no name is looked up."""
        url = URL(request.url, encoded=True)
        host = url.raw_host or ""
        if request.proxy or request.target:
            return []
        try:
            if _is_address(host):
                guard.check(host, request.reach)
                return []
            return await self._names.addresses(host, url.port or 0, request.reach)
        except AddressRefused as refused:
            raise guard.failed(refused, host) from refused
        except OSError as error:
            raise unreached.no_address(request, error) from error


class _IdleSockets:
    """The sockets of libcurl's idle connections, which are looked at before each new request.

    libcurl takes a connection that rested for less than a second as it is, and what a server sent
    on it unasked becomes the next page. Sockets are recognised by their inode: a number may have
    passed on to a socket that is not libcurl's.
    """

    def __init__(self) -> None:
        self._inodes: dict[int, int] = {}

    def add(self, number: int, inode: int) -> None:
        """A connection has given its answer, and nothing is expected on it."""
        self._inodes[number] = inode

    def remove(self, number: int) -> None:
        """A request went out on a connection."""
        self._inodes.pop(number, None)

    def shut_spoken_to(self) -> None:
        """End the connections on which something has come, so that libcurl takes others."""
        poll = select.poll()
        for number, inode in list(self._inodes.items()):
            if _inode(number) == inode:
                poll.register(number, select.POLLIN)
            else:
                del self._inodes[number]
        for number, _ in poll.poll(0) if self._inodes else ():
            del self._inodes[number]
            with suppress(OSError), socket.socket(fileno=os.dup(number)) as same:
                same.setblocking(False)
                same.shutdown(socket.SHUT_RDWR)
                for _ in range(_DRAINED_PIECES):  # what was received before can still be read
                    if not same.recv(DRAIN_BYTES):
                        break


def _inode(number: int) -> int:
    try:
        return os.fstat(number).st_ino
    except OSError:
        return 0


class _Transfer:
    """One request in libcurl's hands: its options, and what its callbacks have seen."""

    def __init__(self, request: Request, curl: Curl, idle: _IdleSockets) -> None:
        self.is_sent = False
        self._idle = idle
        self._socket = (-1, 0)
        self.is_complete = False  # all that is wanted has come, though the transfer was ended
        self.has_head = False
        self._request = request
        self._curl = curl
        self._status = 0
        self._raw_head: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        self._headers: tuple[tuple[str, str], ...] = ()
        self._body: Body | None = None
        self._unwanted: UnwantedBody | None = None
        self._pieces = 0
        #: Ends the reading of a body that nobody wants; the page's own limits stand still then.
        self.drain_limit = asyncio.timeout(None)
        self.paused = ExitStack()

    def prepare(self, addresses: list[str], lists: list[Any]) -> None:
        """Set all options; `lists` gets what must be freed after the transfer."""
        from curl_cffi import CurlHttpVersion, CurlOpt
        from curl_cffi.requests.impersonate import DEFAULT_CHROME

        request, setopt = self._request, self._curl.setopt
        url = URL(request.url, encoded=True)
        if self._curl.impersonate(DEFAULT_CHROME) != 0:
            raise Failed(
                ErrorKind.CONFIG,
                f"the curl_cffi of this worker cannot be {DEFAULT_CHROME}: run `scrapeq doctor` there",
            )
        if url.scheme == "http":  # libcurl would offer h2c, which no browser does
            setopt(CurlOpt.HTTP_VERSION, CurlHttpVersion.V1_1)
        setopt(CurlOpt.URL, request.url)
        setopt(
            CurlOpt.HTTPHEADER, [_header(name, value) for name, value in request.headers.items()]
        )
        setopt(CurlOpt.PROTOCOLS_STR, "http,https")
        setopt(CurlOpt.HTTP_CONTENT_DECODING, 0)
        setopt(CurlOpt.PATH_AS_IS, 1)  # the URL is canonical already
        setopt(CurlOpt.SUPPRESS_CONNECT_HEADERS, 1)
        setopt(CurlOpt.PROXY, request.proxy or "")  # "": also none from the environment
        # Nor an exception: round the proxy there would be a connection that nobody has checked.
        setopt(CurlOpt.NOPROXY, "")
        setopt(CurlOpt.NOSIGNAL, 1)
        if request.fresh:
            setopt(CurlOpt.FRESH_CONNECT, 1)
        if addresses:
            # The + lets the entry age like any other instead of staying for ever.
            pinned = ",".join(f"[{one}]" if ":" in one else one for one in addresses)
            setopt(CurlOpt.RESOLVE, [f"+{url.raw_host}:{url.port}:{pinned}"])
        if request.target:
            host = url.raw_host or ""
            host = f"[{host}]" if ":" in host else host
            lists.append(
                _set_list(
                    self._curl, CurlOpt.CONNECT_TO, f"{host}:{url.port}:{request.target.netloc}"
                )
            )
        setopt(CurlOpt.DEBUGFUNCTION, self._on_debug)
        setopt(CurlOpt.VERBOSE, 1)
        setopt(CurlOpt.HEADERFUNCTION, self._on_header)
        setopt(CurlOpt.WRITEFUNCTION, self._on_data)

    @property
    def os_errno(self) -> int:
        """The system's error number when no connection could be made; 0 if there is none."""
        from curl_cffi import CurlInfo

        found = self._curl.getinfo(CurlInfo.OS_ERRNO)
        return found if isinstance(found, int) else 0

    @property
    def is_reused(self) -> bool:
        """Whether the connection had served another request before."""
        from curl_cffi import CurlInfo

        return self._curl.getinfo(CurlInfo.NUM_CONNECTS) == 0

    def rest(self) -> None:
        """Nothing more is expected on the connection, which libcurl keeps."""
        if self._is_http1:
            self._idle.add(*self._socket)

    @property
    def _is_http1(self) -> bool:
        from curl_cffi import CurlHttpVersion, CurlInfo

        version = self._curl.getinfo(CurlInfo.HTTP_VERSION)
        return version in {CurlHttpVersion.V1_0, CurlHttpVersion.V1_1}

    def finish(self) -> None:
        """The transfer came to its end by itself."""
        if self._unwanted is not None:
            self._unwanted.finish()

    def response(self) -> RawResponse:
        """The response of a transfer that has ended well."""
        if self._unwanted is not None:
            kept, is_whole = self._unwanted.kept, self._unwanted.is_whole
            return RawResponse(self._status, self._headers, kept, is_whole)
        if self._body is None:
            raise Failed(ErrorKind.PROTOCOL, "the server sent no answer that is valid HTTP")
        body = self._body.finish()
        return RawResponse(self._status, self._headers, body, not self._body.is_full)

    def _on_debug(self, kind: int, _data: bytes) -> None:
        from curl_cffi import CurlInfo

        if kind != _REQUEST_HEAD:
            return
        number = self._curl.getinfo(CurlInfo.ACTIVESOCKET)  # only known while it is in use
        if isinstance(number, int):
            self._socket = number, _inode(number)
            self._idle.remove(number)
        if not self.is_sent:
            self.is_sent = True
            self._request.watch.enter(Phase.HEAD)

    def _on_header(self, line: bytes) -> int:
        """Called with each line of each head. What is raised here ends the transfer."""
        if self.has_head:  # a trailer
            return len(line)
        self._head_bytes += len(line)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise Failed(
                ErrorKind.PROTOCOL,
                f"the head of the answer is larger than {MAX_HEAD_BYTES // 1024} KB",
            )
        bare = line.rstrip(b"\r\n")
        if line.startswith(b"HTTP/"):
            status = bare.split(b" ", 2)[1:2]
            self._status = int(status[0]) if status and status[0].isdigit() else 0
            self._raw_head.clear()
        elif bare[:1] in {b" ", b"\t"} and self._raw_head:  # folded (RFC 9112, section 5.2)
            name, value = self._raw_head[-1]
            self._raw_head[-1] = (name, value + b" " + bare.strip())
        elif bare:
            name, _, value = bare.partition(b":")
            self._raw_head.append((name.strip(), value.strip()))
        elif not 100 <= self._status <= 199 or self._status == 101:
            self._head_is_complete()
        return len(line)

    def _head_is_complete(self) -> None:
        from curl_cffi import CurlInfo, CurlOpt

        self._headers = tuple((safe_text(name), safe_text(value)) for name, value in self._raw_head)
        self._request.on_head(self._status, self._headers)
        check_head(self._status, self._headers)
        peer = self._curl.getinfo(CurlInfo.PRIMARY_IP)
        if isinstance(peer, bytes) and peer:
            try:
                guard.check(peer.decode(), self._request.reach)
            except AddressRefused as refused:
                raise guard.failed(refused, URL(self._request.url).raw_host or "") from refused
        self.has_head = True
        if self._is_http1 and self._request.url.startswith("https:"):
            # More than the answer may have come with it and been decrypted already, where nobody
            # can look; HTTP/2, which numbers its answers, keeps its connections.
            self._curl.setopt(CurlOpt.FORBID_REUSE, 1)
        if wants_body(self._status):
            self._body = Body(self._headers, self._request.max_body_bytes, cut=self._request.cut)
            lengths = [value for name, value in self._headers if name.lower() == "content-length"]
            self._body.promised(int(lengths[0]) if lengths and lengths[0].isdecimal() else None)
            self._request.watch.enter(Phase.BODY)
            return
        self._unwanted = UnwantedBody(self._status, self._headers, self._request.unwanted_bytes)
        self.paused.enter_context(self._request.watch.paused())
        ends_s = asyncio.get_running_loop().time() + self._request.drain_s
        self.drain_limit.reschedule(ends_s)

    def _on_data(self, data: bytes) -> int:
        """Called with at most 16 KB of the body."""
        if self._body:
            self._request.watch.enter(Phase.BODY)
            self._body.add(data)
            self._pieces += 1
            self._body.check_waste(self._pieces * _CHUNK_OVERHEAD_BYTES)
            self.is_complete = self._body.is_full
        elif self._unwanted:
            self.is_complete = not self._unwanted.add(data)
        return _STOP if self.is_complete else len(data)


def _translate(error: Any, request: Request, transfer: _Transfer) -> Failed:
    """What libcurl's error code means."""
    from curl_cffi import CurlECode

    host = URL(request.url, encoded=True).raw_host or ""
    whom = unreached.peer(request)
    if error.code in {CurlECode.COULDNT_RESOLVE_HOST, CurlECode.COULDNT_RESOLVE_PROXY}:
        return unreached.no_address(request, error)
    if error.code == CurlECode.COULDNT_CONNECT:
        if transfer.os_errno == errno.ECONNRESET:
            return Failed(ErrorKind.RESET, f"{whom} closed the connection while it was being made")
        if transfer.os_errno in {0, errno.ECONNREFUSED}:
            return unreached.refused(request)
        reason = os.strerror(transfer.os_errno).lower()
        return unreached.unreachable(request, OSError(transfer.os_errno, reason), reason)
    if error.code == CurlECode.PROXY:
        return Failed(ErrorKind.REFUSED, f"{whom} refused to connect to {host}")
    if error.code == CurlECode.OPERATION_TIMEDOUT:
        return Failed(ErrorKind.CONNECT_TIMEOUT, f"{whom} does not answer")
    if error.code == CurlECode.PEER_FAILED_VERIFICATION:
        return Failed(ErrorKind.TLS, f"the certificate of {host} is not valid")
    if error.code in {
        CurlECode.SSL_CONNECT_ERROR,
        CurlECode.SSL_CERTPROBLEM,
        CurlECode.SSL_CIPHER,
        CurlECode.SSL_CACERT_BADFILE,
        CurlECode.SSL_ISSUER_ERROR,
        CurlECode.SSL_INVALIDCERTSTATUS,
    }:
        return Failed(ErrorKind.TLS, f"no TLS connection to {whom}")
    if error.code == CurlECode.PARTIAL_FILE:
        return Failed(ErrorKind.TRUNCATED, "the page ended before it was complete")
    if error.code in {CurlECode.GOT_NOTHING, CurlECode.SEND_ERROR, CurlECode.RECV_ERROR}:
        if transfer.has_head:
            # libcurl has one code for a reset and for a chunked body that is cut.
            return Failed(ErrorKind.RESET, "the server closed the connection within the page")
        if "header" in str(error).lower():
            return Failed(ErrorKind.PROTOCOL, "the head of the answer is not valid HTTP")
        return Failed(ErrorKind.RESET, "the server closed the connection without an answer")
    return Failed(ErrorKind.PROTOCOL, "the answer is not valid HTTP")


def _header(name: str, value: str) -> bytes:
    """A header as libcurl wants it; one without a value ends in a semicolon."""
    return f"{name}: {value}".encode() if value else f"{name};".encode()


def _trusted() -> str:
    """The file of certificates that Python trusts, SSL_CERT_FILE included; "" for certifi's."""
    return ssl.get_default_verify_paths().cafile or ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _set_list(curl: Curl, option: Any, entry: str) -> Any:
    """Set an option that takes a curl_slist, for those that curl_cffi takes only as one string."""
    from curl_cffi import ffi, lib

    head = lib.curl_slist_append(ffi.NULL, entry.encode())
    lib._curl_easy_setopt(curl._curl, option, head)
    return head


def _free(lists: list[Any]) -> None:
    if lists:
        from curl_cffi import lib

        for head in lists:
            lib.curl_slist_free_all(head)
