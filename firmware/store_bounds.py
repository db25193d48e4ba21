"""How much the store may hold, and what is given up first when it fills.

Four fifths: work in the background is taken no more. Nineteen twentieths, or a card with hardly any
room left: no capture is begun, and the officer is told why. What is taken already stays.
"""

import os
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

MEGABYTE = 1_000_000

_BACKGROUND_SHARE = 0.80
_CAPTURE_SHARE = 0.95
CARD_LEFT_BYTES = 4 * MEGABYTE
"""With less than this left on the card no capture is begun: log, keys and answers need room too."""


class Room(IntEnum):
    """What the store still takes."""

    ENOUGH = 0
    NO_BACKGROUND = 1
    NO_CAPTURES = 2


@dataclass(frozen=True)
class Bounds:
    """most_requests: without a final answer. most_bytes: of requests and answers together."""

    most_requests: int = 20_000
    most_bytes: int = 128 * MEGABYTE


USUAL = Bounds()


def room(bounds: Bounds, requests: int, used_bytes: int, folder: Path) -> Room:
    """Return what may still be taken. used_bytes: of the store; folder: where it lies.

    Raises OSError when the card cannot be asked.
    """
    share = max(requests / bounds.most_requests, used_bytes / bounds.most_bytes)
    card = os.statvfs(folder)
    if share >= _CAPTURE_SHARE or card.f_bavail * card.f_frsize < CARD_LEFT_BYTES:
        return Room.NO_CAPTURES
    return Room.NO_BACKGROUND if share >= _BACKGROUND_SHARE else Room.ENOUGH
