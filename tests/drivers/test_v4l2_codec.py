"""The layouts against the kernel's own, for machines of 64 and of 32 bits.

The tables are what compilers made of linux/videodev2.h (6.1): gcc for x86-64 and for armhf, the
latter with its usual 32-bit time_t. Both are checked on every machine.
"""

import ctypes

import pytest

from greenline.drivers import v4l2_codec as codec
from greenline.drivers.v4l2_codec import Layout, Request, four_letters, from_letters, layout

SAME_SIZES = {"capability": 104, "fmtdesc": 64, "pix": 48, "requestbuffers": 20, "control": 8}
SIZES = {
    64: SAME_SIZES | {"format": 208, "buffer": 88},
    32: SAME_SIZES | {"format": 204, "buffer": 68},
}
SAME_OFFSETS = {
    "capability": {"card": 16, "capabilities": 84, "device_caps": 88},
    "fmtdesc": {"pixelformat": 44},
    "pix": {"bytesperline": 16, "sizeimage": 20},
    "requestbuffers": {"memory": 8, "capabilities": 12, "flags": 16},
    "control": {"value": 4},
}
OFFSETS = {
    64: SAME_OFFSETS | {
        "format": {"fmt": 8},
        "buffer": {
            "bytesused": 8, "flags": 12, "field": 16, "timestamp": 24, "timecode": 40,
            "sequence": 56, "memory": 60, "m": 64, "length": 72, "reserved2": 76, "request_fd": 80,
        },
    },
    32: SAME_OFFSETS | {
        "format": {"fmt": 4},
        "buffer": {
            "bytesused": 8, "flags": 12, "field": 16, "timestamp": 20, "timecode": 28,
            "sequence": 44, "memory": 48, "m": 52, "length": 56, "reserved2": 60, "request_fd": 64,
        },
    },
}  # fmt: skip
SAME_NUMBERS = {
    "QUERYCAP": 0x80685600,
    "ENUM_FMT": 0xC0405602,
    "REQBUFS": 0xC0145608,
    "STREAMON": 0x40045612,
    "STREAMOFF": 0x40045613,
    "G_CTRL": 0xC008561B,
    "S_CTRL": 0xC008561C,
}
NUMBERS = {
    64: SAME_NUMBERS | {
        "S_FMT": 0xC0D05605, "QUERYBUF": 0xC0585609, "QBUF": 0xC058560F, "DQBUF": 0xC0585611,
    },
    32: SAME_NUMBERS | {
        "S_FMT": 0xC0CC5605, "QUERYBUF": 0xC0445609, "QBUF": 0xC044560F, "DQBUF": 0xC0445611,
    },
}  # fmt: skip
OWN_BITS = 8 * ctypes.sizeof(ctypes.c_void_p)
both = pytest.mark.parametrize("bits", [32, 64])


def structures(of: Layout) -> dict[str, type[ctypes.Structure]]:
    return {
        "capability": codec.Capability,
        "fmtdesc": codec.FormatDescription,
        "pix": codec.PixFormat,
        "requestbuffers": codec.RequestBuffers,
        "control": codec.Control,
        "format": of.format,
        "buffer": of.buffer,
    }


def numbers(of: Layout) -> dict[str, int]:
    """Return the ioctl numbers with the sizes that these structures have."""
    sized = {"S_FMT": of.format, "QUERYBUF": of.buffer, "QBUF": of.buffer, "DQBUF": of.buffer}
    return {
        request.name: codec.ioctl_number(request >> 30, request & 0xFF, sized[request.name])
        if request.name in sized
        else int(request)
        for request in Request
    }


@both
def test_structures_are_as_long_as_the_kernels(bits: int) -> None:
    found = structures(layout(bits))
    assert {name: ctypes.sizeof(one) for name, one in found.items()} == SIZES[bits]


@both
def test_fields_lie_where_the_kernel_has_them(bits: int) -> None:
    found = structures(layout(bits))
    assert {
        name: {field: getattr(found[name], field).offset for field in fields}
        for name, fields in OFFSETS[bits].items()
    } == OFFSETS[bits]


@both
def test_ioctl_numbers_are_the_kernels(bits: int) -> None:
    assert numbers(layout(bits)) == NUMBERS[bits]


def test_the_driver_uses_the_layout_of_this_machine() -> None:
    assert {request.name: int(request) for request in Request} == NUMBERS[OWN_BITS]
    assert ctypes.sizeof(codec.Format) == SIZES[OWN_BITS]["format"]
    assert ctypes.sizeof(codec.Buffer) == SIZES[OWN_BITS]["buffer"]


def test_a_pixel_format_is_four_letters_from_the_lowest_byte() -> None:
    assert from_letters("YUYV") == 0x56595559
    assert four_letters(0x47504A4D) == "MJPG"
