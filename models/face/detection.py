"""Finds the faces in a colour picture, by the BlazeFace network: docs/models/blazeface.md.

Each face is looked at twice: first in squares that cover the picture, then closely, straight and
mirrored, because in the first look its points are up to 8 degrees askew.
"""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.models.errors import PictureError
from greenline.models.face.blazeface import (
    Square,
    Values,
    decode,
    merged,
    mirrored,
    see,
    shares,
)
from greenline.models.manifest import installed_folder, read_manifest
from greenline.models.runtime import Runtime, load

MODEL = "blazeface-short-range-1"
CLOSE_LOOK = 2.0  # side of the second look, in sides of the face's box
SMALLEST_PX = 64  # of a picture, either way
LARGEST_PX = 8192
FIRST_LOOK_PX = 192  # the picture's shorter side for the first look, about: 128 are needed


class Point(NamedTuple):
    """A place in a picture, in pixels from its left and upper border."""

    x: float
    y: float


@dataclass(frozen=True)
class Face:
    """One face. score: 0-1, the network's own. Left and right are the person's own."""

    score: float
    left_top: Point
    right_bottom: Point
    right_eye: Point
    left_eye: Point
    nose: Point
    mouth: Point
    right_ear: Point
    left_ear: Point

    @property
    def area(self) -> float:
        """Square pixels of the face's box: from the brows to the chin, about."""
        return (self.right_bottom.x - self.left_top.x) * (self.right_bottom.y - self.left_top.y)


class FaceDetector:
    """The BlazeFace network, opened once. Not safe to share between threads.

    runtime: None takes the first installed. Raises ModelFileError or RuntimeMissingError.
    """

    def __init__(self, *, runtime: Runtime | None = None, num_threads: int = 1) -> None:
        folder = installed_folder()
        file = read_manifest(folder).of_model(MODEL)[0]
        self._thresholds = file.face_thresholds()
        self._network = load(file, folder, runtime=runtime, num_threads=num_threads)
        self.model_id = f"{MODEL}/{hashlib.sha256(file.sha256.encode()).hexdigest()[:8]}"

    def detect(self, pixels: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Return the faces in a picture (height, width, 3), red green blue, the largest first.

        Raises PictureError when that is no colour picture, too small or too large.
        """
        picture = as_image(pixels)
        candidates = self._first_look(picture)
        found = [self._close_look(picture, face) for face in candidates]
        confirmed = [face for face in found if face is not None]
        rows = merged(np.array(confirmed, np.float32).reshape(-1, 17), self._thresholds.overlap)
        return tuple(sorted(map(_face, rows), key=lambda face: -face.area))

    def _first_look(self, picture: Image.Image) -> Values:
        """Return all that may be a face, in the picture's pixels."""
        step = max(1, min(picture.size) // FIRST_LOOK_PX)
        small = picture.reduce(step)
        found = [
            square.to_picture(self._ask(see(small, square))) for square in squares(*small.size)
        ]
        faces = merged(np.concatenate(found), self._thresholds.overlap)
        faces[:, 1:] *= step
        return faces

    def _close_look(self, picture: Image.Image, face: Values) -> Values | None:
        """Return the face with its points as seen closely; None when it is none after all."""
        left, top, right, bottom = (float(edge) for edge in face[1:5])
        side = CLOSE_LOOK * max(right - left, bottom - top)
        square = Square((left + right - side) / 2, (top + bottom - side) / 2, side)
        if not _touches(square, picture):
            return None
        seen = see(picture, square)
        straight = square.to_picture(self._ask(seen))
        turned = square.to_picture(mirrored(self._ask(np.ascontiguousarray(seen[:, :, ::-1]))))
        best = [_same(face, looks) for looks in (straight, turned)]
        both = [row for row in best if row is not None]
        if len(both) < len(best):
            return None
        found: Values = np.mean(both, axis=0, dtype=np.float32)
        return found if found[0] >= self._thresholds.face else None

    def _ask(self, seen: Values) -> Values:
        boxes, logits = self._network.run_all(seen)
        return decode(boxes[0], logits[0], self._thresholds.candidate, self._thresholds.overlap)


def as_image(pixels: NDArray[np.uint8]) -> Image.Image:
    """Return pixels as a picture. Raises PictureError when they cannot be one of a face."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise PictureError("a face needs a colour picture: height, width and 3 bytes a pixel")
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_PX:
        raise PictureError(f"the picture has {width}x{height} pixels, too few for a face")
    if max(height, width) > LARGEST_PX:
        raise PictureError(f"the picture has {width}x{height} pixels, more than any camera of ours")
    return Image.fromarray(pixels)


def squares(width: int, height: int) -> Iterator[Square]:
    """Yield the whole picture as a square, then squares as large as its shorter side.

    In the whole of a wide picture a face at arm's length can be too small for the network.
    """
    longer, shorter = max(width, height), min(width, height)
    yield Square((width - longer) / 2, (height - longer) / 2, longer)
    if longer > 1.2 * shorter:
        steps = math.ceil(2 * (longer - shorter) / shorter)  # neighbours share half, at least
        for step in range(steps + 1):
            along = (longer - shorter) * step / steps
            yield Square(along, 0, shorter) if width > height else Square(0, along, shorter)


def _touches(square: Square, picture: Image.Image) -> bool:
    right, bottom = square.left + square.side, square.top + square.side
    return square.left < picture.width and square.top < picture.height and min(right, bottom) > 1


def _same(face: Values, looks: Values) -> Values | None:
    """Return the one of the looks that shows this face; None when none of them does."""
    if not len(looks):
        return None
    shared = shares(face[1:5], looks[:, 1:5])
    found: Values = looks[shared.argmax()]
    return found if shared.max() > 0 else None


def _face(row: Values) -> Face:
    places = [Point(float(x), float(y)) for x, y in row[1:].reshape(-1, 2)]
    return Face(min(1.0, float(row[0])), *places)
