"""ANSI INCITS 378-2004: bytes written by hand from the standard's table, and every way to spoil it.

"FMR", 0 | " 20", 0 | length 2 (or 0, and then 4) | product owner 2, type 2 | equipment 2
width 2 | height 2 | pixels per cm 2, 2 | views 1 | reserved 1
view: finger 1 | view number and impression type 1 | quality 1 | minutiae 1
minutia: type (2 bits) and x 2 | y 2 | direction in 2 degrees 1 | quality 1
extended data: length 2, then areas
"""

import math
import struct

import numpy as np
import pytest

from greenline.prints import ansi378, fmr
from greenline.prints.errors import RecordError
from greenline.prints.view_head import ImpressionType

HEADER = bytes.fromhex(
    "001b 8001"  # product: owner, type
    "0000"  # capture equipment
    "0100 0120"  # 256 x 288
    "00c5 00c5"  # 197 per cm: 500 dpi
    "01 00"
)
VIEW = bytes.fromhex(
    "07 00 50 03"  # left index, view 0, live plain, quality 80, three minutiae
    "4064 00c8 00 5f"  # ending at 100, 200, 0 degrees, quality 95
    "8001 0002 2d 00"  # bifurcation at 1, 2, 90 degrees, quality not told
    "00ff 011f b3 64"  # other at 255, 287, 358 degrees, quality 100
    "0000"
)


def whole(*views: bytes, header: bytes = HEADER, long: bool = False) -> bytes:
    header = header[:-2] + bytes([len(views)]) + header[-1:]
    body = header + b"".join(views)
    size = 8 + (6 if long else 2) + len(body)
    length = struct.pack(">HI", 0, size) if long else struct.pack(">H", size)
    return b"FMR\0 20\0" + length + body


GOOD = whole(VIEW)


def with_byte(offset: int, *values: int) -> bytes:
    return GOOD[:offset] + bytes(values) + GOOD[offset + len(values) :]


@pytest.mark.parametrize("long", [False, True])
def test_a_record_is_read_as_the_standard_has_it(long: bool) -> None:
    data = whole(VIEW, long=long)
    assert len(data) == (30 if long else 26) + 4 + 18 + 2

    record = ansi378.decode(data)

    (view,) = record.views
    assert (record.width, record.height, record.pixels_per_cm) == (256, 288, 197)
    assert (view.finger_position, view.view_number, view.quality) == (7, 0, 80)
    assert view.impression_type is ImpressionType.LIVE_PLAIN
    template = view.template
    assert (template.width, template.height, template.dpi) == (256, 288, 500.0)
    assert template.x.tolist() == [100, 1, 255]
    assert template.y.tolist() == [200, 2, 287]
    assert template.kind.tolist() == [1, 2, 0]
    assert template.quality.tolist() == [95, 0, 100]
    np.testing.assert_allclose(template.direction, [0, math.pi / 2, math.radians(358)], rtol=1e-6)


def test_several_views_and_their_extended_data_are_read() -> None:
    extended = VIEW[:-2] + bytes.fromhex("0008 0001 0008 00010203")
    other = bytes([2, 0x12, 20]) + VIEW[3:]

    record = ansi378.decode(whole(extended, other))

    found = [(view.finger_position, view.view_number, view.quality) for view in record.views]
    assert found == [(7, 0, 80), (2, 1, 20)]
    assert [view.impression_type for view in record.views] == [0, 2]
    assert [view.extended for view in record.views] == [b"", b""]


def test_only_the_length_tells_the_two_standards_apart() -> None:
    template = ansi378.decode(GOOD).views[0].template
    iso = fmr.from_template(template)

    assert ansi378.is_ansi378(GOOD)
    assert ansi378.is_ansi378(whole(VIEW, long=True))
    assert not ansi378.is_ansi378(iso)
    assert not any(ansi378.is_ansi378(GOOD[:end]) for end in range(len(GOOD)))
    with pytest.raises(RecordError, match="it is an ANSI INCITS 378 record"):
        fmr.decode(GOOD)


def test_a_view_may_be_written_as_iso_with_directions_to_the_nearest_step() -> None:
    template = ansi378.decode(GOOD).views[0].template

    back = fmr.decode(fmr.from_template(template)).views[0].template

    assert back.x.tolist() == template.x.tolist()
    off = np.angle(np.exp(1j * (back.direction - template.direction)))
    assert np.abs(off).max() <= math.radians(360 / 256 / 2) + 1e-6


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "byte 0: it does not begin with FMR"),
        (b"JUNK" + GOOD[4:], "byte 0: it does not begin with FMR"),
        (with_byte(4, *b"030\0"), "byte 4: edition b'030"),
        (GOOD + b"\0", "byte 8: it says it is 50 bytes long but is 51"),
        (with_byte(16, 0, 0), "byte 16: a picture of 0x288 pixels has no area"),
        (with_byte(20, 0, 0), "byte 20: 0 and 197 pixels per cm"),
        (with_byte(20, 1, 0), "byte 20: 256 and 197 pixels per cm"),
        (with_byte(24, 0), "byte 24: 0 views"),
        (with_byte(24, 33), "byte 24: 33 views"),
        (with_byte(24, 2), "byte 50: it ends within a view's header"),
        (with_byte(25, 1), "byte 25: a reserved byte is not 0"),
        (with_byte(26, 11), "byte 26: finger position 11"),
        (with_byte(27, 5), "byte 27: impression type 5 is not defined"),
        (with_byte(28, 101), "byte 28: a finger quality of 101"),
        (with_byte(29, 4), "byte 50: it ends within a view's minutiae"),
        (with_byte(29, 2), "byte 50: it ends within a view's extended data"),
        (with_byte(30, 0xC0), "byte 30: minutia 1: type 3 is not defined"),
        (with_byte(32, 0x40), "byte 30: minutia 1: reserved bits are not 0"),
        (with_byte(42, 1, 0), "byte 42: minutia 3: it lies outside the picture"),
        (with_byte(44, 1, 0x20), "byte 42: minutia 3: it lies outside the picture"),
        (with_byte(46, 180), "byte 42: minutia 3: its direction is not one of 180 steps"),
        (with_byte(47, 254), "byte 42: minutia 3: its quality is above 100"),
        (with_byte(48, 0, 1), "byte 50: it ends within a view's extended data"),
        (whole(VIEW + b"\0\0"), "byte 50: 2 bytes follow the last view"),
    ],
)
def test_a_broken_rule_is_told_with_its_byte(data: bytes, words: str) -> None:
    with pytest.raises(RecordError) as told:
        ansi378.decode(data)
    assert words in str(told.value)


def test_every_cut_of_a_record_is_refused() -> None:
    data = whole(VIEW, VIEW[:1] + b"\x10" + VIEW[2:], long=True)
    for end in range(len(data)):
        with pytest.raises(RecordError):
            ansi378.decode(data[:end])


def test_a_record_of_255_minutiae_and_one_of_none_are_read() -> None:
    many = bytes([1, 0, 50, 255]) + VIEW[4:10] * 255 + b"\0\0"
    none = bytes([1, 0, 50, 0]) + b"\0\0"

    assert len(ansi378.decode(whole(many)).views[0].template) == 255
    assert len(ansi378.decode(whole(none)).views[0].template) == 0
