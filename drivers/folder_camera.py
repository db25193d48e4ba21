"""A folder of pictures as a Camera: for demonstrations, tests and kiosks without a camera.

Each still is the next picture of the folder by name, and after the last the first again; the
preview shows the one that the next still will be. Files that cannot be read are passed over.
"""

import logging
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.camera import (
    PREVIEW_S,
    STILL_S,
    CameraInfo,
    Exposure,
    Picture,
    Settings,
)
from greenline.drivers.errors import BadTransferError, PortLostError
from greenline.drivers.pictures import from_file, upright
from greenline.drivers.port import Clock

log = logging.getLogger(__name__)

_ENDINGS = {".jpg", ".jpeg", ".png"}
_EXPOSURE = Exposure(seconds=None, gain=None, automatic=False, settled=True)


class FolderCamera:
    """The pictures of one folder: a Camera. Their own size stands; settings gives the rotation."""

    def __init__(self, paths: list[Path], settings: Settings, clock: Clock) -> None:
        self._paths = paths
        self._settings = settings
        self._clock = clock
        self._next = 0
        self._size: tuple[int, int] | None = None

    @classmethod
    def open(cls, folder: Path, settings: Settings, clock: Clock) -> Self:
        """Look which pictures there are. Raises PortLostError when there is none."""
        try:
            paths = sorted(path for path in folder.iterdir() if _is_picture(path))
        except OSError as error:
            raise PortLostError(f"{folder}: this folder cannot be read ({error})") from error
        if not paths:
            raise PortLostError(f"{folder}: there is no .jpg or .png picture in this folder")
        return cls(paths, settings, clock)

    def info(self) -> CameraInfo:
        """Describe the camera, from what is known already."""
        width, height = self._size or (None, None)
        return CameraInfo("folder of pictures", width, height, self._settings.rotation)

    def preview(self, timeout_s: float = PREVIEW_S) -> Picture:
        """Return the picture that the next still will be.

        Raises the first file's fault when no file of the folder can be read.
        """
        del timeout_s  # a file is there at once
        pixels = upright(self._first_that_can_be_read(), self._settings.rotation)
        self._size = pixels.shape[1], pixels.shape[0]
        return Picture(pixels, self._clock(), self._settings.rotation, _EXPOSURE)

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """Return the next picture of the folder. Raises as preview does."""
        picture = self.preview(timeout_s)
        self._next += 1
        return picture

    def close(self) -> None:
        """Do nothing: a folder is not held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _first_that_can_be_read(self) -> NDArray[np.uint8]:
        """Go on to the next sound file, once round at most, and return its picture."""
        faults: list[PortLostError | BadTransferError] = []
        for _ in self._paths:
            try:
                return _read(self._paths[self._next % len(self._paths)])
            except (PortLostError, BadTransferError) as fault:
                log.warning("passed over: %s", fault)
                faults.append(fault)
                self._next += 1
        raise faults[0]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in _ENDINGS and path.is_file()


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        return from_file(path.read_bytes())
    except OSError as error:
        raise PortLostError(f"{path}: this picture cannot be read ({error})") from error
    except BadTransferError as error:
        raise BadTransferError(f"{path}: {error}") from error
