"""A kiosk's status: bounded, of one size, and without a word of any result."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.protocol.errors import MalformedError
from greenline.protocol.kiosk_status import (
    STATUS_BYTES,
    KioskStatus,
    decode_status,
    encode_status,
)

QUIET = KioskStatus("greenline 0.1.0", 0, clock_trusted=False, pending=0, oldest_ms=0, refused=0)
LONGEST = KioskStatus(
    "s" * 64, 2**62, clock_trusted=True, pending=2**31, oldest_ms=2**62, refused=2**31,
    faults=("E99",) * 16,
)  # fmt: skip


def test_a_status_comes_back_and_all_have_one_size() -> None:
    for status in (QUIET, LONGEST):
        data = encode_status(status)
        assert len(data) == STATUS_BYTES
        assert decode_status(data) == status


def test_it_tells_this_and_nothing_else() -> None:
    """Whoever adds a field has to say here why it reveals nothing of persons or results."""
    assert KioskStatus.__struct_fields__ == (
        "software", "running_ms", "clock_trusted", "pending", "oldest_ms", "refused", "faults",
        "version",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"pending": -1},
        {"pending": 2**31 + 1},
        {"faults": ["entry-1"]},
        {"faults": ["E21"] * 17},
        {"candidates": []},
        {"version": 2},
    ],
)
def test_what_is_out_of_bounds_is_refused(change: dict[str, object]) -> None:
    body = msgspec.msgpack.encode(msgspec.structs.asdict(QUIET) | change)
    data = (len(body).to_bytes(4) + body).ljust(STATUS_BYTES, b"\0")

    with pytest.raises(MalformedError):
        decode_status(data)


@given(st.binary(max_size=STATUS_BYTES + 10))
def test_noise_is_malformed(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_status(noise)


@given(st.binary(min_size=STATUS_BYTES - 4, max_size=STATUS_BYTES - 4))
def test_noise_of_the_right_size_is_malformed(noise: bytes) -> None:
    with pytest.raises(MalformedError):
        decode_status(b"\0\0\1\0" + noise)


def test_padding_that_carries_something_is_refused() -> None:
    with pytest.raises(MalformedError, match="padding"):
        decode_status(encode_status(QUIET)[:-1] + b"x")
