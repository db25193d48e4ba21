"""Extraction: from a frame to its minutiae, by one of the networks of readings.py.

The kiosk makes templates with it, the centre enrols with it. What the networks are, where they come
from and what is unknown about them: docs/models/.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.models.errors import ModelFileError, PictureError
from greenline.models.manifest import ModelFile, installed_folder, read_manifest
from greenline.models.networks import Networks
from greenline.models.readings import READINGS, Answers, Found, Reading
from greenline.models.runtime import Runtime
from greenline.models.tiles import Tile, cut_tiles
from greenline.prints.frame import Frame
from greenline.prints.template import Kind, Template

MODEL = "greenline-1"
"""The network that is used unless the configuration names another."""

DPI = 500.0  # the scale of the ridges that the networks learnt
SMALLEST_MM = 5.0
LARGEST_MM = 51.0
MOST_MINUTIAE = 255  # the count is one byte in ISO/IEC 19794-2:2005


class Extractor:
    """A minutiae network, opened once. Not safe to share between threads.

    model: its name in the manifest. accurate: look at each picture and at its mirror image, in
    twice the time. runtime: None takes the first installed. threshold: least quality (0-1) of a
    minutia, None takes the manifest's. Raises ModelFileError when there is no such model, or it
    knows no accurate mode, and RuntimeMissingError.
    """

    def __init__(
        self,
        *,
        model: str = MODEL,
        accurate: bool = False,
        runtime: Runtime | None = None,
        num_threads: int = 1,
        threshold: float | None = None,
    ) -> None:
        folder = installed_folder()
        self._reading = _reading(model, accurate=accurate)
        self._accurate = accurate
        files = read_manifest(folder).of_model(model)
        self._thresholds = files[0].minutia_thresholds()
        self.threshold = self._thresholds.minutia if threshold is None else threshold
        self._networks = Networks(files, folder, runtime, num_threads)
        self._id = f"{model}/{_digest(files)}" + ("+mirror" if accurate else "")

    @property
    def model_id(self) -> str:
        """The model's name and the first 8 digits of a hash over its files."""
        return self._id

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """The input sizes (height, width) of the model's files, smallest first."""
        return self._networks.sizes

    def extract(self, frame: Frame) -> Template:
        """Return the minutiae of a frame at 500 dpi, best first, at most 255.

        A picture without ridges gives none. Raises PictureError on a picture smaller than 5 mm
        or larger than 51 mm either way.
        """
        picture = at_500_dpi(frame)
        height, width = picture.shape
        tiles = cut_tiles(picture, self.sizes)
        found = [self._read_tile(pixels, tile) for tile, pixels in tiles]
        minutiae = _best_inside(np.concatenate(found), height, width)
        if len(tiles) > 1:
            minutiae = _without_doubles(minutiae, self._reading.seam)
        return self._template(minutiae[:MOST_MINUTIAE], height, width)

    def _read_tile(self, pixels: NDArray[np.uint8], tile: Tile) -> Found:
        found = self._reading.decode(self._answers(pixels), self.threshold)
        found[:, :2] += (tile.columns.start, tile.rows.start)
        return found[_answered(found, tile, self._reading.seam)]

    def _answers(self, pixels: NDArray[np.uint8]) -> Answers:
        values = pixels[np.newaxis, ..., np.newaxis].astype(np.float32)
        network = self._networks.of_size(pixels.shape)
        answers = np.asarray(network.run(values)[0])
        if not self._accurate or self._reading.mirrored is None:
            return answers
        mirrored = self._reading.mirrored(network.run(values[:, :, ::-1])[0])
        return np.asarray((answers + mirrored) / 2, np.float32)

    def _template(self, found: Found, height: int, width: int) -> Template:
        x, y, direction, ending, quality = found.T
        kind = np.where(ending >= self._thresholds.ending, Kind.ENDING, Kind.BIFURCATION)
        return Template(
            width,
            height,
            DPI,
            x.copy(),
            y.copy(),
            _full_turn(direction),
            kind.astype(np.uint8),
            np.clip(np.rint(quality * 100), 1, 100).astype(np.uint8),
        )


def _reading(model: str, *, accurate: bool) -> Reading:
    if model not in READINGS:
        raise ModelFileError(f"no model {model!r}: there are {', '.join(READINGS)}")
    reading = READINGS[model]
    if accurate and reading.mirrored is None:
        raise ModelFileError(f"the model {model} has no accurate mode")
    return reading


def _digest(files: tuple[ModelFile, ...]) -> str:
    return hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()[:8]


def at_500_dpi(frame: Frame) -> NDArray[np.uint8]:
    """Return the frame's pixels at 500 dpi. Raises PictureError if it cannot show one finger."""
    _refuse_impossible(frame)
    scale = DPI / frame.dpi
    size = (round(frame.width * scale), round(frame.height * scale))
    if size == (frame.width, frame.height):
        return frame.pixels
    picture = Image.fromarray(frame.pixels)
    return np.asarray(picture.resize(size, Image.Resampling.BICUBIC))


def _refuse_impossible(frame: Frame) -> None:
    width, height = (pixels / frame.dpi * 25.4 for pixels in (frame.width, frame.height))
    size = f"{width:.1f} x {height:.1f} mm"
    if min(width, height) < SMALLEST_MM:
        raise PictureError(f"the picture shows only {size}: too small for a comparison")
    if max(width, height) > LARGEST_MM:
        raise PictureError(f"the picture shows {size}: too large to be one finger, check its dpi")


def _answered(found: Found, tile: Tile, seam: int) -> NDArray[np.bool_]:
    """Which minutiae lie in the tile's own part of the picture, or just over its seam.

    So a minutia on a border is found by one of the tiles at least; the second finding is dropped.
    """
    x, y = found[:, 0], found[:, 1]
    inside = (x >= tile.columns.first - seam) & (x < tile.columns.last + seam)
    inside &= (y >= tile.rows.first - seam) & (y < tile.rows.last + seam)
    return inside


def _best_inside(found: Found, height: int, width: int) -> Found:
    """Return the minutiae that lie in the picture, not in its padding, best first."""
    x, y = found[:, 0], found[:, 1]
    inside = found[(x >= 0) & (x < width) & (y >= 0) & (y < height)]
    return inside[np.argsort(-inside[:, 4], kind="stable")]


def _without_doubles(found: Found, seam: int) -> Found:
    """Drop each minutia that lies within seam pixels of a better one. found: best first."""
    kept: list[int] = []
    for index, (x, y) in enumerate(found[:, :2]):
        near = np.abs(found[kept, :2] - (x, y)).max(axis=1, initial=0.0) <= seam
        if not near.any():
            kept.append(index)
    return found[kept]


def _full_turn(direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring radians into [0, 2 pi), also where float32 rounds up to 2 pi itself."""
    turned = np.mod(direction, np.float32(2 * math.pi))
    return np.where(turned >= np.float32(2 * math.pi), np.float32(0), turned)
