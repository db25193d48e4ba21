"""The keystream: known bytes, the plain way, and that the fast way is fast."""

import time
from collections.abc import Callable

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.drivers.simulation.uru4500_scrambler import (
    byte_of,
    keystream,
    next_register,
    scramble,
)
from greenline.drivers.uru4500_scrambling import Keystream, descramble

KEY = 0x544409D6
keys = st.integers(0, 0xFFFFFFFF)


def plain(key: int, count: int) -> bytes:
    """The keystream by a plain loop, remembering nothing."""
    stream = bytearray(count)
    for at in range(count):
        stream[at] = byte_of(key)
        key = next_register(key)
    return bytes(stream)


def test_the_keystream_of_a_recorded_picture_is_known() -> None:
    stream = Keystream(KEY)
    assert stream.take(1).tobytes().hex() == "17"
    assert stream.register == 0x2A2204EB
    assert stream.take(15).tobytes().hex() == "a04103d9a0402598605284b8608b14"
    assert stream.register == 0x6B265444


@settings(max_examples=50, deadline=None)
@given(keys, st.integers(0, 5000))
def test_the_fast_way_gives_what_the_plain_way_gives(key: int, count: int) -> None:
    assert Keystream(key).take(count).tobytes() == plain(key, count)


@settings(max_examples=50, deadline=None)
@given(keys, st.lists(st.integers(0, 1000), max_size=6))
def test_a_stream_taken_in_parts_is_the_whole_stream(key: int, parts: list[int]) -> None:
    stream = Keystream(key)
    taken = b"".join(stream.take(part).tobytes() for part in parts)
    assert taken == plain(key, sum(parts))


@settings(max_examples=50, deadline=None)
@given(keys, st.binary(min_size=1, max_size=2000))
def test_a_scrambled_block_comes_back_but_for_its_last_byte(key: int, clear: bytes) -> None:
    block = np.frombuffer(clear, np.uint8)
    sent = scramble(block, np.frombuffer(keystream(key, block.size), np.uint8))
    stream = Keystream(key)
    assert descramble(sent, stream).tobytes() == clear[:-1] + b"\0"
    assert plain(stream.register, 4) == plain(key, block.size + 4)[-4:]  # one step for each byte


def test_a_picture_is_descrambled_ten_times_as_fast_as_by_a_plain_loop() -> None:
    block = np.random.default_rng(1).integers(0, 256, 289 * 384, np.uint8)

    def slowly() -> bytes:
        stream = np.frombuffer(plain(KEY, block.size), np.uint8)
        return bytes((block[1:] ^ stream[:-1]).tobytes() + b"\0")

    def fast() -> bytes:
        return descramble(block, Keystream(KEY)).tobytes()

    assert fast() == slowly()
    ratio = least_seconds(slowly, 3) / least_seconds(fast, 10)
    print(f"{ratio:.1f} times as fast")
    assert ratio > 10


def least_seconds(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return min(taken)
