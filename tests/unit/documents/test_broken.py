"""Documents whose bytes were changed at random: each ends as a row."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from scrapeq.models import Content, ErrorKind, Failure, Recipe
from scrapeq.testing.documents import DOCUMENTS
from scrapeq.work.child_stages import Source, clean, read

RECIPE = Recipe(page_fields=("title", "language", "author", "published_at", "metadata", "markdown"))
#: For each document; a thousand were tried by hand.
TIMES = 25


def changed(body: bytes, chance: random.Random) -> bytes:
    """The same with some bytes replaced, cut out, or repeated."""
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(body) or 1)
        piece = body[place : place + chance.randint(1, 30)]
        new = chance.choice([b"", piece * 3, chance.randbytes(len(piece)), b"\0", b"<", b"9" * 20])
        body = body[:place] + new + body[place + len(piece) :]
    return body


def changed_documents(name: str, times: int) -> Iterator[tuple[int, bytes]]:
    body = DOCUMENTS[name][1]()
    for seed in range(times):
        yield seed, changed(body, random.Random(f"{name} {seed}"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_no_change_of_bytes_raises(name: str) -> None:
    for seed, body in changed_documents(name, TIMES):
        found = read(Source(body, f"https://a.test/{name}", DOCUMENTS[name][0], RECIPE), None)

        if isinstance(found, Failure):
            assert found.kind in {ErrorKind.PARSE, ErrorKind.EMPTY, ErrorKind.TOO_LARGE}, seed
        else:
            mended = clean(Source(body, "", "", RECIPE), found)
            assert isinstance(mended, Content), seed
            written = json.dumps(mended.to_json(), allow_nan=False, ensure_ascii=False)
            assert "\0" not in written.encode("utf-8").decode(), seed
