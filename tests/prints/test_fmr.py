import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.prints import fmr
from greenline.prints.errors import RecordError
from greenline.prints.fmr import Record, View
from greenline.prints.template import Kind, Template
from greenline.prints.view_head import ImpressionType

# Written by hand from the layout of ISO/IEC 19794-2:2005, with one unknown extended area.
KNOWN = bytes.fromhex(
    "464d5200 20323000 0000002e 8123 0140 01e0 00c5 00c5 01 00"  # header: 46 bytes, 320x480
    "02 00 37 02"  # right index, view 0, live plain, quality 55, two minutiae
    "4064 00c8 40 50"  # ending at 100, 200, a quarter turn, quality 80
    "8007 01df ff 00"  # bifurcation at 7, 479, one step short of a whole turn, not reported
    "0004 ff01 0004"  # four bytes of extended data: one empty vendor area
)
HEADER, VIEW, FIRST, SECOND, EXTENDED = 0, 24, 28, 34, 40


def template(
    rows: list[tuple[float, float, float, int, int]], size: tuple[int, int] = (320, 480)
) -> Template:
    x, y, direction, kind, quality = np.array(rows, np.float64).reshape(-1, 5).T
    return Template(
        *size, 500.0, x.astype(np.float32), y.astype(np.float32), direction.astype(np.float32),
        kind.astype(np.uint8), quality.astype(np.uint8),
    )  # fmt: skip


def known_template() -> Template:
    return template([(100, 200, np.pi / 2, 1, 80), (7, 479, 255 * np.pi / 128, 2, 0)])


def columns(found: Template) -> list[list[float]]:
    return [
        column.tolist() for column in (found.x, found.y, found.direction, found.kind, found.quality)
    ]


def with_bytes(offset: int, new: str) -> bytes:
    changed = bytes.fromhex(new)
    return KNOWN[:offset] + changed + KNOWN[offset + len(changed) :]


def test_a_known_record_is_read_field_by_field() -> None:
    record = fmr.decode(KNOWN)
    (view,) = record.views
    assert (record.width, record.height, record.pixels_per_cm) == (320, 480, 197)
    assert record.capture_equipment == 0x8123
    assert (view.finger_position, view.view_number, view.quality) == (2, 0, 55)
    assert view.impression_type is ImpressionType.LIVE_PLAIN
    assert view.extended == bytes.fromhex("ff010004")
    assert columns(view.template) == columns(known_template())
    assert (view.template.width, view.template.height, view.template.dpi) == (320, 480, 500.0)
    assert view.template.kind.tolist() == [Kind.ENDING, Kind.BIFURCATION]


def test_a_record_is_written_byte_for_byte() -> None:
    extended = bytes.fromhex("ff010004")
    view = View(2, 0, ImpressionType.LIVE_PLAIN, 55, known_template(), extended)
    assert fmr.encode(Record((view,), 320, 480, 197, 0x8123)) == KNOWN


def test_one_impression_without_extended_data_takes_thirty_bytes_and_six_a_minutia() -> None:
    data = fmr.from_template(known_template(), finger_position=7, quality=60)
    (view,) = fmr.decode(data).views
    assert len(data) == 30 + 6 * 2
    assert (view.finger_position, view.quality, view.extended) == (7, 60, b"")
    assert columns(view.template) == columns(known_template())


def test_positions_go_to_the_nearest_pixel_and_never_leave_the_picture() -> None:
    given_rows = template([(10.4, 10.6, 0, 0, 1), (319.9, 479.9, 0, 0, 1)])
    found = fmr.decode(fmr.from_template(given_rows)).views[0].template
    assert list(zip(found.x, found.y, strict=True)) == [(10, 11), (319, 479)]


def test_a_direction_just_below_a_whole_turn_becomes_zero() -> None:
    found = fmr.decode(fmr.from_template(template([(5, 5, 6.28, 0, 1)]))).views[0].template
    assert found.direction.tolist() == [0.0]


@pytest.mark.parametrize(
    ("dpi", "resolution", "returned"),
    [(500, 197, 500), (1000, 394, 1000), (569, 224, 568.96), (508, 200, 508)],
)
def test_resolution_goes_to_whole_pixels_per_cm(
    dpi: float, resolution: int, returned: float
) -> None:
    record = fmr.decode(fmr.from_template(replace(known_template(), dpi=dpi)))
    assert record.pixels_per_cm == resolution
    assert record.views[0].template.dpi == pytest.approx(returned)


def test_several_views_keep_their_order_and_content() -> None:
    plain = ImpressionType.LIVE_PLAIN
    views = (
        View(2, 0, plain, 10, known_template()),
        View(7, 0, ImpressionType.SWIPE, 20, template([])),
        View(2, 1, plain, 30, template([(1, 2, 0, 1, 100)]), b"\0\2\0\5x"),
    )
    data = fmr.encode(Record(views, 320, 480, 197))
    found = fmr.decode(data)
    assert [(v.finger_position, v.view_number, v.quality) for v in found.views] == [
        (2, 0, 10),
        (7, 0, 20),
        (2, 1, 30),
    ]
    assert [columns(v.template) for v in found.views] == [columns(v.template) for v in views]
    assert [v.extended for v in found.views] == [b"", b"", b"\0\2\0\5x"]
    assert fmr.encode(found) == data


def test_more_minutiae_than_a_record_holds_are_cut_to_the_best() -> None:
    many = template([(i % 300, i % 400, 0, 1, i % 101) for i in range(300)])
    found = fmr.decode(fmr.from_template(many)).views[0].template
    assert columns(found) == columns(many.best(255))


def test_every_cut_of_a_record_is_refused() -> None:
    for end in range(len(KNOWN)):
        with pytest.raises(RecordError):
            fmr.decode(KNOWN[:end])


def test_every_cut_is_refused_even_when_the_length_field_agrees_with_it() -> None:
    for end in range(24, len(KNOWN)):
        cut = with_bytes(8, f"{end:08x}")[:end]
        with pytest.raises(RecordError, match="it ends within a view's"):
            fmr.decode(cut)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (with_bytes(0, "464952"), "byte 0: it does not begin with FMR"),
        (with_bytes(4, "30333000"), "byte 4: edition b'030"),
        (with_bytes(8, "0000002d"), "byte 8: it says it is 45 bytes long but is 46"),
        (with_bytes(8, "002e"), "byte 8: it is an ANSI INCITS 378 record"),
        (with_bytes(8, "00000000002e"), "byte 8: it is an ANSI INCITS 378 record"),
        (with_bytes(14, "0000"), "byte 14: a picture of 0x480 pixels has no area"),
        (with_bytes(16, "0000"), "byte 14: a picture of 320x0 pixels has no area"),
        (with_bytes(18, "0000"), "byte 18: 0 and 197 pixels per cm"),
        (with_bytes(20, "0000"), "byte 18: 197 and 0 pixels per cm"),
        (with_bytes(20, "00c6"), "byte 18: 197 and 198 pixels per cm"),
        (with_bytes(22, "00"), "byte 22: 0 views"),
        (with_bytes(22, "21"), "byte 22: 33 views"),
        (with_bytes(23, "01"), "byte 23: a reserved byte"),
        (with_bytes(VIEW, "0b"), "byte 24: finger position 11"),
        (with_bytes(VIEW + 1, "10"), "byte 25: view number 1 stands where 0 belongs"),
        (with_bytes(VIEW + 1, "04"), "byte 25: impression type 4 is not defined"),
        (with_bytes(VIEW + 2, "65"), "byte 26: a finger quality of 101"),
        (with_bytes(FIRST, "c064"), "byte 28: minutia 1: type 3"),
        (with_bytes(FIRST + 2, "40c8"), "byte 28: minutia 1: reserved bits"),
        (with_bytes(SECOND, "8140"), "byte 34: minutia 2: it lies outside the picture"),
        (with_bytes(SECOND + 2, "01e0"), "byte 34: minutia 2: it lies outside the picture"),
        (with_bytes(FIRST + 5, "65"), "byte 28: minutia 1: its quality is above 100"),
        (with_bytes(EXTENDED, "0005"), "byte 46: it ends within a view's extended data"),
        (with_bytes(EXTENDED, "0003"), "byte 42: an extended area's length"),
        (with_bytes(EXTENDED + 4, "0003"), "byte 42: an extended area's length"),
        (with_bytes(EXTENDED + 4, "0005"), "byte 42: an extended area's length"),
        (with_bytes(EXTENDED, "0000"), "byte 42: 4 bytes follow the last view"),
    ],
)
def test_a_broken_rule_is_named_with_its_byte(data: bytes, message: str) -> None:
    with pytest.raises(RecordError) as caught:
        fmr.decode(data)
    assert message in str(caught.value)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_with_the_one_error(data: bytes) -> None:
    with pytest.raises(RecordError):
        fmr.decode(data)


@given(st.binary(max_size=120), st.integers(1, 33))
def test_arbitrary_views_are_read_back_the_same_or_refused(body: bytes, views: int) -> None:
    header = struct.pack(
        ">4s4sIHHHHHBB", b"FMR\0", b" 20\0", 24 + len(body), 0, 16384, 16384, 197, 197, views, 0
    )
    try:
        record = fmr.decode(header + body)
    except RecordError:
        return
    assert fmr.encode(record) == header + body


@given(st.integers(0, 45), st.integers(0, 255))
def test_a_record_with_one_changed_byte_is_read_as_it_stands_or_refused(
    offset: int, value: int
) -> None:
    changed = with_bytes(offset, f"{value:02x}")
    try:
        record = fmr.decode(changed)
    except RecordError:
        return
    assert fmr.encode(record) == changed


def damaged(column: str, value: float) -> Template:
    whole = known_template()
    values = getattr(whole, column).copy()
    values[0] = value
    return replace(whole, **{column: values})


@pytest.mark.parametrize(
    "bad",
    [
        damaged("x", -1),
        damaged("x", 320),
        damaged("y", 480),
        damaged("x", np.nan),
        damaged("direction", np.inf),
        damaged("kind", 3),
        damaged("quality", 101),
        replace(known_template(), dpi=1.0),
        replace(known_template(), width=70000),
        replace(template([(20000, 1, 0, 1, 1)], (30000, 480))),
    ],
)
def test_a_template_that_no_reader_would_accept_is_not_written(bad: Template) -> None:
    with pytest.raises(RecordError):
        fmr.from_template(bad)


def view(finger: int = 1, number: int = 0, quality: int = 0, extended: bytes = b"") -> View:
    return View(finger, number, ImpressionType.LIVE_PLAIN, quality, known_template(), extended)


@pytest.mark.parametrize(
    "bad",
    [
        Record((), 320, 480, 197),
        Record((view(11),), 320, 480, 197),
        Record((view(number=1),), 320, 480, 197),
        Record((view(), view()), 320, 480, 197),
        Record((view(quality=101),), 320, 480, 197),
        Record((view(extended=b"\0\1\0\5"),), 320, 480, 197),
        Record((view(),), 321, 480, 197),
        Record((view(),), 320, 480, 394),
        Record((view(),), 320, 480, 197, 0x10000),
    ],
)
def test_a_record_that_contradicts_itself_is_not_written(bad: Record) -> None:
    with pytest.raises(RecordError):
        fmr.encode(bad)


def test_a_commercial_extractors_records_come_back_byte_for_byte(shared_data: Path) -> None:
    files = sorted((shared_data / "iso19794").glob("*.iso"))
    assert len(files) == 20
    for file in files:
        data = file.read_bytes()
        assert fmr.encode(fmr.decode(data)) == data
