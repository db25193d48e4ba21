"""An OLED with its controller at an I2C bus, modelled from the data sheets.

Sources: Solomon Systech SSD1306 rev 1.1 and Sino Wealth SH1106 V2.3, the commands that set where
the next byte of picture goes, whether the display is on, and how bright. Everything else is
swallowed with its parameters. It stands in for smbus2's bus below luma, or, behind an I2cLine, for
the kernel below smbus2.
"""

import ctypes
import errno
import os
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from greenline.drivers.oled import Controller

WIDTH, HEIGHT = 128, 64
_PAGES = HEIGHT // 8
_COMMANDS, _PICTURE = 0x00, 0x40  # the control byte in front of what is sent
_MOST_OF_SMBUS = 32

# How many parameters follow a command; those that are not listed have none.
_PARAMETERS = {
    Controller.SSD1306: {
        0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1,
        0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
    },
    Controller.SH1106: {
        0x81: 1, 0xA8: 1, 0xAD: 1, 0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1,
    },
}  # fmt: skip
_MEMORY_COLUMNS = {Controller.SSD1306: 128, Controller.SH1106: 132}
_FIRST_VISIBLE = {Controller.SSD1306: 0, Controller.SH1106: 2}


class OledPanel:
    """One display at one address. on: it shines. contrast: 0 to 255. plugged: it answers."""

    def __init__(self, controller: Controller, address: int = 0x3C) -> None:
        self.on = False
        self.contrast = 0x7F
        self.plugged = True
        self.bytes_received = 0
        self.controller = controller
        self._address = address
        self._memory = np.zeros((_PAGES, _MEMORY_COLUMNS[controller]), np.uint8)
        self._column = self._page = 0
        self._columns = (0, WIDTH - 1)
        self._pages = (0, _PAGES - 1)
        self._pending: list[int] = []

    def write_i2c_block_data(self, address: int, register: int, data: list[int]) -> None:
        """Take at most 32 bytes behind a control byte. Raises OSError when nothing answers."""
        if len(data) > _MOST_OF_SMBUS:
            raise _error(errno.EINVAL)
        self.receive(address, bytes([register, *data]))

    def receive(self, address: int, message: bytes) -> None:
        """Take one message, a control byte first. Raises OSError when nothing answers."""
        if not self.plugged or address != self._address:
            raise _error(errno.EREMOTEIO)
        control, data = message[0], message[1:]
        self.bytes_received += len(data)
        take = {_COMMANDS: self._take_command, _PICTURE: self._take_picture}[control]
        for byte in data:
            take(byte)

    def picture(self) -> Image.Image:
        """Return what somebody sees: mode "1", 128x64; all dark while it is off."""
        bits: NDArray[np.uint8] = np.unpackbits(self._memory[:, None, :], axis=1, bitorder="little")
        first = _FIRST_VISIBLE[self.controller]
        lit = bits.reshape(HEIGHT, -1)[:, first : first + WIDTH].astype(bool)
        return Image.fromarray(lit & self.on)

    def _take_command(self, byte: int) -> None:
        self._pending.append(byte)
        code, *parameters = self._pending
        if len(parameters) < _PARAMETERS[self.controller].get(code, 0):
            return
        self._pending = []
        if code == 0x81:
            self.contrast = parameters[0]
        elif code in {0xAE, 0xAF}:
            self.on = code == 0xAF
        else:
            self._move(code, parameters)

    def _move(self, code: int, parameters: list[int]) -> None:
        """Set where the next byte of the picture goes."""
        if self.controller is Controller.SSD1306 and code == 0x21:
            self._columns = parameters[0], parameters[1]
            self._column = parameters[0]
        elif self.controller is Controller.SSD1306 and code == 0x22:
            self._pages = parameters[0], parameters[1]
            self._page = parameters[0]
        elif self.controller is Controller.SH1106 and 0xB0 <= code <= 0xB7:
            self._page = code & 7
        elif self.controller is Controller.SH1106 and code <= 0x0F:
            self._column = (self._column & 0xF0) | code
        elif self.controller is Controller.SH1106 and code <= 0x1F:
            self._column = (self._column & 0x0F) | (code & 0x0F) << 4

    def _take_picture(self, byte: int) -> None:
        """Store eight pixels, the lowest bit at the top, and go on to the next column."""
        if self._column < self._memory.shape[1]:
            self._memory[self._page, self._column] = byte
        self._column += 1
        if self.controller is Controller.SSD1306 and self._column > self._columns[1]:
            self._column = self._columns[0]
            self._page = self._pages[0] if self._page == self._pages[1] else self._page + 1


# Of the kernel's include/uapi/linux/i2c-dev.h and i2c.h.
_SLAVE, _FUNCS, _RDWR, _SMBUS = 0x0703, 0x0705, 0x0707, 0x0720
_SMBUS_WRITE, _I2C_BLOCK_DATA = 0, 8
_I2C_AND_SMBUS = 0x0EFF_0009


class I2cLine:
    """The kernel's I2C line with one panel, as an ioctl: reads the kernel's structures in memory.

    longest: bytes of the longest message that went over it.
    """

    def __init__(self, panel: OledPanel) -> None:
        self.longest = 0
        self._panel = panel
        self._address = 0

    def ioctl(self, descriptor: int, request: int, argument: object) -> int:
        """Carry out one ioctl. Raises OSError as the kernel does."""
        del descriptor
        if request == _SLAVE and isinstance(argument, int):
            self._address = argument
        elif request == _FUNCS and isinstance(argument, ctypes.c_ulong):
            argument.value = _I2C_AND_SMBUS
        elif request == _SMBUS and isinstance(argument, ctypes.Structure):
            self._write_block(bytes(argument))
        elif request == _RDWR and isinstance(argument, ctypes.Structure):
            self._write_messages(bytes(argument))
        else:
            raise _error(errno.ENOTTY)
        return 0

    def _write_block(self, asked: bytes) -> None:
        """Carry out a struct i2c_smbus_ioctl_data: the data has its length in front."""
        way, control, size, data = struct.unpack("@BBIP", asked)
        length = ctypes.string_at(data, 1)[0]
        if way != _SMBUS_WRITE or size != _I2C_BLOCK_DATA or length > _MOST_OF_SMBUS:
            raise _error(errno.EINVAL)
        self._send(self._address, bytes([control]) + ctypes.string_at(data + 1, length))

    def _write_messages(self, asked: bytes) -> None:
        """Carry out a struct i2c_rdwr_ioctl_data, each message a struct i2c_msg."""
        first, count = struct.unpack("@PI", asked[: struct.calcsize("@PI")])
        each = struct.Struct("@HHHP")
        for address, flags, length, data in each.iter_unpack(
            ctypes.string_at(first, count * each.size)
        ):
            if flags:
                raise _error(errno.EINVAL)
            self._send(address, ctypes.string_at(data, length))

    def _send(self, address: int, message: bytes) -> None:
        self._panel.receive(address, message)
        self.longest = max(self.longest, len(message))


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
