"""One picture's transfer: every way of sending lines, every kind of damage, and the frame."""

import contextlib
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.drivers.errors import BadPacketError
from greenline.drivers.simulation.uru4500_transfer import USUAL_BLOCKS, delivered, encode_picture
from greenline.drivers.uru4500_picture import (
    HEADER_BYTES,
    HEIGHT,
    WIDTH,
    Block,
    Header,
    Optics,
    Pixels,
    frame_size,
    resampled,
    to_frame,
    unscramble,
)
from greenline.prints.frame import Frame

KEYS = [0x544409D6, 0xC0FFEE11, 0x9E3779B9, 0x12345678]
PLAIN = (Block(0x00, 145), Block(0x00, 145 - 1), Block(0x01, 1))


def key_of(number: int) -> int:
    return KEYS[number % len(KEYS)]


def no_key(number: int) -> int:
    raise AssertionError(f"key {number} was asked for")


@pytest.fixture(scope="module")
def raw() -> Pixels:
    """What a sensor sees: light ridges on a dark ground, different in every line."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    waves = 100 + 90 * np.sin(np.hypot(rows - 40, columns - 60) / 1.4)
    return (waves + np.random.default_rng(3).integers(0, 60, waves.shape)).astype(np.uint8)


def test_the_usual_blocks_bring_the_picture_but_for_what_is_never_sent(raw: Pixels) -> None:
    got = unscramble(encode_picture(raw, USUAL_BLOCKS, 0, key_of), key_of)
    wanted = raw.copy()
    wanted[122] = raw[123]  # the line that was left out repeats the next one
    for last_line in (71, 121, 172, 289):
        wanted[last_line, -1] = 0
    np.testing.assert_array_equal(got, wanted)


def test_the_header_of_a_recorded_picture_is_read() -> None:
    start = bytes.fromhex(
        "1040800121010000c47a10c0005700c70248000102310101000102310001027400001040"
        "80015a000000c47a300000003826054d0206057b0000050218401031"
    )
    header = Header.parse(start + bytes(289 * WIDTH))
    assert (header.lines, header.key_number) == (289, 0)
    # The last line that is left out stands behind line 289 of those that were sent.
    assert [(block.flags, block.lines) for block in header.blocks] == [
        (2, 72), (0, 1), (2, 49), (1, 1), (0, 1), (2, 49), (0, 1), (2, 116),
    ]  # fmt: skip


def test_a_picture_that_is_not_scrambled_needs_no_key(raw: Pixels) -> None:
    got = unscramble(encode_picture(raw, PLAIN, 0, key_of), no_key)
    np.testing.assert_array_equal(got[:289], raw[:289])
    assert not got[289:].any()  # nothing comes behind, so there is nothing to repeat


def test_a_picture_that_only_says_to_be_scrambled_is_left_alone(raw: Pixels) -> None:
    transfer = bytearray(encode_picture(raw, PLAIN, 0, key_of))
    transfer[16] = transfer[18] = 0x02
    np.testing.assert_array_equal(unscramble(bytes(transfer), no_key)[:289], raw[:289])


def test_a_picture_under_another_key_than_the_reader_gave_is_refused(raw: Pixels) -> None:
    transfer = encode_picture(raw, USUAL_BLOCKS, 0, key_of)
    with pytest.raises(BadPacketError, match="not sent under the key"):
        unscramble(transfer, lambda number: key_of(number) ^ 1)


@pytest.mark.parametrize(("at", "value"), [(16, 0x00), (22, 0x00), (26, 0x00), (21, 216)])
def test_blocks_that_say_something_wrong_leave_noise_and_are_refused(
    raw: Pixels, at: int, value: int
) -> None:
    transfer = bytearray(encode_picture(raw, USUAL_BLOCKS, 0, key_of))
    transfer[at] = value
    with pytest.raises(BadPacketError):
        unscramble(bytes(transfer), key_of)


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("block", range(len(USUAL_BLOCKS)))
def test_a_wrong_bit_in_the_flags_of_a_block_never_gives_a_wrong_picture(
    raw: Pixels, block: int, bit: int
) -> None:
    transfer = bytearray(encode_picture(raw, USUAL_BLOCKS, 5, key_of))
    transfer[16 + 2 * block] ^= 1 << bit
    with contextlib.suppress(BadPacketError):  # some bits mean nothing
        got = unscramble(bytes(transfer), key_of)
        np.testing.assert_array_equal(got, delivered(raw, USUAL_BLOCKS))


@pytest.mark.parametrize("block", range(len(USUAL_BLOCKS)))
def test_a_wrong_number_of_lines_in_a_block_is_refused(raw: Pixels, block: int) -> None:
    # Among them 49 as 165 and as 166: with these the last block is not missed.
    whole = encode_picture(raw, USUAL_BLOCKS, 5, key_of)
    place = 16 + 2 * block + 1
    for lines in set(range(256)) - {whole[place]}:
        with pytest.raises(BadPacketError):
            unscramble(whole[:place] + bytes([lines]) + whole[place + 1 :], key_of)


@pytest.mark.parametrize("at", [18, 24, 28])
def test_one_line_that_was_not_sent_as_the_header_says_is_enough_to_refuse_a_picture(
    raw: Pixels, at: int
) -> None:
    transfer = bytearray(encode_picture(raw, USUAL_BLOCKS, 5, key_of))
    assert (transfer[at], transfer[at + 1]) == (0x00, 1)
    transfer[at] = 0x02
    with pytest.raises(BadPacketError, match="not in the way that its header says"):
        unscramble(bytes(transfer), key_of)


@pytest.mark.parametrize(
    ("blocks", "complete"),
    [
        (USUAL_BLOCKS, True),
        (PLAIN, True),  # the line that is left out stands at the end
        ((Block(0x02, 200), Block(0x02, 89)), False),
        ((Block(0x02, 200), Block(0x02, 89), Block(0x01, 2)), False),
        ((Block(0x02, 200), Block(0x01, 1), Block(0x02, 87)), False),
    ],
)
def test_a_header_says_whether_its_blocks_make_up_the_picture(
    raw: Pixels, blocks: Sequence[Block], complete: bool
) -> None:
    assert Header.parse(encode_picture(raw, blocks, 0, key_of)).complete is complete


def test_the_finest_ridges_in_pure_black_and_white_are_no_noise() -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    raw = np.where(np.sin((columns + rows / 3) * 2 * np.pi / 7) > 0, 255, 0).astype(np.uint8)
    got = unscramble(encode_picture(raw, USUAL_BLOCKS, 0, key_of), key_of)
    np.testing.assert_array_equal(got, delivered(raw, USUAL_BLOCKS))


def test_the_number_of_the_next_key_begins_again_after_the_last(raw: Pixels) -> None:
    blocks = (Block(0x02, 5), Block(0x82, 5), Block(0x00, 255), Block(0x00, 24), Block(0x01, 1))
    transfer = encode_picture(raw, blocks, 255, key_of)
    asked: list[int] = []

    def fetch(number: int) -> int:
        asked.append(number)
        return key_of(number)

    unscramble(transfer, fetch)
    assert asked == [255, 0]


@st.composite
def block_lists(draw: st.DrawFn) -> Sequence[Block]:
    """Lists of blocks that make 290 lines, of which the last one is never sent."""
    blocks, left = [], HEIGHT - 1
    for place in range(14):
        # What a block of lines not sent repeats must stand behind it, so they are short.
        sent = draw(st.booleans()) or left < 40
        if sent:
            lines = left if place == 13 or left < 20 else draw(st.integers(1, min(255, left)))
            flags = draw(st.sampled_from([0x00, 0x02, 0x04, 0x06, 0x80, 0x82]))
        else:
            lines, flags = 1, 0x01
        lines = min(lines, 255)
        blocks.append(Block(flags, lines))
        left -= lines
        if not left:
            break
    if left:
        blocks = [Block(0x02, 255), Block(0x00, HEIGHT - 1 - 255)]
    return [*blocks, Block(0x01, 1)]


@settings(max_examples=30, deadline=None)
@given(block_lists(), st.integers(0, 3))
def test_every_way_of_sending_lines_is_undone(
    raw: Pixels, blocks: Sequence[Block], key_number: int
) -> None:
    got = unscramble(encode_picture(raw, blocks, key_number, key_of), key_of)
    np.testing.assert_array_equal(got, delivered(raw, blocks))


@pytest.mark.parametrize("count", [0, 1, 63, 64, 5000, HEADER_BYTES + 289 * WIDTH - 1])
def test_a_transfer_that_ended_early_is_refused(raw: Pixels, count: int) -> None:
    transfer = encode_picture(raw, USUAL_BLOCKS, 0, key_of)
    with pytest.raises(BadPacketError, match=f"^{count} bytes"):
        unscramble(transfer[:count], key_of)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (4, 0x22),
        (4, 0x20),
        (4, 0),
        (4, 72),
        (5, 2),
        (16, 0x01),
        (17, 0),
        (17, 255),
        (22, 0x02),
        (31, 117),
    ],
)
def test_a_header_that_contradicts_itself_is_refused(raw: Pixels, at: int, value: int) -> None:
    transfer = bytearray(encode_picture(raw, USUAL_BLOCKS, 0, key_of))
    transfer[at] = value
    if at == 4 and value in (0, 72):
        transfer[5] = 0  # no lines at all, or those of the first block
    with pytest.raises(BadPacketError):
        unscramble(bytes(transfer), key_of)


@settings(deadline=None)
@given(st.binary(max_size=HEADER_BYTES + 4 * WIDTH))
def test_rubbish_is_refused_or_a_picture_but_nothing_else(rubbish: bytes) -> None:
    with contextlib.suppress(BadPacketError):
        assert unscramble(rubbish, key_of).shape == (HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("optics", "view"),
    [
        (Optics(turned=False, inverted=False, dpi=512), lambda raw: raw),
        (Optics(turned=False, inverted=True, dpi=512), lambda raw: 255 - raw),
        (Optics(turned=True, inverted=False, dpi=512), lambda raw: np.rot90(raw, 2)),
        (Optics(turned=True, inverted=True, dpi=508), lambda raw: 255 - np.rot90(raw, 2)),
    ],
)
def test_the_frame_is_upright_with_dark_ridges(
    raw: Pixels, optics: Optics, view: Callable[[Pixels], Pixels]
) -> None:
    frame = to_frame(raw, optics)
    np.testing.assert_array_equal(frame.pixels, view(raw))
    assert (frame.dpi, frame.grey_levels) == (optics.dpi, 256)


def test_a_picture_at_512_dpi_becomes_375_by_283_pixels_at_500() -> None:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    # One wave in 0.1 inch across, one in 0.2 inch down: known again at any resolution.
    grey = 127.5 + 60 * np.sin(columns / 51.2 * 2 * np.pi) + 60 * np.sin(rows / 102.4 * 2 * np.pi)
    frame = resampled(Frame(grey.round().astype(np.uint8), 512.0))
    assert (frame.width, frame.height, frame.dpi) == (375, 283, 500.0)
    assert frame_size(Optics(turned=True, inverted=True, dpi=512)) == (375, 283)
    down, across = (np.mgrid[:283, :375] + 0.5) * 512 / 500 - 0.5
    wanted = 127.5 + 60 * np.sin(across / 51.2 * 2 * np.pi) + 60 * np.sin(down / 102.4 * 2 * np.pi)
    assert np.abs(frame.pixels - wanted)[2:-2, 2:-2].max() < 1.5


def test_a_picture_at_500_dpi_is_left_alone(raw: Pixels) -> None:
    frame = Frame(raw, 500.0)
    assert resampled(frame) is frame
