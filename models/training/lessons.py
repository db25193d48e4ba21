"""Lessons for the template network: pictures of synthetic fingers with everything it must say.

How they are drawn stands in lesson_drawing.py. Truth is exact by construction: minutiae and
flow go through the same warp as the picture. Run by train_template.py in processes of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from greenline.models.training.appearance import MIDDLE
from greenline.models.training.fields import bilinear, seeded
from greenline.models.training.fingers import Finger, flow_of
from greenline.models.training.lesson_drawing import (
    HEIGHT,
    WIDTH,
    Scene,
    draw_electronics,
    draw_outline,
    draw_picture,
    draw_touch,
)
from greenline.models.training.orientation import Flow
from greenline.models.training.textures import Picture
from greenline.models.training.warp import Warp, draw_bend
from greenline.prints.template import Kind

CELL = 4  # px: the network's answers lie on a grid of this step

_LESSON = 0x6C65
_UNSURE = 4.0  # px: a minutia so near a contact edge may or may not be seen


@dataclass(frozen=True, eq=False)
class Lesson:
    """One picture and its truth.

    pixels: uint8 (HEIGHT, WIDTH), dark ridges, 500 dpi. minutiae: float32 (n, 5): x, y,
    direction (radians counter-clockwise), 1 for an ending, 1 if it must be found and 0 if it
    may be. flow: float16 (2, HEIGHT / 4, WIDTH / 4), cosine and sine of twice the orientation.
    contact: uint8 of the same grid, 1 where there is skin, 0 where there is none, 2 unsure.
    """

    pixels: NDArray[np.uint8]
    minutiae: NDArray[np.float32]
    flow: NDArray[np.float16]
    contact: NDArray[np.uint8]


def make_lessons(finger: Finger, other: Finger, count: int) -> list[Lesson]:
    """Return lessons of one finger; the same ones for the same fingers.

    other: whose print may lie underneath.
    """
    flow = flow_of(finger.seed)
    return [_make(finger, flow, other, which) for which in range(count)]


def _make(finger: Finger, flow: Flow, other: Finger, which: int) -> Lesson:
    rng = seeded(finger.seed, which, _LESSON)
    warp = _lay(rng)
    x, y = warp.grid()
    skin = bilinear(finger.skin, x, y).astype(np.float32)
    scene = Scene(rng, float(rng.random() ** 0.7), skin, draw_outline(rng, x, y))
    touch, holes = draw_touch(scene)
    picture = draw_picture(scene, touch, other, x, y)
    pixels, frame = draw_electronics(scene, picture)
    gone = np.maximum(np.maximum(holes, frame), (scene.out > 1).astype(np.float32))
    return Lesson(pixels, _truth(finger, warp, gone), _flow(flow, x, y), _contact(scene, gone))


def _lay(rng: np.random.Generator) -> Warp:
    turned = rng.normal(0, 0.3) if rng.random() < 0.8 else rng.uniform(-np.pi, np.pi)
    turn = np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    scale, aspect = rng.normal(0.02, 0.11), rng.normal(0, 0.03)
    stretch = np.diag([np.exp(scale + aspect), np.exp(scale - aspect)])
    shear = np.array([[1.0, rng.normal(0, 0.04)], [0.0, 1.0]])
    reach = abs(rng.normal(0, 2.5)) if rng.random() < 0.8 else rng.uniform(4, 11)
    bend = draw_bend(rng, WIDTH, HEIGHT, 1.0, reach)
    origin = np.array(MIDDLE) + rng.normal(0, 30, 2)
    return Warp(WIDTH, HEIGHT, np.asarray(stretch @ shear @ turn), np.asarray(origin), bend)


def _truth(finger: Finger, warp: Warp, gone: Picture) -> NDArray[np.float32]:
    master = finger.template
    points = np.stack([master.x, master.y], axis=1).astype(np.float64)
    places, directions = warp.carry(points, master.direction.astype(np.float64))
    inside = ((places >= 1) & (places <= (WIDTH - 2, HEIGHT - 2))).all(axis=1)
    places, directions, kind = places[inside], directions[inside], master.kind[inside]
    away = ndimage.distance_transform_edt(gone < 0.5)
    column, row = np.rint(places).astype(int).T
    near = away[row, column]
    there = near > 0
    columns = (*places.T, directions, kind == Kind.ENDING, near > _UNSURE)
    return np.asarray(np.stack(columns, axis=1)[there], np.float32)


def _flow(flow: Flow, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float16]:
    """Carry the finger's orientation to the grid of the answers."""
    middle = slice(CELL // 2 - 1, None, CELL)
    double = np.stack([np.cos(2 * flow.orientation), np.sin(2 * flow.orientation)], axis=-1)
    there = bilinear(double, x[middle, middle], y[middle, middle])
    angle = np.arctan2(there[..., 1], there[..., 0]) / 2
    # The way from picture to finger, differentiated; a ridge's tangent goes the other way.
    x_down, y_down = (np.gradient(each, axis=0)[middle, middle] for each in (x, y))
    x_right, y_right = (np.gradient(each, axis=1)[middle, middle] for each in (x, y))
    tangent_x, tangent_y = np.cos(angle), -np.sin(angle)
    right = y_down * tangent_x - x_down * tangent_y
    down = x_right * tangent_y - y_right * tangent_x
    carried = np.arctan2(-down, right)
    return np.stack([np.cos(2 * carried), np.sin(2 * carried)]).astype(np.float16)


def _contact(scene: Scene, gone: Picture) -> NDArray[np.uint8]:
    middle = slice(CELL // 2 - 1, None, CELL)
    hidden, out = gone[middle, middle] > 0.5, scene.out[middle, middle]
    contact = np.where(hidden, 0, 1).astype(np.uint8)
    contact[(np.abs(out - 1) < 0.06) & (contact == 1)] = 2
    return contact
