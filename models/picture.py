"""Reads a picture file of a finger into a frame, for enrolment from files and for tests.

The file is outside data: its size is judged by its header, before a pixel is decoded.
"""

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from greenline.models.errors import PictureError
from greenline.prints.frame import Frame

FORMATS = ("PNG", "TIFF", "BMP", "PPM", "JPEG")
MOST_PIXELS = 4_000_000
FEWEST_PIXELS = 32  # either way
MOST_BYTES = 32_000_000
# Below lies what screen software writes without thinking (72, 96, 150), above no sensor's value.
DPI_RANGE = (200.0, 2100.0)
# Everything that Pillow raises on damaged files, over its versions.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_picture(
    path: Path, dpi: float | None = None, *, otherwise_dpi: float | None = None
) -> Frame:
    """Read a PNG, TIFF, BMP, PGM or JPEG file; dark ridges on a light ground are expected.

    dpi: pixels per inch; None takes the file's own value if it is one of a fingerprint scan, and
    otherwise_dpi (None: refuse) if it states none.
    Colours become grey, 16-bit values their upper 8 bits, transparent parts white.
    Raises PictureError (unreadable, truncated, too large, no resolution) and FrameError.
    """
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise PictureError(f"{path.name} is larger than {MOST_BYTES // 1_000_000} megabytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # remarks on damaged tags: the pixels decide
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # In memory: of a file, Pillow reads as much at once as the file's own numbers say.
            with Image.open(io.BytesIO(path.read_bytes()), formats=FORMATS) as image:
                _refuse_by_header(image, path.name)
                resolution = dpi
                if resolution is None:
                    resolution = _stated_resolution(image) or otherwise_dpi
                if resolution is None:
                    raise PictureError(
                        f"{path.name} does not say its resolution: give it with --dpi"
                    )
                return Frame(_grey(image), resolution)
    except DAMAGE as error:
        raise PictureError(f"{path.name} cannot be read as a picture: {error}") from error


def _refuse_by_header(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise PictureError(f"{name} has {width}x{height} pixels, too many for one finger")
    if min(width, height) < FEWEST_PIXELS:
        raise PictureError(f"{name} has {width}x{height} pixels, too few for a finger")
    if image.mode == "F":
        raise PictureError(f"{name} holds numbers, not grey levels")


def _stated_resolution(image: Image.Image) -> float | None:
    stated: Any = image.info.get("dpi", (0, 0))
    across, down = (float(value) for value in stated)
    if not DPI_RANGE[0] <= across <= DPI_RANGE[1] or abs(across - down) > 0.01 * across:
        return None
    return across


def _grey(image: Image.Image) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.int64)
        return (np.clip(wide, 0, 65535) >> 8).astype(np.uint8)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), coloured)
    return np.array(image.convert("L"), np.uint8)
