"""The language between kiosk and uplink: whole messages from bytes cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware import pipe
from greenline.firmware.errors import PipeError

MESSAGES: list[pipe.Message] = [
    pipe.Hello(1),
    pipe.LinkUp(16),
    pipe.LinkDown("no broker"),
    pipe.Offer(b"r" * 16, 60, b"envelope" * 100),
    pipe.Published(b"r" * 16, "Not authorized"),
    pipe.Arrived(7, b"envelope"),
    pipe.Committed(7),
]


def test_messages_come_back_in_order() -> None:
    data = b"".join(pipe.encode(message) for message in MESSAGES)

    assert list(pipe.Decoder().feed(data)) == MESSAGES


@given(st.lists(st.integers(1, 200), max_size=20))
def test_bytes_may_be_cut_anywhere(lengths: list[int]) -> None:
    data = b"".join(pipe.encode(message) for message in MESSAGES)
    decoder = pipe.Decoder()
    found: list[pipe.Message] = []
    for length in [*lengths, len(data)]:
        found += decoder.feed(data[:length])
        data = data[length:]

    assert found == MESSAGES


def test_a_huge_frame_is_refused_before_it_is_gathered() -> None:
    with pytest.raises(PipeError, match="too large"):
        list(pipe.Decoder().feed(b"\xff\xff\xff\xff"))


@given(st.binary(max_size=60))
def test_noise_in_a_frame_is_refused(noise: bytes) -> None:
    with pytest.raises(PipeError):
        list(pipe.Decoder().feed(len(noise).to_bytes(4) + noise))


def test_a_request_id_of_another_length_is_refused() -> None:
    with pytest.raises(PipeError):
        list(pipe.Decoder().feed(pipe.encode(pipe.Published(b"short"))))


def test_a_text_that_is_none_is_refused() -> None:
    frame = pipe.encode(pipe.LinkDown("no broker")).replace(b"no broker", b"\xff\xfe broker")

    with pytest.raises(PipeError, match="not a message"):
        list(pipe.Decoder().feed(frame))
