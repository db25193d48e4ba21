"""A USB port in virtual time: the simulated reader without pyusb, threads and waiting.

For tests and fault campaigns, in which a time limit of a second takes none. Where pyusb, threads
and closing matter, use usb_bus.py.
"""

import errno
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from greenline.drivers.errors import PortLostError
from greenline.drivers.simulation.uru4500_reader import UnknownRegisterError, UruReader
from greenline.drivers.simulation.usb_faults import Fails, Sound, TransferError, UsbFault
from greenline.drivers.simulation.virtual import VirtualClock
from greenline.drivers.usb_faults import faults_of
from greenline.drivers.usb_interrupts import Interrupt
from greenline.drivers.usb_port import CONTROL_S, UsbIdentity


class VirtualUsbPort:
    """One reader as a UsbPort; waiting moves its clock on.

    control_faults, picture_faults: one for each coming transfer of the kind, in order.
    picture_s: how long a picture takes. failures: how many transfers a fault has struck.
    resets: how many times the reader was reset. A fault with ENODEV pulls the cable.
    """

    def __init__(self, reader: UruReader, picture_s: float = 0.14) -> None:
        kind = reader.kind
        self.identity = UsbIdentity(kind.vendor, kind.product, kind.model, kind.serial)
        self.reader = reader
        self.clock = VirtualClock()
        self.control_faults: deque[UsbFault] = deque()
        self.picture_faults: deque[UsbFault] = deque()
        self.failures = 0
        self.resets = 0
        self._picture_s = picture_s
        self._heard: deque[Interrupt] = deque()
        self._lost = ""
        self._halted = False

    def hear(self) -> None:
        """Take what the reader has reported by now, with the time of now."""
        while (packet := self.reader.take_event()) is not None:
            self._heard.append(Interrupt(packet, self.clock()))

    def control_in(self, request: int, value: int, count: int) -> bytes:
        """Read at most count bytes by a vendor request."""
        del request
        with self._transfer(CONTROL_S):
            return self._next(self.control_faults).spoil(self.reader.read(value, count))

    def control_out(self, request: int, value: int, data: bytes) -> None:
        """Write all of data by a vendor request."""
        del request
        with self._transfer(CONTROL_S):
            if len(self._next(self.control_faults).spoil(data)) != len(data):
                raise TransferError(errno.EIO)
            self.reader.write(value, data)
        self.hear()

    def read_while(self, count: int, timeout_s: float, meanwhile: Callable[[], None]) -> bytes:
        """Begin to read the bulk endpoint, do the other thing, return what was read (0-count)."""
        self._demand_open()
        meanwhile()
        with self._transfer(timeout_s):
            if self._halted:
                raise TransferError(errno.EPIPE)
            picture = self.reader.take_picture()
            if picture is None:
                raise TransferError(errno.ETIMEDOUT)
            fault = self._next(self.picture_faults)
            self._halted = fault == Fails(errno.EPIPE)
            data = fault.spoil(picture)
        self.clock.now += self._picture_s
        return data[:count]

    def next_interrupt(self, deadline: float) -> Interrupt | None:
        """Return the oldest interrupt packet not yet seen; None when the deadline passes."""
        self._demand_open()
        self.hear()
        if self._heard:
            return self._heard.popleft()
        self.idle(deadline)
        return None

    def idle(self, deadline: float) -> None:
        """Let time pass."""
        self._demand_open()
        self.clock.now = max(self.clock.now, deadline)

    def clear_halt(self) -> None:
        """Take up the bulk endpoint again after a stall."""
        self._demand_open()
        self._halted = False

    def reset(self) -> None:
        """Reset the reader; the port is closed afterwards."""
        self._demand_open()
        self.resets += 1
        self.reader.restart()
        self.close()

    def unplug(self) -> None:
        """Pull the cable: every further call raises PortLostError."""
        self._lost = "it has been unplugged"

    def close(self) -> None:
        """Let go of the reader; every further call raises PortLostError."""
        self._lost = "it has been closed"

    def _demand_open(self) -> None:
        if self._lost:
            raise PortLostError(f"{self.identity.name}: {self._lost}")

    def _next(self, faults: deque[UsbFault]) -> UsbFault:
        fault = faults.popleft() if faults else Sound()
        self.failures += not isinstance(fault, Sound)
        return fault

    @contextmanager
    def _transfer(self, timeout_s: float) -> Iterator[None]:
        """Turn the end of a transfer into what the real port would raise."""
        self._demand_open()
        with faults_of(self.identity.name):
            try:
                yield
            except UnknownRegisterError as error:
                raise OSError(errno.EPIPE, "unknown register") from error
            except TransferError as error:
                self._note(error.number, timeout_s)
                raise OSError(error.number, str(error)) from error

    def _note(self, number: int, timeout_s: float) -> None:
        if number == errno.ETIMEDOUT:
            self.clock.now += timeout_s
        elif number == errno.ENODEV:
            self.unplug()
