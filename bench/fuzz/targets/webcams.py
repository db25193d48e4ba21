"""Webcams, through a kernel that says and sends what it was told to."""

import ctypes
import errno
from typing import Any

from PIL import Image

from bench.fuzz.target import Prepared, Target
from bench.fuzz.targets.pictures import saved
from greenline.drivers import v4l2_codec
from greenline.drivers.camera import Settings
from greenline.drivers.errors import DriverError
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.drivers.v4l2 import V4l2Camera
from greenline.drivers.v4l2_codec import Request


class _Kernel:
    """A kernel whose webcam is made of the input: format, size, bytes a line, name, picture."""

    def __init__(self, data: bytes) -> None:
        self.clock = VirtualClock()
        self._letters, self._size, self._line = data[:4], data[4:12], data[12:16]
        self._name, self._picture = data[16:32], data[32:]

    def open(self, path: str) -> int:
        del path
        return 3

    def close(self, descriptor: int) -> None:
        del descriptor

    def map(self, descriptor: int, length: int, offset: int) -> "_Room":
        del descriptor, length, offset
        return _Room(self._picture)

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        del descriptor, timeout_s
        self.clock.now += 1 / 30
        return True

    def ioctl(self, descriptor: int, request: int, argument: ctypes.Structure) -> None:
        del descriptor
        said: Any = argument
        match request:
            case Request.QUERYCAP:
                said.capabilities = v4l2_codec.CAN_CAPTURE | v4l2_codec.CAN_STREAM
                said.card = self._name
            case Request.ENUM_FMT:
                if said.index:
                    raise OSError(errno.EINVAL, "there are no more")
                said.pixelformat = _number(self._letters)
            case Request.S_FMT:
                pix = said.fmt.pix
                pix.width, pix.height = _number(self._size[:4]), _number(self._size[4:])
                pix.bytesperline = _number(self._line)
            case Request.REQBUFS:
                said.count = 1
            case Request.DQBUF:
                said.bytesused = len(self._picture)


class _Room:
    """The kernel's memory for one picture."""

    def __init__(self, picture: bytes) -> None:
        self._picture = picture

    def __getitem__(self, part: slice) -> bytes:
        return self._picture[part]

    def close(self) -> None:
        pass


def _number(part: bytes) -> int:
    return int.from_bytes(part, "little")


def _webcams() -> Prepared:
    def decode(data: bytes) -> Any:
        kernel = _Kernel(data)
        with V4l2Camera.open("/dev/video0", Settings(), kernel.clock, kernel) as camera:
            camera.info()
            return camera.preview(0.5)

    def seed(letters: bytes, line: int, picture: bytes) -> bytes:
        sizes = b"".join(value.to_bytes(4, "little") for value in (8, 6, line))
        return letters + sizes + b"Webcam\xff ".ljust(16, b"\0") + picture

    jpeg = saved(Image.new("RGB", (8, 6), "red"), "JPEG")
    return Prepared(
        decode,
        (
            seed(b"YUYV", 16, bytes(range(96))),
            seed(b"YUYV", 20, bytes(120)),
            seed(b"GREY", 8, bytes(48)),
            seed(b"MJPG", 0, jpeg),
        ),
        None,
        (b"YUYV", b"GREY", b"MJPG", b"\7\0\0\0", b"\0\0\0\0"),
    )


TARGETS = (Target("webcam", _webcams, (DriverError,)),)
