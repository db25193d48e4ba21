"""ANSI INCITS 378-2004 finger minutiae records: bytes to templates, to read what others exported.

As ISO/IEC 19794-2:2005 (see fmr.py), with these differences: the record's length has 2 bytes, or 2
bytes of 0 and then 4; the owner and type of the product that made it follow (CBEFF); a minutia's
direction is in steps of 2 degrees, 0 to 179. Extended data is stepped over: its cores and deltas
are laid out differently, and no one here reads them. The 2009 edition ("030") is refused by name.
The layout is checked against NIST's BIOMDI (public domain). Sans-IO, no log, no clock.
"""

import struct
from typing import NoReturn

import numpy as np

from greenline.prints.errors import RecordError
from greenline.prints.fmr import (
    MAGIC,
    MAX_COORDINATE,
    MAX_VIEWS,
    VERSION,
    Record,
    View,
    dots_per_inch,
)
from greenline.prints.template import Kind, Template
from greenline.prints.view_head import view_head

FORMAT = "ansi-378"
"""Stands for the extractor of a record that does not name it."""
STEPS = 180  # of 2 degrees in a turn

_LENGTH_AT = 8
_HEADER = struct.Struct(">HHHHHHHBB")  # after the length: product owner and type, equipment, ...
_MINUTIA = np.dtype([("x", ">u2"), ("y", ">u2"), ("angle", "u1"), ("quality", "u1")])


def is_ansi378(data: bytes) -> bool:
    """Return whether bytes are such a record and not one of ISO: only the length tells them."""
    if data[:4] != MAGIC or len(data) < _LENGTH_AT + 6 or data[4:8] != VERSION:
        return False
    return int.from_bytes(data[8:12]) != len(data) and _length(data)[0] == len(data)


def decode(data: bytes) -> Record:
    """Read a whole record. Raises RecordError, naming the byte, when any rule is broken."""
    if data[:4] != MAGIC:
        _refuse(0, "it does not begin with FMR")
    if data[4:8] != VERSION:
        _refuse(4, f"edition {data[4:8]!r}; only that of 2004 ({VERSION!r}) is read")
    if len(data) < _LENGTH_AT + 6:
        _refuse(len(data), "it ends within its header")
    length, start = _length(data)
    if length != len(data):
        _refuse(_LENGTH_AT, f"it says it is {length} bytes long but is {len(data)}")
    if start + _HEADER.size > len(data):
        _refuse(len(data), "it ends within its header")
    header = _HEADER.unpack_from(data, start)
    _check_header(start, header)
    _, _, equipment, width, height, resolution, _, count, _ = header
    views: list[View] = []
    offset = start + _HEADER.size
    for _ in range(count):
        view, offset = _decode_view(data, offset, (width, height, dots_per_inch(resolution)))
        views.append(view)
    if offset != len(data):
        _refuse(offset, f"{len(data) - offset} bytes follow the last view")
    return Record(tuple(views), width, height, resolution, equipment)


def _refuse(offset: int, reason: str) -> NoReturn:
    raise RecordError(f"not a valid ANSI 378 record, byte {offset}: {reason}")


def _length(data: bytes) -> tuple[int, int]:
    """Return the length that the record says, and where its header goes on."""
    short, long = struct.unpack_from(">HI", data, _LENGTH_AT)
    return (short, _LENGTH_AT + 2) if short else (long, _LENGTH_AT + 6)


def _check_header(start: int, header: tuple[int, ...]) -> None:
    _, _, _, width, height, across, down, views, reserved = header
    if not (width and height):
        _refuse(start + 6, f"a picture of {width}x{height} pixels has no area")
    if not across or across != down:
        _refuse(start + 10, f"{across} and {down} pixels per cm; both must be equal and not 0")
    if not 1 <= views <= MAX_VIEWS:
        _refuse(start + 14, f"{views} views; 1 to {MAX_VIEWS} are read")
    if reserved:
        _refuse(start + 15, "a reserved byte is not 0")


def _decode_view(data: bytes, offset: int, picture: tuple[int, int, float]) -> tuple[View, int]:
    head = view_head(data, offset, _MINUTIA.itemsize, _refuse)
    template = _decode_minutiae(data, head.minutiae, head.count, picture)
    end = head.end + 2 + int.from_bytes(data[head.end : head.end + 2])
    if end > len(data):
        _refuse(len(data), "it ends within a view's extended data")
    return View(head.finger, head.number, head.impression, head.quality, template), end


def _decode_minutiae(
    data: bytes, offset: int, count: int, picture: tuple[int, int, float]
) -> Template:
    rows = np.frombuffer(data, _MINUTIA, count, offset)
    kind, x, y = rows["x"] >> 14, rows["x"] & MAX_COORDINATE, rows["y"] & MAX_COORDINATE
    rules = (
        (kind > Kind.BIFURCATION, "type 3 is not defined"),
        (rows["y"] > MAX_COORDINATE, "reserved bits are not 0"),
        ((x >= picture[0]) | (y >= picture[1]), "it lies outside the picture"),
        (rows["angle"] >= STEPS, f"its direction is not one of {STEPS} steps"),
        (rows["quality"] > 100, "its quality is above 100"),
    )
    for broken, reason in rules:
        if broken.any():
            row = int(np.argmax(broken))
            _refuse(offset + row * _MINUTIA.itemsize, f"minutia {row + 1}: {reason}")
    direction = rows["angle"] * (2 * np.pi / STEPS)
    return Template(
        *picture, x.astype(np.float32), y.astype(np.float32), direction.astype(np.float32),
        kind.astype(np.uint8), rows["quality"].astype(np.uint8),
    )  # fmt: skip
