"""Picture files: of fingers, for enrolment, and of faces and documents, from a camera."""

import io

import numpy as np
from PIL import Image

from bench.fuzz import repairs
from bench.fuzz.files import through_file
from bench.fuzz.target import BrokenError, Prepared, Target
from greenline.drivers.errors import BadTransferError
from greenline.drivers.pictures import from_file
from greenline.models.errors import PictureError
from greenline.models.picture import MOST_PIXELS, read_picture
from greenline.prints.errors import FrameError
from greenline.prints.frame import Frame

_TOKENS = (
    b"IHDR", b"IDAT", b"IEND", b"PLTE", b"tRNS", b"pHYs", b"eXIf", b"iCCP", b"tEXt", b"acTL",
    b"II*\0", b"MM\0*", b"BM", b"P5\n", b"P6\n", b"Pf\n", b"\xff\xd8", b"\xff\xe1", b"\xff\xc0",
    b"\xff\xc2", b"\xff\xda", b"\xff\xd9", b"Exif\0\0", b"\x1a\x01\5\0", b"\x12\x01\3\0",
)  # fmt: skip


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def _grey() -> Image.Image:
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (33, 34)).astype(np.uint8))


def _fingers() -> tuple[bytes, ...]:
    grey, at = _grey(), {"dpi": (500, 500)}
    wide = Image.fromarray(np.arange(33 * 34, dtype=np.uint16).reshape(33, 34))
    return (
        saved(grey, "PNG", **at),
        saved(wide, "PNG", **at),
        saved(grey.convert("RGBA"), "PNG", **at),
        saved(grey.convert("P"), "PNG", transparency=3, **at),
        saved(grey, "BMP", **at),
        saved(grey.convert("RGB"), "BMP", **at),
        saved(grey, "TIFF", **at),
        saved(grey, "TIFF", compression="tiff_lzw", **at),
        saved(grey.convert("1"), "TIFF", compression="group4", **at),
        saved(grey, "JPEG", **at),
        saved(grey, "PPM"),
    )


def _camera() -> tuple[bytes, ...]:
    colours = _grey().convert("RGB")
    turned = Image.Exif()
    turned[0x0112] = 6
    return (
        saved(colours, "JPEG", quality=70),
        saved(colours, "JPEG", progressive=True, exif=turned),
        saved(_grey(), "JPEG"),
        saved(colours, "PNG", exif=turned),
        saved(_grey().convert("P"), "PNG"),
    )


def _is_frame(_data: bytes, frame: Frame) -> None:
    if frame.pixels.size > MOST_PIXELS:
        raise BrokenError("it has too many pixels")


def _is_colour(_data: bytes, pixels: np.ndarray) -> None:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise BrokenError("it is no array of colours")


TARGETS = (
    Target(
        "finger-picture",
        lambda: Prepared(
            through_file(lambda path: read_picture(path, otherwise_dpi=500.0)),
            _fingers(),
            _is_frame,
            _TOKENS,
            repaired=repairs.png_sums,
        ),
        (PictureError, FrameError),
        most_ms=1000.0,
        most_mb=96.0,
    ),
    Target(
        "camera-picture",
        lambda: Prepared(from_file, _camera(), _is_colour, _TOKENS, repaired=repairs.png_sums),
        (BadTransferError,),
        # A photograph from a file may have 50 million pixels; a webcam's is bounded by its format.
        most_ms=10_000.0,
        most_mb=600.0,
    ),
)
