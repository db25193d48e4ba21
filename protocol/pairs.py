"""The minutiae that meet in two prints, as the bytes that a result carries them in.

A pair is 10 bytes, big-endian: x and y of the probe's minutia, its direction, x and y of the
entry's, its direction. Coordinates are pixels of each template, y down; directions 256ths of a
turn, counter-clockwise.
"""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from greenline.protocol.errors import MalformedError

MOST = 60

_PAIR = struct.Struct(">HHBHHB")
_STEPS = 256 / (2 * math.pi)


@dataclass(frozen=True)
class Place:
    """A minutia. x, y: pixels, y down; direction: radians."""

    x: float
    y: float
    direction: float


Pair = tuple[Place, Place]


def encode_pairs(pairs: Iterable[Pair]) -> bytes:
    """Write the first MOST pairs; coordinates are rounded and kept within 0 to 65,535."""
    return b"".join(_PAIR.pack(*_place(one), *_place(other)) for one, other in list(pairs)[:MOST])


def decode_pairs(data: bytes) -> list[Pair]:
    """Read pairs. Raises MalformedError."""
    if len(data) % _PAIR.size or len(data) > MOST * _PAIR.size:
        raise MalformedError(f"{len(data)} bytes are no pairs of minutiae")
    return [
        (Place(x, y, turn / _STEPS), Place(u, v, other / _STEPS))
        for x, y, turn, u, v, other in _PAIR.iter_unpack(data)
    ]


def _place(place: Place) -> tuple[int, int, int]:
    x, y = (min(max(round(value), 0), 0xFFFF) for value in (place.x, place.y))
    return x, y, round(place.direction * _STEPS) % 256
