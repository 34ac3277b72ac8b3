"""The words in which a misbehaviour is written: a script is what a server does, step by step.

After the last step of a script the connection is closed, unless it is `Keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Send:
    """Send these bytes `times` times; None: for as long as the client takes them."""

    data: bytes
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Drip:
    """Send these bytes one by one, a gap before each; when they are over, from the beginning."""

    data: bytes
    gap_s: float = 0.5


@dataclass(frozen=True, slots=True)
class Hold:
    """Say nothing more until the client leaves."""


@dataclass(frozen=True, slots=True)
class Reset:
    """End the connection with RST, as soon as what was sent has arrived."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Wait for the next request on the same connection."""


Step = Send | Drip | Hold | Reset | Keep
Script = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a case.

    path: with its query, as it came. headers: by names in lower case. visit: which request to the
    same host and path this is, from 1; connection: which request on its connection, from 1.
    ports: of the web, by name.
    """

    host: str
    path: str
    headers: Mapping[str, str]
    visit: int
    connection: int
    ports: Mapping[str, int]


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def html(title: str, text: str = "words that a person would read", *, meta: str = "") -> str:
    """A small page."""
    return (
        f"<!doctype html><html><head>{meta}<title>{title}</title></head>"
        f"<body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
    )


def answer(
    body: bytes = b"",
    *fields: str,
    status: int = 200,
    content_type: str = "text/html; charset=utf-8",
    phrase: str | None = None,
    length: bool = True,
) -> bytes:
    """A whole answer with a Content-Length."""
    if phrase is None:
        phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unheard Of"
    lines = [f"HTTP/1.1 {status} {phrase}"]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += fields
    lines += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode() + body


def says(
    body: bytes | str = b"",
    *fields: str,
    status: int = 200,
    content_type: str = "text/html; charset=utf-8",
    phrase: str | None = None,
) -> Script:
    """A whole answer, after which the connection is kept."""
    data = body.encode() if isinstance(body, str) else body
    return (
        Send(answer(data, *fields, status=status, content_type=content_type, phrase=phrase)),
        Keep(),
    )


def leads(place: str, *fields: str, status: int = 302) -> Script:
    """A redirect."""
    return says(b"", f"Location: {place}", *fields, status=status)


def in_turn(*scripts: Script) -> Callable[[Asked], Script]:
    """The first script for the first visit, and so on; the last for all after it."""
    return lambda asked: scripts[min(asked.visit, len(scripts)) - 1]
