"""A folder of pictures as a Camera: for demonstrations, tests and kiosks without a camera.

Each still is the next picture of the folder by name, and after the last the first again; the
preview shows the one that the next still will be.
"""

from pathlib import Path
from types import TracebackType
from typing import Self

from greenline.drivers.camera import (
    PREVIEW_S,
    STILL_S,
    CameraInfo,
    Exposure,
    Picture,
    Settings,
)
from greenline.drivers.errors import PortLostError
from greenline.drivers.pictures import from_file, upright
from greenline.drivers.port import Clock

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
            paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
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
        """Return the picture that the next still will be."""
        del timeout_s  # a file is there at once
        path = self._paths[self._next % len(self._paths)]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PortLostError(f"{path}: this picture cannot be read ({error})") from error
        pixels = upright(from_file(data), self._settings.rotation)
        self._size = pixels.shape[1], pixels.shape[0]
        return Picture(pixels, self._clock(), self._settings.rotation, _EXPOSURE)

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """Return the next picture of the folder. A damaged one is passed over the next time."""
        try:
            return self.preview(timeout_s)
        finally:
            self._next += 1

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
