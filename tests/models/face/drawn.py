"""A face that is drawn, so that it is known to the pixel where its eyes are; nobody's face."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

FINER = 4  # drawn so much larger, then reduced: edges are smooth
WALL, HAIR, SKIN, SHADE = (150, 160, 170), (60, 45, 35), (220, 170, 145), (195, 140, 118)
COAT, WHITE, IRIS, LIPS = (60, 80, 120), (245, 245, 240), (60, 40, 30), (175, 85, 85)
GAP = (110, 50, 50)  # between the lips


def draw_face(
    eyes_px: float, *, width: int = 640, height: int = 480, x: float = 320, y: float = 200
) -> NDArray[np.uint8]:
    """Draw a face, eyes_px from eye to eye; x, y: the middle between the eyes."""
    image = Image.new("RGB", (width * FINER, height * FINER), WALL)
    pen = ImageDraw.Draw(image)
    unit = eyes_px * FINER

    def oval(across: float, down: float, wide: float, high: float, colour: tuple[int, ...]) -> None:
        left, top = x * FINER + (across - wide) * unit, y * FINER + (down - high) * unit
        pen.ellipse((left, top, left + 2 * wide * unit, top + 2 * high * unit), fill=colour)

    oval(0.0, 3.4, 2.2, 1.4, COAT)
    oval(0.0, 1.5, 0.5, 0.8, SHADE)
    oval(0.0, 0.1, 1.2, 1.75, HAIR)
    oval(0.0, 0.4, 1.02, 1.42, SKIN)
    for side in (-1, 1):
        oval(1.05 * side, 0.25, 0.16, 0.35, SHADE)
        oval(0.5 * side, -0.25, 0.25, 0.04, HAIR)
        oval(0.5 * side, 0.0, 0.2, 0.1, WHITE)
        oval(0.5 * side, 0.0, 0.09, 0.09, IRIS)
        oval(0.11 * side, 0.66, 0.06, 0.04, SHADE)
    oval(0.0, 0.3, 0.05, 0.3, SHADE)
    oval(0.0, 0.58, 0.15, 0.1, SKIN)
    oval(0.0, 1.05, 0.36, 0.1, LIPS)
    oval(0.0, 1.05, 0.34, 0.015, GAP)
    return np.array(image.resize((width, height), Image.Resampling.BOX))
