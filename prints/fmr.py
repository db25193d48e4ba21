"""ISO/IEC 19794-2:2005 finger minutiae records: bytes to templates and back.

The layout is that of the record format, not of the card formats: big-endian, a 24-byte
record header, then per view a 4-byte header, 6 bytes a minutia and a block of extended data.
A 2011 record ("030") or an ANSI INCITS 378 record is refused by name. Sans-IO, no log, no clock.
"""

import struct
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from greenline.prints.errors import RecordError
from greenline.prints.template import Kind, Template
from greenline.prints.view_head import VIEW, ImpressionType, view_head

MAGIC = b"FMR\0"
VERSION = b" 20\0"
MAX_VIEWS = 32  # ten fingers and a few spare impressions; more is no record of a person
FORMAT = "iso-19794-2"
"""Stands for the extractor of a record that does not name it."""
MAX_MINUTIAE = 255  # the count is one byte
MAX_COORDINATE = 0x3FFF  # 14 bits

_HEADER = struct.Struct(">4s4sIHHHHHBB")
_MINUTIA = np.dtype([("x", ">u2"), ("y", ">u2"), ("angle", "u1"), ("quality", "u1")])
_TURN = 2 * np.pi / 256  # radians per angle step
_NOMINAL_DPI = {197: 500.0, 394: 1000.0}  # whole pixels per cm that stand for 500 and 1000 dpi


@dataclass(frozen=True, eq=False)
class View:
    """One impression of one finger.

    finger_position: 0 unknown, 1-5 right thumb to little, 6-10 left thumb to little.
    view_number: 0 for a finger's first view, then one more each. quality: 0-100.
    extended: the extended areas as they stand in the record (type, length, data; unread),
    without the length of their block; empty when there are none.
    """

    finger_position: int
    view_number: int
    impression_type: ImpressionType
    quality: int
    template: Template
    extended: bytes = b""


@dataclass(frozen=True, eq=False)
class Record:
    """A whole record. All its views share one picture size and one resolution.

    width, height: pixels. pixels_per_cm: both ways (a record with oblong pixels is refused).
    capture_equipment: certification in the top 4 bits, device id in the low 12, 0 unknown.
    """

    views: tuple[View, ...]
    width: int
    height: int
    pixels_per_cm: int
    capture_equipment: int = 0


def pixels_per_cm(dpi: float) -> int:
    """Return the resolution as a record holds it: whole pixels per centimetre."""
    return round(dpi / 2.54)


def dots_per_inch(resolution: int) -> float:
    """Return the dpi of a record's pixels per cm; 197 and 394 mean 500 and 1000 exactly."""
    return _NOMINAL_DPI.get(resolution, resolution * 2.54)


def from_template(
    template: Template,
    finger_position: int = 0,
    quality: int = 0,
    impression_type: ImpressionType = ImpressionType.LIVE_PLAIN,
) -> bytes:
    """Encode one impression as a record of one view, keeping the best 255 minutiae.

    Raises RecordError when a value does not fit the record.
    """
    kept = template if len(template) <= MAX_MINUTIAE else template.best(MAX_MINUTIAE)
    view = View(finger_position, 0, impression_type, quality, kept)
    resolution = pixels_per_cm(template.dpi)
    return encode(Record((view,), template.width, template.height, resolution))


def encode(record: Record) -> bytes:
    """Return the record's bytes. Coordinates go to whole pixels, directions to 256 steps.

    Raises RecordError when a value does not fit or the views contradict the record or each other.
    """
    _check_record(record)
    body = b"".join(_encode_view(record, view) for view in record.views)
    header = _HEADER.pack(
        MAGIC, VERSION, _HEADER.size + len(body), record.capture_equipment,
        record.width, record.height, record.pixels_per_cm, record.pixels_per_cm,
        len(record.views), 0,
    )  # fmt: skip
    return header + body


def decode(data: bytes) -> Record:
    """Read a whole record. Raises RecordError, naming the byte, when any rule is broken."""
    views, width, height, resolution, equipment = _decode_header(data)
    found: list[View] = []
    offset = _HEADER.size
    for _ in range(views):
        view, end = _decode_view(data, offset, width, height, dots_per_inch(resolution))
        expected = sum(view.finger_position == other.finger_position for other in found)
        if view.view_number != expected:
            _refuse(offset + 1, f"view number {view.view_number} stands where {expected} belongs")
        found.append(view)
        offset = end
    if offset != len(data):
        _refuse(offset, f"{len(data) - offset} bytes follow the last view")
    return Record(tuple(found), width, height, resolution, equipment)


def _refuse(offset: int, reason: str) -> NoReturn:
    raise RecordError(f"not a valid minutiae record, byte {offset}: {reason}")


def _check_record(record: Record) -> None:
    if not 1 <= len(record.views) <= MAX_VIEWS:
        raise RecordError(f"a record holds 1 to {MAX_VIEWS} views, not {len(record.views)}")
    if not (0 < record.width <= 0xFFFF and 0 < record.height <= 0xFFFF):
        raise RecordError(f"a picture of {record.width}x{record.height} does not fit a record")
    if not 0 < record.pixels_per_cm <= 0xFFFF:
        raise RecordError(f"{record.pixels_per_cm} pixels per cm do not fit a record")
    if not 0 <= record.capture_equipment <= 0xFFFF:
        raise RecordError(f"capture equipment {record.capture_equipment} does not fit 16 bits")
    fingers = [view.finger_position for view in record.views]
    for index, view in enumerate(record.views):
        if view.view_number != fingers[:index].count(view.finger_position):
            raise RecordError("the views of each finger must be numbered 0, 1, 2 and so on")


def _encode_view(record: Record, view: View) -> bytes:
    template = view.template
    size = (template.width, template.height, pixels_per_cm(template.dpi))
    if size != (record.width, record.height, record.pixels_per_cm):
        raise RecordError("a template's size or resolution is not that of its record")
    if not (0 <= view.finger_position <= 10 and 0 <= view.view_number <= 15):
        raise RecordError(f"finger {view.finger_position}, view {view.view_number}: out of range")
    if not 0 <= view.quality <= 100 or len(template) > MAX_MINUTIAE:
        raise RecordError(f"quality {view.quality} or {len(template)} minutiae: out of range")
    fault = _extended_fault(view.extended)
    if fault is not None or len(view.extended) > 0xFFFF:
        raise RecordError("the extended data are not areas of type, length and data")
    numbers = view.view_number << 4 | view.impression_type
    header = VIEW.pack(view.finger_position, numbers, view.quality, len(template))
    extended = struct.pack(">H", len(view.extended)) + view.extended
    return header + _encode_minutiae(template) + extended


def _encode_minutiae(template: Template) -> bytes:
    for column in (template.x, template.y, template.direction):
        if not np.isfinite(column).all():
            raise RecordError("a minutia's position or direction is not a number")
    if np.any(template.kind > Kind.BIFURCATION) or np.any(template.quality > 100):
        raise RecordError("a minutia's type or quality is out of range")
    rows = np.empty(len(template), _MINUTIA)
    x = _whole_pixels(template.x, template.width)
    rows["x"] = x | template.kind.astype(np.int64) << 14
    rows["y"] = _whole_pixels(template.y, template.height)
    rows["angle"] = np.rint(template.direction.astype(np.float64) / _TURN).astype(np.int64) % 256
    rows["quality"] = template.quality
    return rows.tobytes()


def _whole_pixels(position: NDArray[np.float32], size: int) -> NDArray[np.int64]:
    if np.any(position < 0) or np.any(position >= size):
        raise RecordError("a minutia lies outside its picture")
    # The last half pixel would round to one beyond the edge, which no reader accepts.
    pixels = np.minimum(np.rint(position).astype(np.int64), size - 1)
    if np.any(pixels > MAX_COORDINATE):
        raise RecordError(f"a minutia lies beyond pixel {MAX_COORDINATE}, the record's limit")
    return pixels


def _decode_header(data: bytes) -> tuple[int, int, int, int, int]:
    if len(data) < _HEADER.size:
        _refuse(len(data), "it ends within its header")
    magic, version, length, equipment, width, height, across, down, views, reserved = (
        _HEADER.unpack_from(data)
    )
    if magic != MAGIC:
        _refuse(0, "it does not begin with FMR")
    _check_edition(data, version, length)
    if not (width and height):
        _refuse(14, f"a picture of {width}x{height} pixels has no area")
    if not across or across != down:
        _refuse(18, f"{across} and {down} pixels per cm; both must be equal and not 0")
    if not 1 <= views <= MAX_VIEWS:
        _refuse(22, f"{views} views; 1 to {MAX_VIEWS} are read")
    if reserved:
        _refuse(23, "a reserved byte is not 0")
    return views, width, height, across, equipment


def _check_edition(data: bytes, version: bytes, length: int) -> None:
    if version != VERSION:
        _refuse(4, f"edition {version!r}; only ISO/IEC 19794-2:2005 ({VERSION!r}) is read")
    if length == len(data):
        return
    # ANSI 378 has the same identifier and version but a 2-byte length, or 0 and then a 4-byte one.
    short, long = struct.unpack_from(">HI", data, 8)
    if short == len(data) or (short == 0 and long == len(data)):
        _refuse(8, "it is an ANSI INCITS 378 record, not ISO/IEC 19794-2:2005; ask for ISO")
    _refuse(8, f"it says it is {length} bytes long but is {len(data)}")


def _decode_view(data: bytes, offset: int, width: int, height: int, dpi: float) -> tuple[View, int]:
    head = view_head(data, offset, _MINUTIA.itemsize, _refuse)
    template = _decode_minutiae(data, head.minutiae, head.count, (width, height, dpi))
    extended = _decode_extended(data, head.end)
    view = View(head.finger, head.number, head.impression, head.quality, template, extended)
    return view, head.end + 2 + len(extended)


def _decode_minutiae(
    data: bytes, offset: int, count: int, picture: tuple[int, int, float]
) -> Template:
    rows = np.frombuffer(data, _MINUTIA, count, offset)
    kind, x, y = rows["x"] >> 14, rows["x"] & MAX_COORDINATE, rows["y"] & MAX_COORDINATE
    rules = (
        (kind > Kind.BIFURCATION, "type 3 is not defined"),
        (rows["y"] > MAX_COORDINATE, "reserved bits are not 0"),
        ((x >= picture[0]) | (y >= picture[1]), "it lies outside the picture"),
        (rows["quality"] > 100, "its quality is above 100"),
    )
    for broken, reason in rules:
        if broken.any():
            row = int(np.argmax(broken))
            _refuse(offset + row * _MINUTIA.itemsize, f"minutia {row + 1}: {reason}")
    direction = rows["angle"] * _TURN
    return Template(
        *picture, x.astype(np.float32), y.astype(np.float32), direction.astype(np.float32),
        kind.astype(np.uint8), rows["quality"].astype(np.uint8),
    )  # fmt: skip


def _decode_extended(data: bytes, offset: int) -> bytes:
    (length,) = struct.unpack_from(">H", data, offset)
    start = offset + 2
    if start + length > len(data):
        _refuse(len(data), "it ends within a view's extended data")
    extended = data[start : start + length]
    fault = _extended_fault(extended)
    if fault is not None:
        _refuse(start + fault, "an extended area's length does not fit its block")
    return extended


def _extended_fault(extended: bytes) -> int | None:
    """Return where the chain of areas (type, length with these 4 bytes, data) breaks, or None."""
    offset = 0
    while offset < len(extended):
        if offset + 4 > len(extended):
            return offset
        (length,) = struct.unpack_from(">H", extended, offset + 2)
        if length < 4 or offset + length > len(extended):
            return offset
        offset += length
    return None
