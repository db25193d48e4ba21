"""A chunk as it travels: what is inside is only believed by its hash, within its bounds."""

import contextlib
import hashlib
import random
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from greenline.ota.chunks import MOST_WINDOW_BYTES, chunk_path, compress, expand, is_chunk
from greenline.ota.errors import RefusedError
from greenline.ota.index import Chunk
from greenline.ota.reasons import Reason

CONTENT = random.Random(1).randbytes(500) + bytes(40_000)


def named(content: bytes, frame: bytes) -> Chunk:
    return Chunk(hashlib.sha256(content).hexdigest(), len(content), len(frame))


def refusal(frame: bytes, chunk: Chunk) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        expand(frame, chunk)
    assert refused.value.code is Reason.BROKEN_CHUNK
    return refused.value


@given(st.binary(min_size=1, max_size=3000))
def test_what_goes_in_comes_out(content: bytes) -> None:
    frame = compress(content)

    assert expand(frame, named(content, frame)) == content


def test_the_same_content_has_the_same_frame_and_place() -> None:
    assert compress(CONTENT) == compress(CONTENT)
    assert chunk_path("ab" + "0" * 62) == f"chunks/ab/ab{'0' * 62}.zst"


def test_a_frame_declares_its_content_size_and_a_small_window() -> None:
    head = zstandard.get_frame_parameters(compress(CONTENT))

    assert head.content_size == len(CONTENT)
    assert head.window_size <= MOST_WINDOW_BYTES


def test_no_flipped_byte_of_a_frame_brings_out_other_content() -> None:
    frame = compress(CONTENT)
    chunk = named(CONTENT, frame)
    for at in range(len(frame)):
        damaged = frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]
        # Some bits mean nothing to the format: what comes out is the chunk all the same.
        with contextlib.suppress(RefusedError):
            assert expand(damaged, chunk) == CONTENT


def test_every_cut_is_noticed() -> None:
    frame = compress(CONTENT)
    chunk = named(CONTENT, frame)
    for length in range(len(frame)):
        refusal(frame[:length], chunk)
        refusal(frame[:length], named(CONTENT, frame[:length]))


def test_another_chunk_in_its_place_is_refused() -> None:
    frame = compress(CONTENT[::-1])

    assert "SHA-256" in str(refusal(frame, named(CONTENT, frame)))


@pytest.mark.parametrize("more", [b"x", compress(b"more"), zstandard.compress(b"")])
def test_what_follows_the_frame_is_refused(more: bytes) -> None:
    frame = compress(CONTENT) + more

    refusal(frame, named(CONTENT, frame))


def test_a_frame_without_content_size_is_refused() -> None:
    frame = zstandard.ZstdCompressor(write_content_size=False).compress(CONTENT)

    refusal(frame, named(CONTENT, frame))


def test_a_frame_that_grows_far_beyond_its_chunk_takes_no_memory() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(512 << 20))
    chunk = named(CONTENT, bomb)
    tracemalloc.start()
    try:
        refusal(bomb, chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


def test_a_frame_that_lies_about_its_size_is_refused() -> None:
    frame = bytearray(compress(bytes(1000)))
    head = zstandard.get_frame_parameters(bytes(frame))
    assert head.content_size == 1000
    # Single segment: descriptor, then the content size less 256 in two bytes (RFC 8878, 3.1.1.1).
    assert frame[4] >> 5 == 0b011
    frame[5:7] = (900 - 256).to_bytes(2, "little")

    refusal(bytes(frame), named(bytes(900), bytes(frame)))


def test_a_frame_that_asks_for_a_large_window_is_refused() -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=25, enable_ldm=True)
    content = random.Random(2).randbytes(1000)
    writer = zstandard.ZstdCompressor(compression_params=wide).compressobj(size=len(content))
    frame = bytearray(writer.compress(content) + writer.flush())
    # Without "single segment" a window descriptor follows: exponent 25 is 32 MB.
    frame[4] &= ~0x20
    frame[5:5] = bytes([(25 - 10) << 3])

    refusal(bytes(frame), named(content, bytes(frame)))


def test_a_slot_s_own_bytes_are_told_by_their_hash() -> None:
    chunk = named(CONTENT, b"x")

    assert is_chunk(memoryview(CONTENT), chunk)
    assert not is_chunk(CONTENT[:-1] + b"\1", chunk)
    assert not is_chunk(CONTENT[:-1], chunk)
