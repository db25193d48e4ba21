"""What of a print an extractor is shown: the whole picture, or what an R503 would send of it.

An R503 sends a window of 192x192 pixels with 16 grey levels at 508 dpi; here the window is cut at
500 dpi, about the middle of the print's foreground.
"""

import numpy as np
from numpy.typing import NDArray

from greenline.models.extraction import DPI, at_500_dpi
from greenline.models.quality import STRUCTURE
from greenline.prints.frame import Frame

SIDE = 192  # pixels of an R503's window
_BLOCK = 16  # pixels
VIEWS = ("full", "r503")


def show(frame: Frame, view: str) -> Frame:
    """Return what an extractor is shown. Raises PictureError on a picture that is no finger's."""
    return frame if view == "full" else r503(frame)


def r503(frame: Frame) -> Frame:
    """Return the window about the middle of the foreground, at 500 dpi, with 16 grey levels.

    The window stays inside the picture; a picture that is smaller than it is shown whole.
    Raises PictureError on a picture smaller than 5 mm or larger than 51 mm either way.
    """
    pixels = at_500_dpi(frame)
    row, column = middle(pixels)
    top = _start(row, pixels.shape[0])
    left = _start(column, pixels.shape[1])
    window = pixels[top : top + SIDE, left : left + SIDE]
    return Frame(((window >> 4) * 17).astype(np.uint8), DPI, grey_levels=16)


def middle(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """Return row and column of the middle of the foreground: of all blocks with structure.

    Of a picture without any it is the middle of the picture.
    """
    rows, columns = (length // _BLOCK for length in pixels.shape)
    whole = pixels[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    structured = np.argwhere(whole.std(axis=(1, 3)) > STRUCTURE)
    if not len(structured):
        return pixels.shape[0] / 2, pixels.shape[1] / 2
    row, column = (structured.mean(axis=0) + 0.5) * _BLOCK
    return float(row), float(column)


def _start(middle_at: float, length: int) -> int:
    return max(0, min(round(middle_at - SIDE / 2), length - SIDE))
