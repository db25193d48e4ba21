"""What stands before a view's minutiae: the same four bytes in ISO 19794-2:2005 and ANSI 378-2004.

Finger position; view number and impression type; finger quality; number of minutiae.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import NoReturn

VIEW = struct.Struct(">BBBB")


class ImpressionType(IntEnum):
    """How the finger met the sensor."""

    LIVE_PLAIN = 0
    LIVE_ROLLED = 1
    NONLIVE_PLAIN = 2
    NONLIVE_ROLLED = 3
    SWIPE = 8
    CONTACTLESS = 9


@dataclass(frozen=True)
class ViewHead:
    """What stands before a view's minutiae, alike in ISO and ANSI records.

    minutiae: where they begin; count: how many; end: the byte after them.
    """

    finger: int
    number: int
    impression: ImpressionType
    quality: int
    count: int
    minutiae: int
    end: int


def view_head(
    data: bytes, offset: int, minutia_bytes: int, refuse: Callable[[int, str], NoReturn]
) -> ViewHead:
    """Read and check what stands before a view's minutiae; refuse raises."""
    minutiae = offset + VIEW.size
    if minutiae > len(data):
        refuse(len(data), "it ends within a view's header")
    finger, numbers, quality, count = VIEW.unpack_from(data, offset)
    if finger > 10:
        refuse(offset, f"finger position {finger}; 0 to 10 exist")
    if numbers & 15 not in ImpressionType.__members__.values():
        refuse(offset + 1, f"impression type {numbers & 15} is not defined")
    if quality > 100:
        refuse(offset + 2, f"a finger quality of {quality}; 100 is the highest")
    end = minutiae + count * minutia_bytes
    if end + 2 > len(data):
        refuse(len(data), "it ends within a view's minutiae")
    kind = ImpressionType(numbers & 15)
    return ViewHead(finger, numbers >> 4, kind, quality, count, minutiae, end)
