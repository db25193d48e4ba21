"""Driver of webcams: a Camera over Video4Linux 2.

Prefers MJPG, the only format in which USB 2 carries a large picture fluently.
"""

from collections.abc import Callable
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
    Rotation,
    Settings,
)
from greenline.drivers.errors import BadTransferError, CameraUrlError, PortTimeoutError
from greenline.drivers.exposure import LONGEST_S, Taken, settled
from greenline.drivers.pictures import from_file, from_grey, from_yuyv, upright
from greenline.drivers.port import Clock
from greenline.drivers.v4l2_codec import EXPOSURE_UNITS_A_SECOND, ControlId
from greenline.drivers.v4l2_port import Kernel, Linux, StreamFormat, VideoPort

_MANUAL, _APERTURE_PRIORITY = 1, 3  # values of EXPOSURE_AUTO that webcams have
_50_HZ = 1  # of POWER_LINE_FREQUENCY: without it, lamps on the mains flicker in the picture

Decode = Callable[[bytes, StreamFormat], NDArray[np.uint8]]


class V4l2Camera:
    """One webcam: a Camera. Not safe to share between threads."""

    def __init__(
        self, port: VideoPort, model: str, clock: Clock, stream: StreamFormat, rotation: Rotation
    ) -> None:
        self._port = port
        self._model = model
        self._clock = clock
        self._stream = stream
        self._rotation = rotation

    @classmethod
    def open(
        cls, path: str, settings: Settings, clock: Clock, kernel: Kernel | None = None
    ) -> Self:
        """Open the device file and let the camera watch.

        Raises PortLostError when it is absent, forbidden or taken, CameraUrlError when it is no
        camera, sends nothing that can be read, or cannot keep the exposure that is asked for.
        """
        port = VideoPort(path, clock, Linux() if kernel is None else kernel)
        try:
            model = _model(port, path)
            stream = _choose_format(port, path, settings)
            _set_exposure(port, path, settings.exposure_s)
            port.start()
        except BaseException:
            port.close()
            raise
        return cls(port, model, clock, stream, settings.rotation)

    def info(self) -> CameraInfo:
        """Describe the camera, from what is known already."""
        width, height = self._stream.width, self._stream.height
        if self._rotation in {Rotation.QUARTER, Rotation.THREE_QUARTERS}:
            width, height = height, width
        return CameraInfo(self._model, width, height, self._rotation)

    def preview(self, timeout_s: float = PREVIEW_S) -> Picture:
        """Return the next picture as it is. What lay about is dropped: it may be seconds old."""
        self._port.drop_waiting()
        pixels = self._next(self._clock() + timeout_s)
        return self._picture(Taken(pixels, self._clock(), settled=False))

    def still(self, timeout_s: float = STILL_S) -> Picture:
        """Wait until the exposure has settled, then return a picture to keep."""
        deadline = self._clock() + timeout_s
        self._port.drop_waiting()
        limit = min(deadline, self._clock() + LONGEST_S)
        return self._picture(settled(lambda: self._next(deadline), self._clock, limit))

    def close(self) -> None:
        """Stop watching and let go of the device; harmless when it is gone or closed already."""
        self._port.close()

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
        """Return the next picture that can be read, not turned yet."""
        damage: BadTransferError | None = None
        while (data := self._port.frame(deadline)) is not None:
            try:
                return _decode(data, self._stream)
            except BadTransferError as error:
                damage = error
                if self._clock() >= deadline:
                    break
        if damage is not None:
            raise damage
        raise PortTimeoutError("the camera sends no pictures; unplug it and plug it in again")

    def _picture(self, taken: Taken) -> Picture:
        units = self._port.control(ControlId.EXPOSURE_ABSOLUTE)
        gain = self._port.control(ControlId.GAIN)
        exposure = Exposure(
            seconds=None if units is None else units / EXPOSURE_UNITS_A_SECOND,
            gain=None if gain is None else float(gain),
            automatic=self._port.control(ControlId.EXPOSURE_AUTO) != _MANUAL,
            settled=taken.settled,
        )
        pixels = upright(taken.pixels, self._rotation)
        return Picture(pixels, taken.taken_s, self._rotation, exposure)


def _model(port: VideoPort, path: str) -> str:
    model = port.model()
    if model is None:
        raise CameraUrlError(
            f"{path} gives no pictures; many webcams have several such files, and only the "
            "first is the camera"
        )
    return model


def _choose_format(port: VideoPort, path: str, settings: Settings) -> StreamFormat:
    offered = port.formats()
    for letters in _DECODERS:
        if letters in offered:
            stream = port.set_format(letters, settings.width, settings.height)
            if stream.letters == letters:
                return stream
    raise CameraUrlError(
        f"{path} sends its pictures as {', '.join(offered) or 'nothing'} only; "
        f"choose a camera with one of {', '.join(_DECODERS)}"
    )


def _set_exposure(port: VideoPort, path: str, exposure_s: float | None) -> None:
    port.set_control(ControlId.POWER_LINE_FREQUENCY, _50_HZ)
    if exposure_s is None:
        port.set_control(ControlId.EXPOSURE_AUTO, _APERTURE_PRIORITY)
        return
    units = max(1, round(exposure_s * EXPOSURE_UNITS_A_SECOND))
    fixed = port.set_control(ControlId.EXPOSURE_AUTO, _MANUAL)
    if not (fixed and port.set_control(ControlId.EXPOSURE_ABSOLUTE, units)):
        raise CameraUrlError(
            f"{path} cannot keep an exposure of {exposure_s:g} s; leave exposure out"
        )


def _decode(data: bytes, stream: StreamFormat) -> NDArray[np.uint8]:
    pixels = _DECODERS[stream.letters](data, stream)
    if pixels.shape[:2] != (stream.height, stream.width):
        raise BadTransferError(
            f"a picture of {pixels.shape[1]}x{pixels.shape[0]} came instead of "
            f"{stream.width}x{stream.height}"
        )
    return pixels


_DECODERS: dict[str, Decode] = {  # the best first
    "MJPG": lambda data, s: from_file(data, s.width * s.height),
    "YUYV": lambda data, s: from_yuyv(data, s.width, s.height, s.bytes_per_line),
    "GREY": lambda data, s: from_grey(data, s.width, s.height, s.bytes_per_line),
}
