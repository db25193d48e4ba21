"""A contact sheet: synthetic prints, and real ones beside them, to see what still differs.

All are shown at 500 dpi, cropped to their middle and never squeezed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from greenline.models.extraction import at_500_dpi
from greenline.prints.frame import Frame

COLUMNS = 4  # of each side
TILE = (300, 360)  # px, across and down
_GAP = 8
_WORDS = 16  # px for the words under a tile
_MIDDLE = 40  # px between ours and theirs
_PAPER = 96


@dataclass(frozen=True, eq=False)
class Shown:
    """One print on the sheet, with the words under it."""

    frame: Frame
    words: str


def draw_sheet(ours: Sequence[Shown], theirs: Sequence[Shown]) -> Image.Image:
    """Return the sheet: ours in COLUMNS on the left, theirs on the right."""
    step_x, step_y = TILE[0] + _GAP, TILE[1] + _GAP + _WORDS
    rows = -(-max(len(ours), len(theirs)) // COLUMNS)
    side = COLUMNS * step_x + _GAP
    width = side * 2 + _MIDDLE if theirs else side
    sheet = Image.new("L", (width, rows * step_y + _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for left, prints in ((0, ours), (side + _MIDDLE, theirs)):
        for index, shown in enumerate(prints):
            x = left + _GAP + index % COLUMNS * step_x
            y = _GAP + index // COLUMNS * step_y
            sheet.paste(_tile(shown.frame), (x, y))
            pen.text((x + 2, y + TILE[1] + 1), shown.words, fill=255)
    return sheet


def _tile(frame: Frame) -> Image.Image:
    pixels = at_500_dpi(frame)
    height, width = pixels.shape
    tile = Image.new("L", TILE, int(np.median(pixels[0])))
    tile.paste(Image.fromarray(pixels), ((TILE[0] - width) // 2, (TILE[1] - height) // 2))
    return tile
