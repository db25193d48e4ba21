"""A webcam and the kernel's Video4Linux above it, modelled: what VideoPort asks, answered in kind.

Time is virtual: waiting for a picture moves the clock on. A model written from the kernel's
documentation, not a recording: it shows that the driver keeps to the interface, not that every
webcam does.
"""

import ctypes
import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenline.drivers import v4l2_codec as codec
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.drivers.v4l2_codec import ControlId, Request

Expose = Callable[[float, str, int, int], bytes]
"""Makes the picture of this time in seconds, format, width and height, as bytes on the wire."""

_DESCRIPTOR = 3
_METADATA_CAPTURE = 0x0080_0000


@dataclass
class Webcam:
    """What stands on the desk; a test changes it while the driver runs.

    formats: pixel format to the sizes it comes in, pixels. padding: bytes behind each line.
    controls: what can be set, with its values. plugged, forbidden: as the operating system finds
    it. is_video: its file is a video device's; streams: one that gives pictures. delivers:
    pictures come at all. damaged: how many of the next pictures the kernel marks as damaged.
    """

    expose: Expose
    formats: dict[str, list[tuple[int, int]]]
    frame_s: float = 1 / 30
    padding: int = 0
    controls: dict[int, int] = field(default_factory=dict)
    name: str = "Simulated webcam"
    plugged: bool = True
    forbidden: bool = False
    streams: bool = True
    is_video: bool = True
    delivers: bool = True
    damaged: int = 0


class WebcamKernel:
    """The operating system with one webcam at one path: the Kernel of a VideoPort.

    holders: how often its file is open. mapped: how many rooms of pictures are mapped.
    """

    def __init__(self, webcam: Webcam, path: str = "/dev/video0") -> None:
        self.webcam = webcam
        self.path = path
        self.clock = VirtualClock()
        self.streaming = False
        self.holders = 0
        self.mapped = 0
        self._format = codec.Format()
        self._rooms: list[bytearray] = []
        self._empty: list[int] = []
        self._full: list[tuple[int, int, int]] = []  # index, bytes, flags
        self._next_s = 0.0
        self._deeds: dict[Request, Callable[[Any], None]] = {
            Request.QUERYCAP: self._query_capability,
            Request.ENUM_FMT: self._describe_format,
            Request.S_FMT: self._set_format,
            Request.REQBUFS: self._request_buffers,
            Request.QUERYBUF: self._query_buffer,
            Request.QBUF: self._queue_buffer,
            Request.DQBUF: self._dequeue_buffer,
            Request.STREAMON: self._start,
            Request.STREAMOFF: self._stop,
            Request.G_CTRL: self._get_control,
            Request.S_CTRL: self._set_control,
        }

    def open(self, path: str) -> int:
        """Open the device file."""
        if path != self.path or not self.webcam.plugged:
            raise _error(errno.ENOENT)
        if self.webcam.forbidden:
            raise _error(errno.EACCES)
        self.holders += 1
        return _DESCRIPTOR

    def close(self, descriptor: int) -> None:
        """Close it, which stops the pictures and frees their rooms."""
        del descriptor
        self.holders -= 1
        self.streaming = False
        self._rooms.clear()

    def ioctl(self, descriptor: int, request: int, argument: ctypes.Structure) -> None:
        """Carry out one ioctl as the uvcvideo driver does."""
        del descriptor
        self._demand_plugged()
        if not self.webcam.is_video:
            raise _error(errno.ENOTTY)
        self._deeds[Request(request)](argument)

    def map(self, descriptor: int, length: int, offset: int) -> "Room":
        """Map the room for one picture; the offset is 4096 times its number."""
        del descriptor
        room = self._rooms[offset // 4096]
        if length != len(room):
            raise _error(errno.EINVAL)
        self.mapped += 1
        return Room(room, self)

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        """Let time pass until a picture is there."""
        del descriptor
        if not self.webcam.plugged or not self.streaming:
            return True  # the kernel reports a fault as "readable"
        self._run_until(self.clock.now)
        if not self._full:
            comes = self.webcam.delivers and bool(self._empty)
            until = self.clock.now + timeout_s
            self.clock.now = min(until, self._next_s) if comes else until
            self._run_until(self.clock.now)
        return bool(self._full)

    def _run_until(self, now: float) -> None:
        """Expose every picture due by now; without an empty room it is lost, as in the kernel."""
        while self.streaming and self._next_s <= now:
            if self._empty and self.webcam.delivers:
                self._expose(self._empty.pop(0))
            self._next_s += self.webcam.frame_s

    def _expose(self, index: int) -> None:
        pix = self._format.fmt.pix
        letters = codec.four_letters(pix.pixelformat)
        data = self.webcam.expose(self._next_s, letters, pix.width, pix.height)
        self._rooms[index][: len(data)] = data
        flags = codec.BUFFER_ERROR if self.webcam.damaged > 0 else 0
        self.webcam.damaged -= self.webcam.damaged > 0
        self._full.append((index, len(data), flags))

    def _demand_plugged(self) -> None:
        if not self.webcam.plugged:
            raise _error(errno.ENODEV)

    def _query_capability(self, argument: codec.Capability) -> None:
        argument.card = self.webcam.name.encode()
        capture = codec.CAN_CAPTURE if self.webcam.streams else _METADATA_CAPTURE
        argument.device_caps = capture | codec.CAN_STREAM
        # What all files of the device can do together, so not this one's own powers.
        argument.capabilities = codec.CAN_CAPTURE | codec.CAN_STREAM | codec.HAS_DEVICE_CAPS

    def _describe_format(self, argument: codec.FormatDescription) -> None:
        names = list(self.webcam.formats)
        if argument.index >= len(names):
            raise _error(errno.EINVAL)
        argument.pixelformat = codec.from_letters(names[argument.index])

    def _set_format(self, argument: ctypes.Structure) -> None:
        """Take the format and size that come nearest to the wish."""
        if self.streaming or self.holders > 1:
            raise _error(errno.EBUSY)
        wish = argument.fmt.pix
        letters = codec.four_letters(wish.pixelformat)
        if letters not in self.webcam.formats:
            letters = next(iter(self.webcam.formats))
        width, height = min(
            self.webcam.formats[letters],
            key=lambda size: abs(size[0] - wish.width) + abs(size[1] - wish.height),
        )
        line = width * _BYTES_PER_PIXEL.get(letters, 0)
        wish.pixelformat, wish.width, wish.height = codec.from_letters(letters), width, height
        wish.bytesperline = line + self.webcam.padding if line else 0
        wish.sizeimage = height * wish.bytesperline or width * height * 3
        self._format = argument

    def _request_buffers(self, argument: codec.RequestBuffers) -> None:
        size = self._format.fmt.pix.sizeimage
        self._rooms = [bytearray(size) for _ in range(argument.count)]
        self._empty, self._full = [], []

    def _query_buffer(self, argument: ctypes.Structure) -> None:
        argument.length = len(self._rooms[argument.index])
        argument.m.offset = argument.index * 4096

    def _queue_buffer(self, argument: ctypes.Structure) -> None:
        if argument.index in self._empty:
            raise _error(errno.EINVAL)
        self._empty.append(argument.index)

    def _dequeue_buffer(self, argument: ctypes.Structure) -> None:
        if not self.streaming:
            raise _error(errno.EINVAL)
        if not self._full:
            raise _error(errno.EAGAIN)
        argument.index, argument.bytesused, argument.flags = self._full.pop(0)

    def _start(self, argument: codec.BufferType) -> None:
        del argument
        self.streaming = True
        self._next_s = self.clock.now + self.webcam.frame_s

    def _stop(self, argument: codec.BufferType) -> None:
        del argument
        self.streaming = False

    def _get_control(self, argument: codec.Control) -> None:
        if argument.id not in self.webcam.controls:
            raise _error(errno.EINVAL)
        argument.value = self.webcam.controls[argument.id]

    def _set_control(self, argument: codec.Control) -> None:
        """Set a control; the exposure time in the manual mode only."""
        controls = self.webcam.controls
        if argument.id not in controls:
            raise _error(errno.EINVAL)
        if argument.id == ControlId.EXPOSURE_ABSOLUTE and controls[ControlId.EXPOSURE_AUTO] != 1:
            raise _error(errno.EACCES)
        controls[argument.id] = argument.value


class Room:
    """Mapped memory: shows what the webcam writes, until it is closed."""

    def __init__(self, memory: bytearray, kernel: WebcamKernel) -> None:
        self._memory: bytearray | None = memory
        self._kernel = kernel

    def __getitem__(self, part: slice) -> bytes:
        if self._memory is None:
            raise ValueError("this memory was given back")
        return bytes(self._memory[part])

    def close(self) -> None:
        """Give it back."""
        self._kernel.mapped -= self._memory is not None
        self._memory = None


_BYTES_PER_PIXEL = {"YUYV": 2, "GREY": 1}


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
