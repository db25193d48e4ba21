"""What the kiosk asks of a camera, whichever it is: a preview and a still picture.

The camera watches from its opening to its closing, so a kiosk opens it for the step that needs it
and closes it again: nobody stands before a camera that runs without a reason.
"""

from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

PREVIEW_S = 2.0
STILL_S = 6.0


class Rotation(IntEnum):
    """How far a picture is turned clockwise to stand upright: how the camera is mounted."""

    NONE = 0
    QUARTER = 90
    HALF = 180
    THREE_QUARTERS = 270


@dataclass(frozen=True)
class Settings:
    """How a camera is opened. width, height: pixels wished for, before the picture is turned.

    exposure_s: a fixed exposure in seconds; None: the camera regulates itself.
    """

    width: int = 1280
    height: int = 720
    rotation: Rotation = Rotation.NONE
    exposure_s: float | None = None


@dataclass(frozen=True)
class Exposure:
    """How a picture was exposed, as the camera states it.

    seconds, gain: None when the camera does not say. Some webcams state their manual value while
    they regulate themselves: with automatic set, seconds is a hint only.
    settled: the brightness had stopped changing before the picture was taken.
    """

    seconds: float | None
    gain: float | None
    automatic: bool
    settled: bool


@dataclass(frozen=True, eq=False)
class Picture:
    """One upright colour picture.

    pixels: uint8, shape (height, width, 3), red green blue. taken_s: seconds on the clock that the
    camera was opened with, when the picture arrived. rotation: how far it was turned to stand
    upright; that is done already.
    """

    pixels: NDArray[np.uint8]
    taken_s: float
    rotation: Rotation
    exposure: Exposure

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True)
class CameraInfo:
    """What a camera is. width, height: pixels of its upright pictures; None until the first."""

    model: str
    width: int | None
    height: int | None
    rotation: Rotation


class Camera(Protocol):
    """One open camera. Not safe to share between threads.

    preview and still may raise PortLostError (close it and open it anew later), PortTimeoutError
    (no picture came in time) and BadTransferError (what comes stays damaged).
    """

    def info(self) -> CameraInfo:
        """Describe the camera, from what is known already."""

    def preview(self, timeout_s: float = PREVIEW_S) -> Picture:
        """Return the newest picture as it is, for somebody to look at."""

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """Wait until the exposure has settled, then return a picture to keep.

        When it does not settle (flickering light), the picture says so in its exposure.
        """

    def close(self) -> None:
        """Stop watching and let go of the device; harmless when it is gone or closed already."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
