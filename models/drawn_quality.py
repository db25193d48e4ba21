"""A picture of which half is a finger: what the quality network is tested on. For self_test.py."""

import numpy as np
from numpy.typing import NDArray

from greenline.models.drawn_print import draw_print
from greenline.models.errors import ModelFileError

GROUND = 240
_SKIN, _NO_SKIN = 0.7, 0.2  # mean share of skin that is seen in either half, at least and at most
_CLEAR = 0.5

Values = NDArray[np.float32]


def draw_half(height: int, width: int) -> NDArray[np.uint8]:
    """Draw clear ridges in the upper half, nothing in the lower one. Returns (height, width)."""
    pixels = draw_print(height, width).pixels.copy()
    pixels[height // 2 :] = GROUND
    return pixels


def judge_halves(name: str, blocks: Values) -> str:
    """Return in words what was seen of the halves. blocks: (rows, columns, channels).

    name: of the model file. Raises ModelFileError when one half is taken for the other.
    """
    # A row either side of the border may be either.
    middle = len(blocks) / 2
    upper = blocks[: int(middle - 1), ..., :2].mean(axis=(0, 1))
    lower = blocks[int(np.ceil(middle + 1)) :, ..., 0].mean()
    if not (upper[0] >= _SKIN and upper[1] >= _CLEAR and lower <= _NO_SKIN):
        raise ModelFileError(
            f"{name} sees {upper[0]:.0%} of skin where a finger is drawn and {lower:.0%} where "
            "none is: install again"
        )
    return f"{upper[0]:.0%} of skin in the drawn half, {lower:.0%} in the other"
