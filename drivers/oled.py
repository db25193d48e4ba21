"""The OLED of the status display, SSD1306 or SH1106 at an I2C line, through luma.oled.

128x64 pixels. What is drawn on it is status_display's affair.
"""

import contextlib
import errno
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Self

from PIL import Image

from greenline.drivers.errors import PortLostError
from greenline.drivers.status_display import SIZE

USUAL_ADDRESS = 0x3C


class Controller(Enum):
    """The chips that drive such displays; the boards look alike.

    An SH1106 that is taken for an SSD1306 shows a jumble, which tells the technician.
    """

    SSD1306 = "ssd1306"
    SH1106 = "sh1106"


class Oled:
    """One display: a StatusScreen. Not safe to share between threads."""

    def __init__(self, device: Any, name: str) -> None:
        self._device = device
        self._name = name
        self._shown: bytes | None = None

    @classmethod
    def open(
        cls,
        controller: Controller,
        line: str = "/dev/i2c-1",
        address: int = USUAL_ADDRESS,
        *,
        upside_down: bool = False,
        bus: Any = None,
    ) -> Self:
        """Switch the display on; it is dark until the first picture.

        bus: something with smbus2's write_i2c_block_data instead of the line. Raises PortLostError
        when the line or the display is not there, or a library is missing.
        """
        name = f"status display at {line}, address {address:#04x}"
        with _faults_of(name):
            interface = importlib.import_module("luma.core.interface.serial")
            chips = importlib.import_module("luma.oled.device")
            where = {"bus": bus} if bus is not None else {"port": line}
            serial = interface.i2c(address=address, **where)
            try:
                device = getattr(chips, controller.value)(
                    serial, width=SIZE[0], height=SIZE[1], rotate=2 if upside_down else 0
                )
            except BaseException:
                serial.cleanup()
                raise
        return cls(device, name)

    def show(self, image: Image.Image) -> None:
        """Show this picture; nothing is sent when it is the same as before."""
        pixels = image.tobytes()
        if pixels == self._shown:
            return
        self._shown = None  # when sending fails half-way, nobody knows what is shown
        with _faults_of(self._name):
            self._open_device().display(image)
        self._shown = pixels

    def dim(self, level: int) -> None:
        """Set the brightness, 0 to 255: less at night, and a longer life for the display."""
        with _faults_of(self._name):
            self._open_device().contrast(level)

    def close(self) -> None:
        """Go dark and let go of the line; harmless when it is gone or closed already."""
        device, self._device = self._device, None
        if device is not None:
            # Its own clean-up talks to the display first, and one that is gone would keep the line.
            with contextlib.suppress(PortLostError), _faults_of(self._name):
                device.hide()
            device.persist = True
            device.cleanup()

    def _open_device(self) -> Any:
        if self._device is None:
            raise PortLostError(f"{self._name}: it has been closed")
        return self._device


_REMEDIES = {
    errno.ENOENT: "there is no such I2C line; switch I2C on in the board's configuration",
    errno.EACCES: "this program may not use it; add its user to the group i2c",
    errno.EPERM: "this program may not use it; add its user to the group i2c",
    errno.EREMOTEIO: "it does not answer; look at its four wires",
    errno.EIO: "it does not answer; look at its four wires",
    errno.ETIMEDOUT: "its line is stuck; look at its four wires",
}


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Turn what luma and smbus2 raise into PortLostError. name: the display, with its place."""
    try:
        yield
    except ImportError as error:
        raise PortLostError(f"{name}: luma.oled is not installed here ({error})") from error
    except _faults_of_luma() as error:
        # luma's own errors say less than the OSError that they were made from.
        cause = error if isinstance(error, OSError) else error.__context__
        number = cause.errno if isinstance(cause, OSError) else None
        remedy = _REMEDIES.get(number or 0, f"it has failed ({error})")
        raise PortLostError(f"{name}: {remedy}") from error


def _faults_of_luma() -> tuple[type[Exception], ...]:
    """Return what luma raises; asked only when something was raised, so it is installed or not."""
    try:
        return OSError, importlib.import_module("luma.core.error").Error
    except ImportError:
        return (OSError,)
