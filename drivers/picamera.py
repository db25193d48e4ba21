"""Driver of the Raspberry Pi's own cameras: a Camera over picamera2 (libcamera).

picamera2 comes from apt (python3-picamera2) and exists on a Pi alone. Nothing here has met a real
one yet: the tests hand in a module that follows picamera2 0.3.38, as read in its source (BSD-2).
To be seen on a Pi: the order of the colours, how long starting takes, and what an unplugged ribbon
cable does.
"""

import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

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
from greenline.drivers.errors import DriverError, PortLostError, PortTimeoutError
from greenline.drivers.exposure import LONGEST_S, Taken, settled
from greenline.drivers.pictures import upright
from greenline.drivers.port import Clock

log = logging.getLogger(__name__)

LoadLibrary = Callable[[], Any]
"""Returns the module picamera2; Any, because it has no types and is not installed here."""

_RED_GREEN_BLUE = "BGR888"  # libcamera names the bytes from the last to the first
_LEAST_WAIT_S = 0.01  # 0 would mean "do not wait, give me a job"


def _installed() -> Any:
    """Import picamera2, which must not happen before a camera is opened."""
    return importlib.import_module("picamera2")


class PiCamera:
    """One camera of the Pi: a Camera. Not safe to share between threads."""

    def __init__(self, device: Any, model: str, clock: Clock, settings: Settings) -> None:
        self._device = device
        self._model = model
        self._clock = clock
        self._settings = settings
        self._size: tuple[int, int] | None = None
        self._metadata: dict[str, Any] = {}

    @classmethod
    def open(
        cls, number: int, settings: Settings, clock: Clock, load: LoadLibrary = _installed
    ) -> Self:
        """Open the camera of this number and let it watch.

        Raises PortLostError when picamera2 cannot be used here or there is no such camera.
        """
        library = _library(load)
        with _faults_of(number):
            cameras = library.global_camera_info()
            if number >= len(cameras):
                raise PortLostError(
                    f"camera {number} is not there ({len(cameras)} found); "
                    "look at its ribbon cable, then start the kiosk again"
                )
            device = library(number)
        try:
            with _faults_of(number):
                device.configure(_configuration(device, settings))
                device.start()
        except BaseException:
            _close(device, number)
            raise
        return cls(device, str(cameras[number].get("Model", "camera")), clock, settings)

    def info(self) -> CameraInfo:
        """Describe the camera, from what is known already."""
        width, height = self._size or (None, None)
        return CameraInfo(self._model, width, height, self._settings.rotation)

    def preview(self, timeout_s: float = PREVIEW_S) -> Picture:
        """Return the next picture as it is."""
        pixels = self._next(self._clock() + timeout_s)
        return self._picture(Taken(pixels, self._clock(), settled=False))

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """Wait until the exposure has settled, then return a picture to keep."""
        deadline = self._clock() + timeout_s
        limit = min(deadline, self._clock() + LONGEST_S)
        return self._picture(settled(lambda: self._next(deadline), self._clock, limit))

    def close(self) -> None:
        """Stop watching and let go of the camera; harmless when it is gone or closed already."""
        device, self._device = self._device, None
        if device is not None:
            _close(device, self._model)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _next(self, deadline: float) -> NDArray[np.uint8]:
        """Return the next picture, not turned yet, and keep its metadata."""
        if self._device is None:
            raise PortLostError("the camera has been closed")
        wait_s = max(_LEAST_WAIT_S, deadline - self._clock())
        try:
            with _faults_of(self._model):
                (pixels,), self._metadata = self._device.capture_arrays(["main"], wait=wait_s)
        except PortTimeoutError:
            with _faults_of(self._model):
                self._device.cancel_all_and_flush()  # or the next call gets this call's picture
            raise
        return np.asarray(pixels, np.uint8)[:, :, :3]

    def _picture(self, taken: Taken) -> Picture:
        turned = upright(taken.pixels, self._settings.rotation)
        self._size = turned.shape[1], turned.shape[0]
        microseconds, gain = self._metadata.get("ExposureTime"), self._metadata.get("AnalogueGain")
        exposure = Exposure(
            seconds=None if microseconds is None else microseconds / 1e6,
            gain=None if gain is None else float(gain),
            automatic=self._settings.exposure_s is None,
            settled=taken.settled,
        )
        return Picture(turned, taken.taken_s, self._settings.rotation, exposure)


def _configuration(device: Any, settings: Settings) -> Any:
    """Return a stream whose pictures can be looked at and kept."""
    controls: dict[str, Any] = {}
    if settings.exposure_s is not None:
        controls = {"AeEnable": False, "ExposureTime": round(settings.exposure_s * 1e6)}
    main = {"format": _RED_GREEN_BLUE, "size": (settings.width, settings.height)}
    return device.create_preview_configuration(main=main, controls=controls)


def _library(load: LoadLibrary) -> Any:
    """Return the class Picamera2. Raises PortLostError with what to install."""
    try:
        return load().Picamera2
    except ModuleNotFoundError as error:
        raise PortLostError(
            f"picamera2 is not installed ({error}); on a Pi: apt install python3-picamera2, and an "
            "environment made with --system-site-packages"
        ) from error
    except (ImportError, ValueError, AttributeError) as error:
        # What compiled parts raise that were built for another numpy, as apt's were on Bookworm.
        raise PortLostError(
            f"picamera2 is installed but cannot be loaded ({error}); it must fit numpy, which is "
            f"{np.__version__} here: on Raspberry Pi OS Bookworm, pip install 'numpy<2' into the "
            "kiosk's environment, then start the kiosk again"
        ) from error
    except (RuntimeError, OSError) as error:
        raise PortLostError(f"picamera2 cannot be loaded ({error})") from error


def _close(device: Any, camera: int | str) -> None:
    """Let go of a camera, which picamera2 may fail at when the camera has failed."""
    try:
        with _faults_of(camera):
            device.close()
    except DriverError as fault:
        log.warning("closing: %s", fault)


@contextmanager
def _faults_of(camera: int | str) -> Iterator[None]:
    """Turn what picamera2 raises into our faults: RuntimeError for nearly everything."""
    try:
        yield
    except TimeoutError as error:
        raise PortTimeoutError(
            f"camera {camera} sends no pictures; look at its ribbon cable"
        ) from error
    except (RuntimeError, OSError, IndexError, KeyError) as error:
        raise PortLostError(f"camera {camera} has failed: {error}") from error
