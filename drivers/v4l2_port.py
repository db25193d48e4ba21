"""The port to a Video4Linux device: the only file that knows its ioctls' errors, mmap and select.

The kernel itself is an argument, so that a modelled webcam (simulation/webcam.py) can take its
place beneath everything here.
"""

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from greenline.drivers import v4l2_codec as codec
from greenline.drivers.errors import PortLostError, port_lost
from greenline.drivers.port import Clock
from greenline.drivers.v4l2_codec import ControlId, Request

_BUFFERS = 4
_MOST_FORMATS = 64  # a device that never says "no more" must not hold us for ever

# How a device says no without being broken.
_NO_MORE = frozenset({errno.EINVAL, errno.ENOTTY})
_NOT_YET = frozenset({errno.EAGAIN})
_NO_CONTROL = _NO_MORE | {  # webcams stall on controls that they claim to have
    errno.ERANGE, errno.EACCES, errno.EBUSY, errno.EPIPE, errno.EIO, errno.ETIMEDOUT, errno.EAGAIN,
}  # fmt: skip


class Memory(Protocol):
    """A piece of the kernel's memory, such as mmap.mmap."""

    def __getitem__(self, part: slice) -> bytes: ...

    def close(self) -> None:
        """Give it back."""


class Kernel(Protocol):
    """What the port needs of an operating system; every method may raise OSError."""

    def open(self, path: str) -> int:
        """Open the device file without blocking and return its descriptor."""

    def ioctl(self, descriptor: int, request: int, argument: ctypes.Structure) -> None:
        """Carry out one ioctl; the argument is read and written in place."""

    def map(self, descriptor: int, length: int, offset: int) -> Memory:
        """Map the room for one picture."""

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        """Wait until a picture (or a fault) is there; False: the time ran out."""

    def close(self, descriptor: int) -> None:
        """Close the device file."""


class Linux:
    """The real one."""

    def open(self, path: str) -> int:
        """Open the device file without blocking and return its descriptor."""
        return os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def ioctl(self, descriptor: int, request: int, argument: ctypes.Structure) -> None:
        """Carry out one ioctl; the argument is read and written in place."""
        fcntl.ioctl(descriptor, request, argument)

    def map(self, descriptor: int, length: int, offset: int) -> Memory:
        """Map the room for one picture."""
        protection = mmap.PROT_READ | mmap.PROT_WRITE
        return mmap.mmap(descriptor, length, mmap.MAP_SHARED, protection, offset=offset)

    def wait(self, descriptor: int, timeout_s: float) -> bool:
        """Wait until a picture (or a fault) is there; False: the time ran out."""
        ready, _, _ = select.select([descriptor], [], [], timeout_s)
        return bool(ready)

    def close(self, descriptor: int) -> None:
        """Close the device file."""
        os.close(descriptor)


@dataclass(frozen=True)
class StreamFormat:
    """What the pictures are. letters: the pixel format, such as MJPG. Sizes in pixels and bytes."""

    letters: str
    width: int
    height: int
    bytes_per_line: int


class VideoPort:
    """One open video device. Every method may raise PortLostError."""

    def __init__(self, path: str, clock: Clock, kernel: Kernel) -> None:
        self._path = path
        self._clock = clock
        self._kernel = kernel
        self._rooms: list[Memory] = []
        with _faults_of(path):
            self._descriptor: int | None = kernel.open(path)

    def model(self) -> str | None:
        """Return the device's name; None when it is nothing that streams pictures."""
        capability = codec.Capability()
        try:
            self._ask(Request.QUERYCAP, capability)
        except OSError as error:
            if error.errno in {errno.ENOTTY, errno.EINVAL}:
                return None  # some other kind of device file
            raise _lost(self._path, error) from error
        powers = capability.capabilities
        if powers & codec.HAS_DEVICE_CAPS:
            powers = capability.device_caps
        if not (powers & codec.CAN_CAPTURE and powers & codec.CAN_STREAM):
            return None
        name = capability.card.decode("ascii", "replace")
        return "".join(letter for letter in name if letter.isascii() and letter.isprintable())

    def formats(self) -> list[str]:
        """Return the pixel formats that the device offers, by their four letters."""
        found = []
        for index in range(_MOST_FORMATS):
            one = codec.FormatDescription(index=index, type=codec.CAPTURE)
            if not self._granted(Request.ENUM_FMT, one, _NO_MORE):
                break
            found.append(codec.four_letters(one.pixelformat))
        return found

    def set_format(self, letters: str, width: int, height: int) -> StreamFormat:
        """Choose a format and a size in pixels; return what the device made of them."""
        wish = codec.Format(type=codec.CAPTURE)
        wish.fmt.pix.pixelformat = codec.from_letters(letters)
        wish.fmt.pix.width, wish.fmt.pix.height = width, height
        wish.fmt.pix.field = codec.FIELD_NONE
        with _faults_of(self._path):
            self._ask(Request.S_FMT, wish)
        got = wish.fmt.pix
        return StreamFormat(
            codec.four_letters(got.pixelformat), got.width, got.height, got.bytesperline
        )

    def control(self, number: ControlId) -> int | None:
        """Return a control's value; None when the device has no such control."""
        control = codec.Control(id=number)
        return control.value if self._granted(Request.G_CTRL, control, _NO_CONTROL) else None

    def set_control(self, number: ControlId, value: int) -> bool:
        """Set a control; False when the device has none or refuses the value."""
        return self._granted(Request.S_CTRL, codec.Control(id=number, value=value), _NO_CONTROL)

    def start(self) -> None:
        """Let the pictures come."""
        with _faults_of(self._path):
            wish = codec.RequestBuffers(count=_BUFFERS, type=codec.CAPTURE, memory=codec.MEMORY_MAP)
            self._ask(Request.REQBUFS, wish)
            for index in range(wish.count):
                room = _buffer(index)
                self._ask(Request.QUERYBUF, room)
                self._rooms.append(
                    self._kernel.map(self._open_descriptor(), room.length, room.m.offset)
                )
                self._ask(Request.QBUF, _buffer(index))
            self._ask(Request.STREAMON, codec.BufferType(codec.CAPTURE))

    def frame(self, deadline: float) -> bytes | None:
        """Return the bytes of the next picture; None when none comes before the deadline.

        Pictures that the kernel itself marks as damaged are passed over.
        """
        while True:
            with _faults_of(self._path):
                left = max(0.0, deadline - self._clock())
                if not self._kernel.wait(self._open_descriptor(), left):
                    return None
                data = self._take()
            if data:
                return data
            if self._clock() >= deadline:
                return None

    def drop_waiting(self) -> None:
        """Forget the pictures that were made before now and not fetched."""
        with _faults_of(self._path):
            for _ in self._rooms:
                if not self._kernel.wait(self._open_descriptor(), 0.0):
                    return
                self._take()

    def close(self) -> None:
        """Stop the pictures and let go of the device; harmless when closed already or gone."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if self._rooms:  # else it never streamed, and may be streaming for another program
            with contextlib.suppress(OSError):
                self._kernel.ioctl(descriptor, Request.STREAMOFF, codec.BufferType(codec.CAPTURE))
        for room in self._rooms:
            room.close()
        self._rooms.clear()
        with contextlib.suppress(OSError):
            self._kernel.close(descriptor)

    def _take(self) -> bytes | None:
        """Fetch one picture and give its room back; None: there was none, or a damaged one."""
        room = _buffer(0)
        if not self._granted(Request.DQBUF, room, _NOT_YET):
            return None
        sound = not room.flags & codec.BUFFER_ERROR
        data = bytes(self._rooms[room.index][: room.bytesused]) if sound else None
        self._ask(Request.QBUF, _buffer(room.index))
        return data

    def _granted(
        self, request: Request, argument: ctypes.Structure, refusals: frozenset[int]
    ) -> bool:
        """Carry out an ioctl that the device may refuse without being broken."""
        try:
            self._ask(request, argument)
        except OSError as error:
            if error.errno in refusals:
                return False
            raise _lost(self._path, error) from error
        return True

    def _ask(self, request: Request, argument: ctypes.Structure) -> None:
        self._kernel.ioctl(self._open_descriptor(), request, argument)

    def _open_descriptor(self) -> int:
        if self._descriptor is None:
            raise PortLostError(f"{self._path}: it has been closed")
        return self._descriptor


def _buffer(index: int) -> ctypes.Structure:
    return codec.Buffer(index=index, type=codec.CAPTURE, memory=codec.MEMORY_MAP)


_REMEDIES = {
    errno.ENOENT: "it is not there; plug the camera in and look at its name",
    errno.EACCES: "this program may not use it; add its user to the group video",
    errno.EPERM: "this program may not use it; add its user to the group video",
    errno.EBUSY: "another program uses it; stop that one first",
    errno.ENODEV: "it has been unplugged",
    errno.ENXIO: "it has been unplugged",
    errno.EIO: "it has failed; unplug the camera and plug it in again",
    errno.ENOSPC: "its USB line is full; plug the camera in elsewhere or choose a smaller size",
}


def _lost(path: str, error: OSError) -> PortLostError:
    remedy = _REMEDIES.get(error.errno or 0, f"it has failed or been unplugged ({error})")
    return port_lost(error.errno or 0, f"{path}: {remedy}")


@contextmanager
def _faults_of(path: str) -> Iterator[None]:
    """Turn what the operating system raises into PortLostError."""
    try:
        yield
    except OSError as error:
        raise _lost(path, error) from error
