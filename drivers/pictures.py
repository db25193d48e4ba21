"""Colour pictures as bytes and as arrays: what cameras send, and what a page shows.

Pure. Formats: V4L2 pixel formats of the kernel's media documentation (YUYV is BT.601 with limited
range there), JPEG and PNG through Pillow.
"""

import io
import struct
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from greenline.drivers.camera import Picture, Rotation
from greenline.drivers.errors import BadTransferError

MOST_PIXELS = 50_000_000

_QUARTER_TURNS = {
    Rotation.NONE: 0,
    Rotation.QUARTER: -1,
    Rotation.HALF: 2,
    Rotation.THREE_QUARTERS: 1,
}
# Red, green, blue from (Y - 16, U - 128, V - 128): ITU-R BT.601, 8 bits, limited range.
_BT601 = np.array(
    [[1.164384, 0.0, 1.596027], [1.164384, -0.391762, -0.812968], [1.164384, 2.017232, 0.0]],
    np.float32,
)


def upright(pixels: NDArray[np.uint8], rotation: Rotation) -> NDArray[np.uint8]:
    """Turn a picture (height, width, 3) clockwise; the result owns its memory."""
    return np.ascontiguousarray(np.rot90(pixels, _QUARTER_TURNS[rotation]))


def from_yuyv(data: bytes, width: int, height: int, bytes_per_line: int) -> NDArray[np.uint8]:
    """Return the colours of a picture with two pixels in four bytes (Y0 U Y1 V).

    Lines may be padded to bytes_per_line. Raises BadTransferError when bytes are missing, or the
    size is none.
    """
    if width % 2:
        raise BadTransferError(f"lines of {width} pixels cannot be sent two pixels at a time")
    lines = _lines(data, width * 2, height, bytes_per_line)
    pairs = lines.reshape(height, width // 2, 4).astype(np.float32)
    colours = np.empty((height, width, 3), np.float32)
    colours[..., 0] = lines[:, 0::2].astype(np.float32) - 16
    colours[..., 1] = np.repeat(pairs[..., 1] - 128, 2, axis=1)
    colours[..., 2] = np.repeat(pairs[..., 3] - 128, 2, axis=1)
    colours = colours @ _BT601.T
    return np.rint(colours).clip(0, 255).astype(np.uint8)


def from_grey(data: bytes, width: int, height: int, bytes_per_line: int) -> NDArray[np.uint8]:
    """Return a picture with one byte a pixel as colours. Raises BadTransferError."""
    return np.repeat(_lines(data, width, height, bytes_per_line)[..., None], 3, axis=2)


def from_file(data: bytes, most_pixels: int = MOST_PIXELS) -> NDArray[np.uint8]:
    """Read a JPEG or PNG file's bytes, turned as its EXIF entry says.

    Raises BadTransferError when they are damaged, cut, or of more pixels, before they are unpacked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on odd metadata: only the pixels count here
            with _opened(data) as image:
                if image.width * image.height > most_pixels:
                    raise BadTransferError(f"a picture of {image.width}x{image.height} is too big")
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise BadTransferError(f"the picture is damaged: {error}") from error


def _opened(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
    except OSError as error:  # whose own sentence names an object in memory
        raise BadTransferError("the picture is damaged: it is no JPEG and no PNG file") from error


def to_jpeg(picture: Picture, most_width: int = 640, quality: int = 80) -> bytes:
    """Return the picture as a JPEG file for a page, scaled down to most_width pixels."""
    image = Image.fromarray(picture.pixels)
    if image.width > most_width:
        image = image.resize((most_width, max(1, round(image.height * most_width / image.width))))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _lines(data: bytes, used: int, height: int, bytes_per_line: int) -> NDArray[np.uint8]:
    """Return (height, used) bytes without the padding behind each line."""
    if not used or not height:
        raise BadTransferError("the camera says that its pictures have no pixels")
    # Behind the last line nothing need come: what a camera says of it must not fill the memory.
    stride = max(used, bytes_per_line) if height > 1 else used
    if len(data) < stride * (height - 1) + used:
        raise BadTransferError(f"{len(data)} bytes are too few for {height} lines of {stride}")
    padded = data[: stride * height].ljust(stride * height, b"\0")
    return np.frombuffer(padded, np.uint8).reshape(height, stride)[:, :used]
