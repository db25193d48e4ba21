"""The BlazeFace network's own language: its square input, its anchors, its answers.

Facts: V. Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs",
2019, arXiv 1907.05047, and MediaPipe's options for the short-range model. Pure arithmetic.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 128  # px of the network's square input
# Cells along one side of the network's two grids, and how many answers each cell gives.
GRIDS = ((16, 2), (8, 6))
POINTS = 6  # right eye, left eye, nose tip, mouth, right ear, left ear: the person's own right

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Square:
    """Which part of a picture the network sees: upper left corner and side, in picture pixels.

    It may reach over the picture's border: what lies outside is black.
    """

    left: float
    top: float
    side: float

    def to_picture(self, faces: Values) -> Values:
        """Return rows of decode() in picture pixels."""
        moved = faces.copy()
        moved[:, 1:] *= self.side / SIDE
        moved[:, 1::2] += self.left
        moved[:, 2::2] += self.top
        return moved


def see(picture: Image.Image, square: Square) -> Values:
    """Return the network's input: the square at 128x128 pixels, never squeezed, from -1 to 1."""
    left, top = max(square.left, 0.0), max(square.top, 0.0)
    right = min(square.left + square.side, picture.width)
    bottom = min(square.top + square.side, picture.height)
    across = _covered(left - square.left, right - square.left, square.side)
    down = _covered(top - square.top, bottom - square.top, square.side)
    part = picture.resize(
        (across.stop - across.start, down.stop - down.start),
        Image.Resampling.BILINEAR,
        box=(left, top, right, bottom),
        reducing_gap=2.0,
    )
    seen = np.zeros((1, SIDE, SIDE, 3), np.float32)
    seen[0, down, across] = np.asarray(part)
    return seen / np.float32(127.5) - 1


def _covered(first: float, last: float, side: float) -> slice:
    """Return the pixels of the input that a stretch of the square covers, one at least."""
    begin = min(round(first * SIDE / side), SIDE - 1)
    return slice(begin, max(round(last * SIDE / side), begin + 1))


def mirrored(faces: Values) -> Values:
    """Return rows of decode() for an input that was mirrored: left is right again."""
    back = faces.copy()
    back[:, 1], back[:, 3] = SIDE - faces[:, 3], SIDE - faces[:, 1]
    points = faces[:, 5:].reshape(-1, POINTS, 2)[:, [1, 0, 2, 3, 5, 4]]
    points[..., 0] = SIDE - points[..., 0]
    back[:, 5:] = points.reshape(-1, 2 * POINTS)
    return back


def anchors() -> Values:
    """Return the (896, 2) places, x and y in input pixels, that the answers are relative to."""
    places = []
    for cells, answers in GRIDS:
        middle = (np.arange(cells, dtype=np.float32) + np.float32(0.5)) * (SIDE / cells)
        y, x = np.meshgrid(middle, middle, indexing="ij")
        places.append(np.repeat(np.stack((x, y), axis=-1).reshape(-1, 2), answers, axis=0))
    return np.concatenate(places).astype(np.float32)


def decode(boxes: Values, logits: Values, least_score: float, overlap: float) -> Values:
    """Return the faces, best first: (n, 17) score, left, top, right, bottom, x and y of each point.

    boxes: (896, 16) and logits: (896, 1) as the network gives them. Lengths are input pixels.
    Answers that overlap by more than overlap (shared area over joint area) are one face.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
    kept = np.flatnonzero(scores >= least_score)
    kept = kept[np.argsort(-scores[kept, 0], kind="stable")]
    places = anchors()[kept]
    centre, half = boxes[kept, :2] + places, np.abs(boxes[kept, 2:4]) / 2
    points = boxes[kept, 4:] + np.tile(places, POINTS)
    return merged(np.concatenate((scores[kept], centre - half, centre + half, points), 1), overlap)


def merged(faces: Values, overlap: float) -> Values:
    """Make one row of all that overlap with the best one, then with the best of the rest.

    Box and points are averaged, weighted by score: they tremble less than the best answer alone.
    """
    found = []
    faces = faces[np.argsort(-faces[:, 0], kind="stable")]
    while len(faces):
        same = shares(faces[0, 1:5], faces[:, 1:5]) > overlap
        same[0] = True
        one = np.average(faces[same], axis=0, weights=faces[same, 0])
        one[0] = faces[0, 0]
        found.append(one)
        faces = faces[~same]
    return np.array(found, np.float32).reshape(-1, 5 + 2 * POINTS)


def shares(box: Values, others: Values) -> Values:
    """Return the area that a box shares with each of the others, over their joint area."""
    first, last = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(last - first, 0), axis=1)
    joint = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared
    result: Values = shared / np.maximum(joint, np.float32(1e-6))
    return result
