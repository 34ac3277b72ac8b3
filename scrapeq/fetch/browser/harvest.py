"""What a page in the browser gives besides its HTML: pictures, a PDF, JSON answers, its console.

All of it is a stranger's. So each piece is bounded in bytes, in number and in time, and whatever is
over a bound, or fails, is said in words: the page itself stays good.
"""

from __future__ import annotations

import asyncio
import base64
import fnmatch
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapeq import urls
from scrapeq.models import FileKind, PageFile, ScrapingConfig

if TYPE_CHECKING:
    from playwright.async_api import CDPSession, Page

#: Pixels of a picture's height and width: the greatest texture of Chromium's rasteriser; a picture
#: that is taller repeats its beginning.
MOST_PIXELS = 16_384
#: Pixels of a preview's width, and how much taller than wide it may be: four stand side by side in a
#: notebook's 1,000 pixels.
PREVIEW_WIDTH, PREVIEW_SHAPE = 240, 1.25
#: JSON answers and console lines of a page: a screenful of offers is one answer, and whoever asks a
#: hundred times is polling.
MOST_ANSWERS, MOST_LINES = 200, 200
#: Characters of a console line, and of a URL (browsers and servers take 2,000 and more).
LONGEST_LINE, LONGEST_URL = 1_000, 2_000
#: Seconds for one piece, as Playwright gives a picture; and seconds of the page's time that are left
#: at the end.
MOST_PIECE_S, MARGIN_S = 30.0, 0.3
#: Bytes that a PDF is read in at once.
_PDF_PIECE = 1 << 20
#: What a browser says of a request that we refused: films and fonts.
_OURS = "ERR_BLOCKED_BY_CLIENT"


@dataclass(slots=True)
class _Answer:
    url: str
    http_status: int
    content_type: str
    size: int = 0  # bytes that have come, unpacked
    body: bytes | None = None


class Harvest:
    """Takes what the options ask for from one page."""

    def __init__(self, config: ScrapingConfig) -> None:
        self._config = config
        self._left_bytes = int(config.max_body_mb * 1e6)  # of all files together
        self._patterns = [pattern.replace("[", "[[]") for pattern in config.capture]
        self._coming: dict[str, _Answer] = {}  # by request
        self._answers: list[_Answer] = []
        self._reading: set[asyncio.Task[None]] = set()
        self._lines: list[dict[str, Any]] = []
        self._left_out: dict[str, int] = {}  # why → how many answers
        self._unheard = 0  # lines that were too many

    async def listen(self, page: Page, session: CDPSession) -> None:
        """Take note of what comes, from before the page's first document on."""
        if self._patterns:
            session.on("Network.responseReceived", self._on_answer)
            session.on("Network.dataReceived", self._on_data)
            session.on("Network.loadingFailed", self._on_lost)
            session.on("Network.loadingFinished", lambda event: self._on_complete(session, event))
            bounds = {
                "maxTotalBufferSize": self._left_bytes,
                "maxResourceBufferSize": self._left_bytes,
            }
            await session.send("Network.enable", bounds)
        if self._config.console:
            page.on("console", self._on_console)
            page.on("pageerror", lambda error: self._note("exception", str(error), page.url))
            page.on("requestfailed", self._on_failed_request)

    async def collect(
        self, page: Page, session: CDPSession, left_s: float
    ) -> tuple[tuple[PageFile, ...], list[str]]:
        """The files, and what of them is missing, in words; within `left_s` seconds."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + left_s - MARGIN_S
        found: list[PageFile] = []
        missing: list[str] = []
        page_url = page.url[:LONGEST_URL]

        async def take(what: str, making: Callable[[], Awaitable[tuple[PageFile, str]]]) -> None:
            from playwright.async_api import Error

            most_s = min(MOST_PIECE_S, ends_s - loop.time())
            try:
                async with asyncio.timeout(most_s):
                    file, note = await making()
            except TimeoutError:
                missing.append(f"{what}: not made within {max(0.0, most_s):.0f} s")
                return
            except TooLarge:
                missing.append(f"{what}: larger than max_body_mb ({self._config.max_body_mb:g})")
                return
            except Error as error:
                missing.append(f"{what}: {_first_line(error)}")
                return
            self._left_bytes -= len(file.body)
            found.append(file)
            if note:
                missing.append(f"{what}: {note}")

        if self._patterns:
            answers = await self._captured(min(MOST_PIECE_S, ends_s - loop.time()))
            found += answers
            missing += self._unanswered()
        if self._config.console:
            if self._lines:
                found.append(self._console_file(page_url))
            if self._unheard:
                missing.append(f"console: the first {MOST_LINES} lines")
        if what := self._config.screenshot:
            await take(
                "screenshot",
                lambda: picture(page, session, what, most_bytes=self._left_bytes),
            )
        if self._config.pdf:
            await take("pdf", lambda: _pdf(session, page_url, self._left_bytes))
        return tuple(found), missing

    # -- answers -----------------------------------------------------------------------------

    def _on_answer(self, event: Mapping[str, Any]) -> None:
        answer = event["response"]
        url, kind = str(answer["url"])[:LONGEST_URL], str(answer["mimeType"])[:100].lower()
        is_wanted = any(fnmatch.fnmatchcase(url, pattern) for pattern in self._patterns)
        if (
            event.get("type") in {"Document", "Preflight"}
            or not is_wanted
            or not _may_be_json(kind)
        ):
            return
        if len(self._coming) + len(self._reading) + len(self._answers) >= MOST_ANSWERS:
            self._leave_out(f"beyond the first {MOST_ANSWERS}")
            return
        status = int(answer["status"])
        self._coming[event["requestId"]] = _Answer(urls.shown(url), status, kind)

    def _on_data(self, event: Mapping[str, Any]) -> None:
        if answer := self._coming.get(event["requestId"]):
            answer.size += int(event["dataLength"])

    def _on_lost(self, event: Mapping[str, Any]) -> None:
        if self._coming.pop(event["requestId"], None):
            self._leave_out("that broke off")

    def _on_complete(self, session: CDPSession, event: Mapping[str, Any]) -> None:
        request_id = event["requestId"]
        answer = self._coming.pop(request_id, None)
        if answer is None:
            return
        if answer.size > self._left_bytes:  # before it crosses from the browser to here
            self._leave_out(f"larger than max_body_mb ({self._config.max_body_mb:g})")
            return
        self._left_bytes -= answer.size
        task = asyncio.ensure_future(self._read(session, request_id, answer))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, session: CDPSession, request_id: str, answer: _Answer) -> None:
        from playwright.async_api import Error

        try:
            got = await session.send("Network.getResponseBody", {"requestId": request_id})
        except Error:  # the page has become another one since
            self._leave_out("that were gone before they were read")
            self._left_bytes += answer.size
            return
        text = str(got["body"])
        body = base64.b64decode(text) if got["base64Encoded"] else text.encode("utf-8", "replace")
        if "json" in answer.content_type or body.lstrip()[:1] in {b"{", b"["}:
            answer.body = body
            self._answers.append(answer)
        else:
            self._left_bytes += answer.size

    async def _captured(self, most_s: float) -> list[PageFile]:
        reading = set(self._reading)
        if reading:
            _, late = await asyncio.wait(reading, timeout=max(0.0, most_s))
            for task in late:
                task.cancel()
                self._leave_out("that were not read in time")
        for _ in self._coming:
            self._leave_out("that were not complete")
        self._coming.clear()
        return [
            PageFile(
                FileKind.RESPONSE,
                answer.body,
                answer.content_type,
                answer.url,
                http_status=answer.http_status,
            )
            for answer in self._answers
            if answer.body is not None
        ]

    def _leave_out(self, why: str) -> None:
        self._left_out[why] = self._left_out.get(why, 0) + 1

    def _unanswered(self) -> list[str]:
        return [
            f"capture: without {count:,} answers {why}" for why, count in self._left_out.items()
        ]

    # -- the console -------------------------------------------------------------------------

    def _on_console(self, message: Any) -> None:
        if message.type in {"error", "assert"} and _OURS not in message.text[:LONGEST_LINE]:
            self._note("error", message.text, str(message.location.get("url", "")))

    def _on_failed_request(self, request: Any) -> None:
        if _OURS not in str(request.failure):
            self._note("request", str(request.failure), request.url)

    def _note(self, kind: str, message: str, url: str) -> None:
        if len(self._lines) >= MOST_LINES:
            self._unheard += 1
            return
        shown = urls.shown(url[:LONGEST_URL])
        self._lines.append({"kind": kind, "message": message[:LONGEST_LINE], "url": shown})

    def _console_file(self, page_url: str) -> PageFile:
        body = json.dumps(self._lines).encode()
        return PageFile(FileKind.CONSOLE, body, "application/json", urls.shown(page_url))


async def picture(
    page: Page,
    session: CDPSession,
    what: bool | str,
    *,
    most_bytes: int,
    kind: FileKind = FileKind.SCREENSHOT,
) -> tuple[PageFile, str]:
    """A picture of what the window shows (True), of the whole page ("full") or of the first element of
    a selector, with a preview; and what it lacks, in words.

    PNG; JPEG where that is more than `most_bytes`. Raises Playwright's Error, and `TooLarge`. It
    may take for ever: give it a time-out.
    """
    from playwright.async_api import Error

    metrics = await session.send("Page.getLayoutMetrics")
    window = metrics["cssLayoutViewport"]
    left, top = float(window["pageX"]), float(window["pageY"])
    place = {
        "x": left,
        "y": top,
        "width": float(window["clientWidth"]),
        "height": float(window["clientHeight"]),
    }
    if what == "full":
        whole = metrics["cssContentSize"]
        place = {name: float(whole[name]) for name in place}
    elif isinstance(what, str):
        element = await page.query_selector(f"xpath={what}" if what[0] in "/(" else what)
        box = await element.bounding_box() if element else None
        if box is None or box["width"] < 1 or box["height"] < 1:
            raise Error(f"nothing to see of {what!r}")
        place = {
            "x": left + box["x"],
            "y": top + box["y"],
            "width": box["width"],
            "height": box["height"],
        }
    note = ""
    for side in ("width", "height"):
        if place[side] > MOST_PIXELS:
            note = f"the first {MOST_PIXELS:,} of {place[side]:,.0f} pixels ({side})"
            place[side] = MOST_PIXELS

    async def capture(clip: Mapping[str, float], **options: Any) -> bytes:
        asked = {"clip": {"scale": 1, **clip}, "captureBeyondViewport": True, **options}
        answer = await session.send("Page.captureScreenshot", asked)
        return base64.b64decode(answer["data"])

    body, content_type = await capture(place, format="png"), "image/png"
    width, height = (int.from_bytes(body[at : at + 4]) for at in (16, 20))  # its first chunk, IHDR
    if len(body) > most_bytes:
        body, content_type = await capture(place, format="jpeg", quality=80), "image/jpeg"
        if len(body) > most_bytes:
            raise TooLarge
    preview = await capture(
        {
            **place,
            "height": min(place["height"], PREVIEW_SHAPE * place["width"]),
            "scale": min(1, PREVIEW_WIDTH / place["width"]),
        },
        format="jpeg",
        quality=70,
    )
    url = urls.shown(page.url[:LONGEST_URL])
    return PageFile(
        kind, body, content_type, url, width=width, height=height, preview=preview
    ), note


async def _pdf(session: CDPSession, page_url: str, most_bytes: int) -> tuple[PageFile, str]:
    printed = await session.send(
        "Page.printToPDF", {"transferMode": "ReturnAsStream", "printBackground": True}
    )
    stream = {"handle": printed["stream"]}
    body = bytearray()
    try:
        while True:
            piece = await session.send("IO.read", {**stream, "size": _PDF_PIECE})
            data = piece["data"]
            body += base64.b64decode(data) if piece.get("base64Encoded") else data.encode()
            if len(body) > most_bytes:
                raise TooLarge
            if piece["eof"]:
                return PageFile(
                    FileKind.PDF, bytes(body), "application/pdf", urls.shown(page_url)
                ), ""
    finally:
        await session.send("IO.close", stream)


class TooLarge(Exception):
    """A piece has more bytes than there may be."""


def _may_be_json(content_type: str) -> bool:
    """Whether a type is one that JSON has, or that servers give it by mistake."""
    return "json" in content_type or content_type in {"", "text/plain", "text/javascript"}


def _first_line(error: Exception) -> str:
    """What it says, without the name of Playwright's method that it came from."""
    text = re.sub(r"^[\w.]+: ", "", str(error).strip())
    return text.splitlines()[0][:200] if text else type(error).__name__
