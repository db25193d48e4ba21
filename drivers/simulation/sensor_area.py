"""What of a print a sensor sees: its own resolution, its own area, perhaps only 16 grey levels."""

import numpy as np
from PIL import Image

from greenline.drivers.zfm import GREY_LEVELS
from greenline.prints.frame import Frame

_GROUND = 255


def on_sensor(frame: Frame, width: int, height: int, dpi: float) -> Frame:
    """Return what fitted() returns, in the 16 grey levels of a serial module."""
    seen = fitted(frame, width, height, dpi).pixels
    seen >>= 4
    seen *= 17
    return Frame(seen, dpi, GREY_LEVELS)


def fitted(frame: Frame, width: int, height: int, dpi: float) -> Frame:
    """Return the middle of the print as a sensor of this size (pixels) and resolution sees it.

    What reaches beyond the sensor is cut off, what the print leaves free is white ground. A print
    of the sensor's own size and resolution loses nothing.
    """
    pixels = frame.pixels
    if frame.dpi != dpi:
        scale = dpi / frame.dpi
        size = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    seen = np.full((height, width), _GROUND, np.uint8)
    rows, from_rows = _overlap(height, pixels.shape[0])
    columns, from_columns = _overlap(width, pixels.shape[1])
    seen[rows, columns] = pixels[from_rows, from_columns]
    return Frame(seen, dpi)


def _overlap(room: int, length: int) -> tuple[slice, slice]:
    """Return where something of this length lies in the room, and which part of it, centred."""
    shared = min(room, length)
    at, begin = (room - shared) // 2, (length - shared) // 2
    return slice(at, at + shared), slice(begin, begin + shared)
