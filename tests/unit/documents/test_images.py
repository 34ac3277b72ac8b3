"""The size of images, by their first bytes."""

from __future__ import annotations

import random
import struct

import pytest

from scrapeq.models import Content, Recipe
from scrapeq.testing.documents import png_file
from scrapeq.work.child_stages import Source, read

SIZE = (300, 200)
HEAD = {
    "png": png_file(*SIZE),
    "gif": b"GIF89a" + struct.pack("<HH", *SIZE) + bytes(10),
    "bmp": b"BM" + bytes(16) + struct.pack("<ii", 300, -200) + bytes(100),
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + b"\xff\xff\xc0\0\x11\x08\0\xc8\x01\x2c" + bytes(20),
    "webp": b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x2b\x01\0\xc7\0\0" + bytes(9),
    "webp lossy": b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", *SIZE) + bytes(9),
    "webp lossless": b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 299 | 199 << 14) + bytes(9),
    "tiff": b"II*\0\x08\0\0\0\2\0" + struct.pack("<HHIIHHII", 256, 3, 1, 300, 257, 4, 1, 200),
    "tiff, the other way": b"MM\0*\0\0\0\x08\0\2" + struct.pack(">HHIHHHHII", 256, 3, 1, 300, 0, 257, 4, 1, 200),
    "avif": b"\0\0\0\x18ftypavif" + bytes(50) + b"\0\0\0\x14ispe\0\0\0\0" + struct.pack(">II", *SIZE),
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='300px' height='200'></svg>",
    "svg with a box": b"<svg viewBox='0,0 300 200'><title>drawn</title></svg>",
}  # fmt: skip


def content(body: bytes) -> Content:
    found = read(Source(body, "https://a.test/x", "image/x-any", Recipe()), None)
    assert isinstance(found, Content)
    return found


@pytest.mark.parametrize("name", HEAD)
def test_width_and_height_are_known(name: str) -> None:
    found = content(HEAD[name])

    assert found.document == "image"
    assert (found.metadata["width"], found.metadata["height"]) == SIZE


def test_an_icon_is_as_large_as_its_largest_picture() -> None:
    icon = b"\0\0\1\0\2\0" + bytes([16, 16]) + bytes(14) + bytes([0, 0]) + bytes(14)

    assert content(icon).metadata["width"] == 256


def test_a_drawing_has_a_title() -> None:
    assert content(HEAD["svg with a box"]).title == "drawn"


@pytest.mark.parametrize("name", HEAD)
@pytest.mark.parametrize("seed", range(20))
def test_any_bytes_behind_a_mark_are_an_image(name: str, seed: int) -> None:
    rest = random.Random(seed).randbytes(seed * 7)
    cut = HEAD[name][: 16 + seed]

    assert content(cut + rest).document in {"image", "xml", "other", "text"}


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xe0\0\0", b"\xff\xd0", b"\0"])
def test_a_jpeg_of_nothing_but_marks_has_no_size(filling: bytes) -> None:
    assert "width" not in content(b"\xff\xd8\xff" + filling * 1_000_000).metadata
