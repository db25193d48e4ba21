"""The prints of the simulated sensor: folders of pictures, of which another one comes each time.

A picture that was enrolled is never what is pressed. Each press has noise of the sensor's own and
16 grey levels; a finger with a single picture is turned, shifted and stretched, as skin is.
"""

import itertools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.cli.errors import CommandError
from greenline.cli.print_names import finger_of
from greenline.models.picture import read_picture
from greenline.models.training.synthesis import as_sensor
from greenline.prints.frame import Frame

PICTURES = frozenset({".png", ".tif", ".tiff", ".bmp", ".pgm", ".jpg", ".jpeg"})

USUAL_DPI = 500
"""Resolution of a picture that does not state its own."""

_SENSOR_WIDTH_INCH = 256 / 500
_SENSOR_HEIGHT_INCH = 288 / 500
_BLOCK = 16
_GROUND = 255


@dataclass(frozen=True)
class Finger:
    """One finger of a print folder: its name and its pictures, in order."""

    name: str
    pictures: tuple[Path, ...]


def find_fingers(folder: Path) -> list[Finger]:
    """Return the fingers of a folder and its subfolders: <finger>_<impression>.png and the like.

    A picture whose name does not end with _<number> is a finger of its own.

    Raises CommandError (exit code 3) when there is none.
    """
    if not folder.is_dir():
        raise CommandError(f"the print folder {folder} does not exist", 3)
    grouped: dict[str, list[Path]] = {}
    for path in folder.rglob("*"):
        if path.suffix.lower() in PICTURES and path.is_file():
            grouped.setdefault(_finger_name(path, folder), []).append(path)
    if not grouped:
        raise CommandError(
            f"{folder} holds no picture (png, tif, bmp, pgm, jpg), named <finger>_<impression>", 3
        )
    return [
        Finger(name, tuple(sorted(grouped[name], key=_natural)))
        for name in sorted(grouped, key=lambda name: _natural(Path(name)))
    ]


def _finger_name(path: Path, folder: Path) -> str:
    inside = path.relative_to(folder)
    return (inside.parent / finger_of(inside.stem)).as_posix()


def _natural(path: Path) -> tuple[tuple[int, str], ...]:
    """Sort key by which finger 2 comes before finger 10."""
    parts = ("".join(run) for _, run in itertools.groupby(str(path), str.isdigit))
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


class FolderShelf:
    """Shelf (see drivers/simulation/page.py) over fingers. enrolled: pictures never to be shown."""

    def __init__(
        self,
        fingers: Sequence[tuple[str, Finger]],
        enrolled: Iterable[Path],
        dpi: float | None,
    ) -> None:
        """Fingers come with the name to show each under."""
        hidden = set(enrolled)
        self._dpi = dpi
        self._lock = threading.Lock()
        self._presses = 0
        self._turns: dict[str, itertools.cycle[tuple[Path, bool]]] = {}
        for name, finger in fingers:
            others = [path for path in finger.pictures if path not in hidden]
            # One picture alone, perhaps the enrolled one: show it as skin would deform it.
            deform = not others or len(finger.pictures) == 1
            shown = others or finger.pictures[:1]
            self._turns[name] = itertools.cycle([(path, deform) for path in shown])

    def names(self) -> Sequence[str]:
        """Return the names in the order given."""
        return list(self._turns)

    def impression(self, name: str) -> Frame:
        """Return the next impression of a finger with new noise. Raises LookupError."""
        with self._lock:
            path, deform = next(self._turns[name])
            self._presses += 1
            seed = self._presses
        frame = on_area(read_picture(path, self._dpi, otherwise_dpi=USUAL_DPI))
        return as_sensor(deformed(frame, seed) if deform else frame, seed)


def on_area(frame: Frame) -> Frame:
    """Return the part of a larger picture that lies on a sensor of 256x288 pixels at 500 dpi.

    The middle of what has ridges is put in the sensor's middle, as an officer would ask for.
    """
    height = round(_SENSOR_HEIGHT_INCH * frame.dpi)
    width = round(_SENSOR_WIDTH_INCH * frame.dpi)
    if frame.width <= width and frame.height <= height:
        return frame
    row, column = _middle(frame.pixels)
    padded = np.pad(frame.pixels, ((height, height), (width, width)), constant_values=_GROUND)
    top, left = row + height - height // 2, column + width - width // 2
    return Frame(np.ascontiguousarray(padded[top : top + height, left : left + width]), frame.dpi)


def deformed(frame: Frame, seed: int) -> Frame:
    """Return the picture turned by up to 10 degrees, shifted and smoothly stretched."""
    rng = np.random.default_rng(seed)
    height, width = frame.pixels.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float64)
    angle = rng.uniform(-1, 1) * np.pi / 18
    y, x = rows - height / 2, columns - width / 2
    shift = rng.uniform(-12, 12, 2)
    from_y = y * np.cos(angle) - x * np.sin(angle) + height / 2 + shift[0]
    from_x = y * np.sin(angle) + x * np.cos(angle) + width / 2 + shift[1]
    from_y += _smooth(rng, height, width)
    from_x += _smooth(rng, height, width)
    return Frame(_sample(frame.pixels, from_y, from_x), frame.dpi, frame.grey_levels)


def _smooth(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """Return a smooth random field of displacements, about 2.5 pixels."""
    coarse = Image.fromarray(rng.normal(0, 2.5, (4, 4)).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float64)


def _sample(
    pixels: NDArray[np.uint8], y: NDArray[np.float64], x: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Sample bilinearly; outside lies the ground."""
    padded = np.pad(pixels.astype(np.float64), 1, constant_values=_GROUND)
    y = np.clip(y + 1, 0, padded.shape[0] - 1.001)
    x = np.clip(x + 1, 0, padded.shape[1] - 1.001)
    top, left = y.astype(np.intp), x.astype(np.intp)
    down, right = y - top, x - left
    upper = padded[top, left] * (1 - right) + padded[top, left + 1] * right
    lower = padded[top + 1, left] * (1 - right) + padded[top + 1, left + 1] * right
    return np.rint(upper * (1 - down) + lower * down).astype(np.uint8)


def _middle(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """Return row and column of the middle of the ridges, by the variance of blocks."""
    height, width = (length - length % _BLOCK for length in pixels.shape)
    if not height or not width:
        return pixels.shape[0] // 2, pixels.shape[1] // 2
    blocks = pixels[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    weight = blocks.astype(np.float64).std(axis=(1, 3))
    weight = np.where(weight > weight.mean(), weight, 0) + 1e-9
    rows, columns = np.mgrid[0 : weight.shape[0], 0 : weight.shape[1]]
    total = weight.sum()
    row = ((rows * weight).sum() / total + 0.5) * _BLOCK
    column = ((columns * weight).sum() / total + 0.5) * _BLOCK
    return round(float(row)), round(float(column))
