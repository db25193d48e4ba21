"""The layouts against the kernel's own: numbers printed by a C program over linux/videodev2.h."""

import platform
import struct

import pytest

from greenline.drivers import v4l2_codec as codec
from greenline.drivers.v4l2_codec import Request, four_letters, from_letters

is_64_bit = struct.calcsize("P") == 8
only_64_bit = pytest.mark.skipif(not is_64_bit, reason="the C program ran on 64 bits")


@only_64_bit
def test_ioctl_numbers_are_the_kernels() -> None:
    assert {request.name: int(request) for request in Request} == {
        "QUERYCAP": 0x80685600,
        "ENUM_FMT": 0xC0405602,
        "S_FMT": 0xC0D05605,
        "REQBUFS": 0xC0145608,
        "QUERYBUF": 0xC0585609,
        "QBUF": 0xC058560F,
        "DQBUF": 0xC0585611,
        "STREAMON": 0x40045612,
        "STREAMOFF": 0x40045613,
        "G_CTRL": 0xC008561B,
        "S_CTRL": 0xC008561C,
    }, platform.machine()


@only_64_bit
def test_fields_lie_where_the_kernel_has_them() -> None:
    found = {
        "capability.capabilities": codec.Capability.capabilities.offset,
        "capability.device_caps": codec.Capability.device_caps.offset,
        "fmtdesc.pixelformat": codec.FormatDescription.pixelformat.offset,
        "format.fmt": codec.Format.fmt.offset,
        "pix_format.bytesperline": codec.PixFormat.bytesperline.offset,
        "pix_format.sizeimage": codec.PixFormat.sizeimage.offset,
        "buffer.bytesused": codec.Buffer.bytesused.offset,
        "buffer.flags": codec.Buffer.flags.offset,
        "buffer.timestamp": codec.Buffer.timestamp.offset,
        "buffer.timecode": codec.Buffer.timecode.offset,
        "buffer.sequence": codec.Buffer.sequence.offset,
        "buffer.memory": codec.Buffer.memory.offset,
        "buffer.m": codec.Buffer.m.offset,
        "buffer.length": codec.Buffer.length.offset,
    }
    assert found == {
        "capability.capabilities": 84,
        "capability.device_caps": 88,
        "fmtdesc.pixelformat": 44,
        "format.fmt": 8,
        "pix_format.bytesperline": 16,
        "pix_format.sizeimage": 20,
        "buffer.bytesused": 8,
        "buffer.flags": 12,
        "buffer.timestamp": 24,
        "buffer.timecode": 40,
        "buffer.sequence": 56,
        "buffer.memory": 60,
        "buffer.m": 64,
        "buffer.length": 72,
    }


def test_a_pixel_format_is_four_letters_from_the_lowest_byte() -> None:
    assert from_letters("YUYV") == 0x56595559
    assert four_letters(0x47504A4D) == "MJPG"
