"""Content-Encodings undone in small steps, however they are cut and however much is in them."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from contextlib import suppress

import brotli  # type: ignore[import-untyped] # it ships no types
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapeq.fetch.decode import MAX_MEMBERS, STEP_BYTES, Decoder
from scrapeq.fetch.failed import Failed
from scrapeq.models import ErrorKind

CODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


BOMBS = {**CODERS, "br": lambda data: brotli.compress(data, quality=3)}


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


def decode(coding: str, pieces: list[bytes], limit_bytes: int = 10_000_000) -> bytes:
    decoder = Decoder(coding, limit_bytes)
    body = b"".join(piece for data in pieces for piece in decoder.feed(data))
    decoder.finish()
    return body


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("coding", CODERS)
@given(data=st.binary(max_size=3000), size=st.integers(1, 700), repeat=st.integers(1, 200))
@settings(max_examples=30, deadline=None)
def test_whatever_was_encoded_comes_back(coding, data, size, repeat):
    body = data * repeat

    assert decode(coding, in_pieces(CODERS[coding](body), size)) == body


@given(data=st.binary(max_size=3000), size=st.integers(1, 700))
@settings(max_examples=30, deadline=None)
def test_deflate_without_its_header_comes_back(data, size):
    assert decode("deflate", in_pieces(raw_deflate(data), size)) == data


@pytest.mark.parametrize("coding", CODERS)
@given(data=st.binary(min_size=1, max_size=500), flips=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_damage_is_found_or_harmless_but_never_an_exception_of_a_codec(coding, data, flips):
    damaged = bytearray(CODERS[coding](data))
    damaged[flips % len(damaged)] ^= 1 + flips % 255

    with suppress(Failed):  # anything else that is raised fails the test
        decode(coding, in_pieces(bytes(damaged), 7), limit_bytes=100_000)


@pytest.mark.parametrize("coding", CODERS)
def test_every_place_to_cut_is_noticed(coding):
    encoded = CODERS[coding](b"some words, " * 30)

    for length in range(1, len(encoded)):
        with pytest.raises(Failed) as caught:
            decode(coding, [encoded[:length]])
        assert caught.value.kind is ErrorKind.TRUNCATED


@pytest.mark.parametrize("coding", CODERS)
def test_a_bomb_costs_little_beyond_the_limit(coding):
    limit_bytes = 2_000_000
    bomb = BOMBS[coding](bytes(50_000_000))
    sizes: list[int] = []
    decoder = Decoder(coding, limit_bytes)

    tracemalloc.start()
    with pytest.raises(Failed) as caught:
        sizes.extend(len(one) for data in in_pieces(bomb, 262_144) for one in decoder.feed(data))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert caught.value.kind is ErrorKind.TOO_LARGE
    assert sum(sizes) <= limit_bytes
    assert max(sizes) <= 2 * STEP_BYTES
    assert peak_bytes < 4_000_000


def test_a_million_empty_members_are_refused():
    with pytest.raises(Failed) as caught:
        decode("gzip", [gzip.compress(b"") * (MAX_MEMBERS + 1)])

    assert caught.value.kind is ErrorKind.DECODE


def test_a_zstd_window_larger_than_the_web_allows_is_refused():
    large = zstd.compress(
        bytes(range(256)) * 60_000, options={zstd.CompressionParameter.window_log: 27}
    )

    with pytest.raises(Failed) as caught:
        decode("zstd", [large])

    assert caught.value.kind is ErrorKind.DECODE


@pytest.mark.parametrize("coding", ["", "identity", "identity, identity", " , "])
def test_identity_is_no_layer(coding):
    decoder = Decoder(coding, 10)

    assert decoder.is_identity
    assert list(decoder.feed(b"as it is")) == [b"as it is"]


@pytest.mark.parametrize("coding", [*CODERS, "gzip, br"])
def test_nothing_is_nothing_in_every_coding(coding):
    assert decode(coding, []) == b""


@pytest.mark.parametrize("coding", ["utf-8", "gzip, rot13", "gzip;q=1", "gzip " * 40])
def test_unknown_codings_are_refused_before_the_body(coding):
    with pytest.raises(Failed) as caught:
        Decoder(coding, 10)

    assert caught.value.kind is ErrorKind.DECODE


@pytest.mark.parametrize("tail", [b"\0" * 9, b"<!-- cached -->", b"\x1f"])
def test_what_trails_behind_gzip_is_ignored(tail):
    for size in (1, 5, 10_000):
        assert decode("gzip", in_pieces(gzip.compress(b"page") + tail, size)) == b"page"
