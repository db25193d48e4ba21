"""A face that is drawn, so that its eyes and mouth are known: what a face network is tested on.

A few soft ellipses; nobody's face. Used by self_test.py.
"""

import numpy as np
from numpy.typing import NDArray

from greenline.models.errors import ModelFileError

POINTS = {"right eye": (52.0, 60.0), "left eye": (76.0, 60.0), "mouth": (64.0, 88.0)}
"""In pixels of a picture of SIDE; the person's own right."""
SIDE = 128
NEAR_PX = 6.0
# Each: middle x and y, half width, half height, softness of the rim, grey.
_ELLIPSES = (
    (64, 58, 34, 44, 0.15, 50),  # hair
    (64, 68, 28, 38, 0.15, 200),  # skin
    (52, 60, 6, 3.2, 0.3, 60),
    (76, 60, 6, 3.2, 0.3, 60),
    (52, 52, 8, 2, 0.4, 90),  # brows
    (76, 52, 8, 2, 0.4, 90),
    (64, 76, 5, 3, 0.6, 150),  # below the nose
    (64, 88, 10, 2.6, 0.4, 100),
)

Grey = NDArray[np.float64]


def draw_face() -> Grey:
    """Return grey values from 0 to 255, (SIDE, SIDE)."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float64)
    picture = np.full((SIDE, SIDE), 120.0)
    for middle_x, middle_y, half_x, half_y, soft, grey in _ELLIPSES:
        out = np.hypot((x - middle_x) / half_x, (y - middle_y) / half_y)
        picture += (grey - picture) / (1 + np.exp(2 * (out - 1) / soft))
    return picture


def judge_faces(name: str, found: NDArray[np.floating]) -> str:
    """Return in words how well what was found is what was drawn. Raises ModelFileError if not.

    found: (n, 3, 2), x and y of right eye, left eye and mouth of each face. name: of the file.
    """
    if len(found) != 1:
        raise ModelFileError(
            f"{name} finds {len(found)} faces in the drawing of one: install again"
        )
    away = np.hypot(*(found[0] - np.array(list(POINTS.values()))).T)
    if not (away <= NEAR_PX).all():
        worst = list(POINTS)[int(away.argmax())]
        raise ModelFileError(
            f"{name} finds the {worst} of a drawn face {away.max():.0f} px off: install again"
        )
    return f"the drawn face, its eyes and mouth within {away.max():.1f} px"
