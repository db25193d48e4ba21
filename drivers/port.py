"""The port: what lies between a driver's bytes and the operating system's.

Only this file knows OSError, termios and pyserial; drivers see bytes, deadlines and DriverError.
"""

import errno
import select
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from greenline.drivers.errors import LibraryMissingError, PortTimeoutError, port_lost

if TYPE_CHECKING:
    import serial

Clock = Callable[[], float]
"""Seconds on a clock that only goes forward, such as time.monotonic."""


class Port(Protocol):
    """A line of bytes. Deadlines are times on the clock that the port was made with, in seconds.

    Every method may raise PortLostError.
    """

    @property
    def baud(self) -> int:
        """Bits a second at present."""

    def read(self, most: int, deadline: float) -> bytes:
        """Return 1 to `most` bytes as soon as there are any; b"" when the deadline passes."""

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of data. Raises PortTimeoutError when the line does not take it in time."""

    def flush_input(self) -> None:
        """Forget what has arrived and was not read."""

    def set_baud(self, baud: int) -> None:
        """Change the speed from the next byte on."""

    def close(self) -> None:
        """Let go of the line; harmless when it is closed already. Never raises."""


class SerialPort:
    """A serial line of the operating system, 8N1, held exclusively."""

    def __init__(self, line: "serial.Serial", clock: Clock) -> None:
        self._line = line
        self._clock = clock

    @classmethod
    def open(cls, path: str, baud: int, clock: Clock) -> "SerialPort":
        """Open the device file. Raises PortLostError when it is absent, forbidden or taken.

        LibraryMissingError when pyserial is not installed.
        """
        # Not at the top: pyserial belongs to the extra "device", which a centre does not install.
        try:
            import serial  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise LibraryMissingError(
                "pyserial is not installed here: install greenline[device]"
            ) from error
        with _faults_of(path):
            line = serial.Serial(path, baud, timeout=0, write_timeout=0, exclusive=True)
        return cls(line, clock)

    @property
    def baud(self) -> int:
        """Bits a second at present."""
        return int(self._line.baudrate)

    def read(self, most: int, deadline: float) -> bytes:
        """Return 1 to `most` bytes as soon as there are any; b"" when the deadline passes."""
        with _faults_of(self._name):
            # Not in_waiting: pseudo-terminals under umockdev refuse that question.
            ready, _, _ = select.select([self._line], [], [], self._left(deadline))
            return bytes(self._line.read(most)) if ready else b""

    def write(self, data: bytes, deadline: float) -> None:
        """Send all of data. Raises PortTimeoutError when the line does not take it in time."""
        with _faults_of(self._name):
            while data:
                _, ready, _ = select.select([], [self._line], [], self._left(deadline))
                if not ready:
                    raise PortTimeoutError(f"{self._name} takes no bytes; look at its adapter")
                data = data[self._line.write(data) or 0 :]

    def flush_input(self) -> None:
        """Forget what has arrived and was not read."""
        with _faults_of(self._name):
            self._line.reset_input_buffer()

    def set_baud(self, baud: int) -> None:
        """Change the speed from the next byte on."""
        with _faults_of(self._name):
            self._line.baudrate = baud

    def close(self) -> None:
        """Let go of the line; harmless when it is closed already or has gone."""
        self._line.close()

    @property
    def _name(self) -> str:
        return str(self._line.port)

    def _left(self, deadline: float) -> float:
        return max(0.0, deadline - self._clock())


_REMEDIES = {
    errno.ENOENT: "it is not there; plug the sensor in and look at its name",
    errno.EACCES: "this program may not use it; add its user to the group dialout",
    errno.EPERM: "this program may not use it; add its user to the group dialout",
    errno.EAGAIN: "another program uses it; stop that one first",
    errno.EBUSY: "another program uses it; stop that one first",
    errno.EIO: "it has been unplugged",
    errno.ENXIO: "it has been unplugged",
    errno.ENODEV: "it has been unplugged",
}


@contextmanager
def _faults_of(path: str) -> Iterator[None]:
    """Turn what the operating system and pyserial raise into PortLostError."""
    try:
        yield
    except PortTimeoutError:
        raise  # ours already, and an OSError by its second parent
    except (OSError, termios.error) as error:  # a SerialException is an OSError
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        remedy = _REMEDIES.get(number, f"it has failed or been unplugged ({error})")
        raise port_lost(number, f"{path}: {remedy}") from error
