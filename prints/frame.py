"""A frame: the grey picture that a sensor delivers, before anything is decided about it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greenline.prints.errors import FrameError


@dataclass(frozen=True, eq=False)
class Frame:
    """One grey picture of a finger: dark ridges on a light ground.

    pixels: uint8, shape (height, width), 0 is black. dpi: pixels per inch, both ways.
    grey_levels: how many levels the source really delivers (16 from a serial module).
    """

    pixels: NDArray[np.uint8]
    dpi: float
    grey_levels: int = 256

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2 or self.pixels.dtype != np.uint8 or not self.pixels.size:
            raise FrameError("a frame needs a two-dimensional picture of 8-bit grey values")
        if not 50 <= self.dpi <= 4000:
            raise FrameError(f"a resolution of {self.dpi:g} dpi is not one of a fingerprint sensor")

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.pixels.shape[0])

    @classmethod
    def from_nibbles(cls, data: bytes, width: int, height: int, dpi: float) -> Self:
        """Expand two 4-bit pixels a byte, left pixel in the high nibble (ZFM manual, UpImage).

        Raises FrameError when the byte count does not fit the size.
        """
        if len(data) * 2 != width * height:
            raise FrameError(
                f"{len(data)} bytes are not a {width}x{height} picture of 4-bit pixels"
            )
        packed = np.frombuffer(data, np.uint8)
        pixels = np.empty(packed.size * 2, np.uint8)
        pixels[0::2] = packed >> 4
        pixels[1::2] = packed & 15
        return cls((pixels * 17).reshape(height, width), dpi, grey_levels=16)

    def to_nibbles(self) -> bytes:
        """Pack two pixels a byte, as a serial module does. Raises FrameError on an odd count."""
        if self.pixels.size % 2:
            raise FrameError("a picture with an odd number of pixels cannot be packed by nibbles")
        flat = self.pixels.reshape(-1) >> 4
        return (flat[0::2] << 4 | flat[1::2]).astype(np.uint8).tobytes()
