"""Images: their width and height, which stand at the beginning of the file. No pixel is decoded."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from itertools import islice

from scrapeq.documents.document import Document, Found
from scrapeq.documents.markup import child, parse, text_of

Size = tuple[int, int]
#: Segments of a JPEG that are looked at; one of 20 MB has some 300 of the longest.
MOST_SEGMENTS = 10_000


def read_image(document: Document) -> Found:
    """Width and height in pixels where the format is known; the title of a drawing."""
    if document.media_type == "image/svg+xml":
        return _read_svg(document)
    try:
        size = _SIZES.get(document.media_type, _unknown)(document.body)
    except (struct.error, IndexError):
        size = None
    return Found("image", metadata=_metadata(size))


def _metadata(size: Size | None) -> dict[str, int]:
    return {"width": size[0], "height": size[1]} if size else {}


def _unknown(_: bytes) -> None:
    return None


def _png(body: bytes) -> Size:
    width, height = struct.unpack_from(">II", body, 16)
    return width, height


def _gif(body: bytes) -> Size:
    width, height = struct.unpack_from("<HH", body, 6)
    return width, height


def _bmp(body: bytes) -> Size:
    width, height = struct.unpack_from("<ii", body, 18)
    return abs(width), abs(height)  # below 0: its rows begin at the top


def _icon(body: bytes) -> Size:
    """The largest of its pictures; 0 means 256."""
    count = struct.unpack_from("<H", body, 4)[0]
    sizes = [(body[6 + 16 * n] or 256, body[7 + 16 * n] or 256) for n in range(min(count, 100))]
    return max(sizes)


def _jpeg(body: bytes) -> Size | None:
    """Of the frame header (ITU-T T.81, B.2.2), which stands behind segments of any kind."""
    place = 2
    for _ in range(MOST_SEGMENTS):
        place = body.find(b"\xff", place)
        if not 0 <= place < len(body) - 9:
            break
        marker = body[place + 1]
        if marker in {0x01, 0xFF} or 0xD0 <= marker <= 0xD8:  # without a length
            place += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", body, place + 5)
            return width, height
        place += 2 + max(2, struct.unpack_from(">H", body, place + 2)[0])
    return None


def _webp(body: bytes) -> Size | None:
    """Of one of its three forms (RFC 9649, section 2)."""
    form = body[12:16]
    if form == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if form == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 26)
        return width & 0x3FFF, height & 0x3FFF
    if form == b"VP8L":
        bits = struct.unpack_from("<I", body, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _tiff(body: bytes) -> Size | None:
    """Of the tags 256 and 257 of its first directory (TIFF 6.0, section 2)."""
    order = "<" if body[:2] == b"II" else ">"
    place = struct.unpack_from(f"{order}I", body, 4)[0]
    count = struct.unpack_from(f"{order}H", body, place)[0]
    found: dict[int, int] = {}
    for number in range(min(count, 1_000)):
        at = place + 2 + 12 * number
        tag, kind = struct.unpack_from(f"{order}HH", body, at)
        if tag in {256, 257}:
            found[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", body, at + 8)[0]
    return (found[256], found[257]) if len(found) == 2 else None


def _heif(body: bytes) -> Size | None:
    """The largest of its `ispe` properties (ISO/IEC 23008-12, section 6.5.3); tiles have smaller ones."""
    boxes = islice(re.finditer(rb"\0\0\0\x14ispe", body[:1_000_000]), 1_000)
    places = [box.end() for box in boxes]
    sizes = [
        struct.unpack_from(">II", body, place + 4) for place in places if place + 12 <= len(body)
    ]
    return max(((width, height) for width, height in sizes), default=None)


_SIZES: dict[str, Callable[[bytes], Size | None]] = {
    "image/png": _png,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/x-icon": _icon,
    "image/jpeg": _jpeg,
    "image/webp": _webp,
    "image/tiff": _tiff,
    "image/avif": _heif,
    "image/heif": _heif,
}
_LENGTH = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*(?:px)?\s*")


def _read_svg(document: Document) -> Found:
    root = parse(document.text)
    if root is None:
        return Found("image")
    sides = [_LENGTH.fullmatch(root.get(name) or "") for name in ("width", "height")]
    size = [round(float(side[1])) for side in sides if side]
    if len(size) < 2:
        box = re.split(r"[\s,]+", (root.get("viewBox") or "").strip())[2:4]
        size = [round(float(match[1])) for one in box if (match := _LENGTH.fullmatch(one))]
    title = text_of(child(root, "title"), 1_000)
    metadata = _metadata((size[0], size[1])) if len(size) == 2 else {}
    return Found("image", title=title or None, metadata=metadata, sources={"title": "svg title"})
