"""Video4Linux 2: the structures and numbers of its ioctls, as far as a webcam needs them.

Source: the kernel's include/uapi/linux/videodev2.h and v4l2-controls.h (6.1), and the media
userspace API documentation. Two structures hold addresses or times and so have another layout on
machines of 32 bits: layout() makes both, and the rest of the driver uses this machine's own.

Our own, because the libraries that speak V4L2 (linuxpy, v4l2py, v4l2-python3) are GPL, which a
product under Apache-2.0 cannot ship, and OpenCV or PyAV bring 30 to 90 MB to a kiosk.
"""

import ctypes
from dataclasses import dataclass
from enum import IntEnum

CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
MEMORY_MAP = 1  # V4L2_MEMORY_MMAP
FIELD_NONE = 1
CAN_CAPTURE = 0x1
CAN_STREAM = 0x0400_0000
HAS_DEVICE_CAPS = 0x8000_0000
BUFFER_ERROR = 0x40

EXPOSURE_UNITS_A_SECOND = 10_000  # of V4L2_CID_EXPOSURE_ABSOLUTE

_U8, _U16, _U32, _S32 = ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_int32


class ControlId(IntEnum):
    """Controls of a camera: numbers of v4l2-controls.h."""

    GAIN = 0x0098_0913
    POWER_LINE_FREQUENCY = 0x0098_0918  # 0 off, 1: 50 Hz, 2: 60 Hz
    EXPOSURE_AUTO = 0x009A_0901  # 0 automatic, 1 manual, 3 automatic at a fixed aperture
    EXPOSURE_ABSOLUTE = 0x009A_0902  # units of 100 microseconds


class Capability(ctypes.Structure):
    """struct v4l2_capability: what the device is and can do."""

    _fields_ = (
        ("driver", ctypes.c_char * 16),
        ("card", ctypes.c_char * 32),
        ("bus_info", ctypes.c_char * 32),
        ("version", _U32),
        ("capabilities", _U32),
        ("device_caps", _U32),
        ("reserved", _U32 * 3),
    )


class FormatDescription(ctypes.Structure):
    """struct v4l2_fmtdesc: one pixel format that the device offers."""

    _fields_ = (
        ("index", _U32),
        ("type", _U32),
        ("flags", _U32),
        ("description", ctypes.c_char * 32),
        ("pixelformat", _U32),
        ("mbus_code", _U32),
        ("reserved", _U32 * 3),
    )


class PixFormat(ctypes.Structure):
    """struct v4l2_pix_format: size and layout of the pictures."""

    _fields_ = (
        ("width", _U32),
        ("height", _U32),
        ("pixelformat", _U32),
        ("field", _U32),
        ("bytesperline", _U32),
        ("sizeimage", _U32),
        ("colorspace", _U32),
        ("priv", _U32),
        ("flags", _U32),
        ("ycbcr_enc", _U32),
        ("quantization", _U32),
        ("xfer_func", _U32),
    )


class RequestBuffers(ctypes.Structure):
    """struct v4l2_requestbuffers: how many pictures the kernel keeps room for."""

    _fields_ = (
        ("count", _U32),
        ("type", _U32),
        ("memory", _U32),
        ("capabilities", _U32),
        ("flags", _U8),
        ("reserved", _U8 * 3),
    )


class Control(ctypes.Structure):
    """struct v4l2_control: the value of one control."""

    _fields_ = (("id", _U32), ("value", _S32))


class BufferType(ctypes.Structure):
    """The plain int that STREAMON and STREAMOFF take."""

    _fields_ = (("type", ctypes.c_int),)


_Word = type[ctypes.c_int32] | type[ctypes.c_int64]


@dataclass(frozen=True)
class Layout:
    """The structures that differ between machines. format: v4l2_format. buffer: v4l2_buffer."""

    format: type[ctypes.Structure]
    buffer: type[ctypes.Structure]


def layout(bits: int) -> Layout:
    """Return the structures as a machine of 32 or 64 bits has them.

    The times of 32 bits are those of programs with a 32-bit time_t. Every kernel takes them, unless
    it was built without CONFIG_COMPAT_32BIT_TIME.
    """
    words: dict[int, _Word] = {32: ctypes.c_int32, 64: ctypes.c_int64}
    word = words[bits]  # of the width of a long and a pointer
    return Layout(_format(word), _buffer(word))


def _format(word: _Word) -> type[ctypes.Structure]:
    class FormatUnion(ctypes.Union):
        # The kernel's union holds a structure with a pointer, which sets its alignment.
        _fields_ = (("pix", PixFormat), ("raw_data", _U8 * 200), ("_align", word))

    class Format(ctypes.Structure):
        _fields_ = (("type", _U32), ("fmt", FormatUnion))

    return Format


class _TimeCode(ctypes.Structure):
    _fields_ = (("type", _U32), ("flags", _U32), ("digits", _U8 * 4), ("userbits", _U8 * 4))


def _buffer(word: _Word) -> type[ctypes.Structure]:
    class TimeValue(ctypes.Structure):
        _fields_ = (("tv_sec", word), ("tv_usec", word))

    class BufferUnion(ctypes.Union):
        _fields_ = (("offset", _U32), ("userptr", word), ("fd", _S32))

    class Buffer(ctypes.Structure):
        _fields_ = (
            ("index", _U32),
            ("type", _U32),
            ("bytesused", _U32),
            ("flags", _U32),
            ("field", _U32),
            ("timestamp", TimeValue),
            ("timecode", _TimeCode),
            ("sequence", _U32),
            ("memory", _U32),
            ("m", BufferUnion),
            ("length", _U32),
            ("reserved2", _U32),
            ("request_fd", _S32),
        )

    return Buffer


_OWN = layout(8 * ctypes.sizeof(ctypes.c_void_p))
Format = _OWN.format  # size and layout of the pictures, going to and fro
Buffer = _OWN.buffer  # the room for one picture, going to and fro

_WRITE, _READ, _BOTH = 1, 2, 3


def ioctl_number(direction: int, serial: int, structure: type[ctypes.Structure]) -> int:
    """Return an ioctl number as asm-generic/ioctl.h makes it, type 'V'."""
    return direction << 30 | ctypes.sizeof(structure) << 16 | ord("V") << 8 | serial


class Request(IntEnum):
    """The ioctls, by the kernel's names without VIDIOC_."""

    QUERYCAP = ioctl_number(_READ, 0, Capability)
    ENUM_FMT = ioctl_number(_BOTH, 2, FormatDescription)
    S_FMT = ioctl_number(_BOTH, 5, Format)
    REQBUFS = ioctl_number(_BOTH, 8, RequestBuffers)
    QUERYBUF = ioctl_number(_BOTH, 9, Buffer)
    QBUF = ioctl_number(_BOTH, 15, Buffer)
    DQBUF = ioctl_number(_BOTH, 17, Buffer)
    STREAMON = ioctl_number(_WRITE, 18, BufferType)
    STREAMOFF = ioctl_number(_WRITE, 19, BufferType)
    G_CTRL = ioctl_number(_BOTH, 27, Control)
    S_CTRL = ioctl_number(_BOTH, 28, Control)


def four_letters(code: int) -> str:
    """Return a pixel format's code as its four letters, such as MJPG."""
    return code.to_bytes(4, "little").decode("ascii", "replace")


def from_letters(letters: str) -> int:
    """Return the code of a pixel format's four letters."""
    return int.from_bytes(letters.encode("ascii"), "little")
