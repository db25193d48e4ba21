"""A simulated USB bus with one reader: a pyusb backend, so that driver, port and pyusb all run.

A fault with ENODEV pulls the cable for good; plug_in() puts it back.

    bus = UsbBus(UruReader(URU4500))
    port = PyUsbPort.open(0x05BA, 0x000A, backend=bus)
    bus.unplug()                       # every transfer ends with ENODEV, waiting ones as well

It also watches over its user: closing a device in which a transfer is still going on aborts a real
program, and is an error here.
"""

import errno
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import usb.core

from greenline.drivers.simulation.uru4500_reader import UnknownRegisterError, UruReader
from greenline.drivers.simulation.usb_description import (
    GET_DESCRIPTOR,
    STANDARD_READ,
    STRING,
    DescribedDevice,
    UsbDescription,
    string_descriptor,
)
from greenline.drivers.simulation.usb_faults import TransferError, UsbFault
from greenline.prints.frame import Frame

_STALLED = errno.EPIPE


class _Handle:
    """An opened device. It is of no more use after the device was pulled out."""

    def __init__(self) -> None:
        self.transfers = 0


class UsbBus(DescribedDevice):
    """One reader on one bus, plugged in. Its methods may be called from any thread.

    control_faults, picture_faults: one for each coming transfer of the kind, in order.
    resets: how many times the device was reset. open_handles: how many are not closed yet.
    """

    def __init__(self, reader: UruReader) -> None:
        kind = reader.kind
        super().__init__(UsbDescription(kind.vendor, kind.product, kind.model, kind.serial))
        self.reader = reader
        self.control_faults: deque[UsbFault] = deque()
        self.picture_faults: deque[UsbFault] = deque()
        self.resets = 0
        self.open_handles = 0
        self._changed = threading.Condition()
        self._current: set[_Handle] = set()  # handles of the device that is plugged in now
        self._claimed: _Handle | None = None
        self._plugged = True
        self._halted = False

    def press(self, frame: Frame) -> None:
        """Lay a finger on the reader."""
        with self._world():
            self.reader.press(frame)

    def lift(self) -> None:
        """Take the finger away."""
        with self._world():
            self.reader.lift()

    def report(self, event: int) -> None:
        """Have the reader report an event without a reason."""
        with self._world():
            self.reader.report(event)

    def unplug(self) -> None:
        """Pull the cable."""
        with self._world():
            self._go_away()

    def plug_in(self) -> None:
        """Plug the reader in again; who wants it must open it anew."""
        with self._world():
            self._plugged = True
            self._halted = False
            self.reader.restart()

    def enumerate_devices(self) -> Iterator[object]:
        """Yield the reader while it is plugged in."""
        if self._plugged:
            yield self.description

    def open_device(self, device: object) -> _Handle:
        """Open the reader."""
        del device
        with self._changed:
            if not self._plugged:
                raise _usb_error(errno.ENODEV)
            handle = _Handle()
            self._current.add(handle)
            self.open_handles += 1
            return handle

    def close_device(self, handle: _Handle) -> None:
        """Close it. Raises RuntimeError where libusb would abort the program."""
        with self._changed:
            if handle.transfers:
                raise RuntimeError("a USB device was closed with a transfer going on in it")
            self._current.discard(handle)
            self.open_handles -= 1

    def claim_interface(self, handle: _Handle, interface: int) -> None:
        """Take the interface for this handle alone."""
        del interface
        with self._transfer(handle):
            if self._claimed not in (None, handle):
                raise TransferError(errno.EBUSY)
            self._claimed = handle

    def release_interface(self, handle: _Handle, interface: int) -> None:
        """Give the interface back."""
        del interface
        with self._transfer(handle):
            self._claimed = None

    def ctrl_transfer(
        self,
        handle: _Handle,
        kind: int,
        request: int,
        value: int,
        index: int,
        data: "array[int]",
        timeout_ms: int,
    ) -> int:
        """Carry a control transfer out; return the number of bytes that went over."""
        del index, timeout_ms
        with self._transfer(handle):
            if (kind, request, value >> 8) == (STANDARD_READ, GET_DESCRIPTOR, STRING):
                return _fill(data, string_descriptor(self.description, value & 0xFF))
            fault = self.control_faults.popleft() if self.control_faults else None
            if kind & STANDARD_READ:
                answer = self.reader.read(value, len(data))
                return _fill(data, fault.spoil(answer) if fault else answer)
            taken = len(fault.spoil(data.tobytes())) if fault else len(data)
            if taken == len(data):
                self.reader.write(value, data.tobytes())
                self._changed.notify_all()
            return taken

    def intr_read(
        self, handle: _Handle, endpoint: int, interface: int, data: "array[int]", timeout_ms: int
    ) -> int:
        """Wait for an interrupt packet."""
        del endpoint, interface
        with self._transfer(handle):
            return _fill(data, self._await(handle, self.reader.take_event, timeout_ms))

    def bulk_read(
        self, handle: _Handle, endpoint: int, interface: int, data: "array[int]", timeout_ms: int
    ) -> int:
        """Wait for a picture."""
        del endpoint, interface
        with self._transfer(handle):
            if self._halted:
                raise TransferError(_STALLED)
            picture = self._await(handle, self.reader.take_picture, timeout_ms)
            try:
                fault = self.picture_faults.popleft() if self.picture_faults else None
                return _fill(data, fault.spoil(picture) if fault else picture)
            except TransferError as error:
                self._halted = error.number == _STALLED
                raise

    def clear_halt(self, handle: _Handle, endpoint: int) -> None:
        """Let the bulk endpoint go on after a stall."""
        del endpoint
        with self._transfer(handle):
            self._halted = False

    def reset_device(self, handle: _Handle) -> None:
        """Reset the reader."""
        with self._transfer(handle):
            self.resets += 1
            self._halted = False
            self.reader.restart()

    def _go_away(self) -> None:
        self._plugged = False
        self._current.clear()
        self._claimed = None
        self._changed.notify_all()

    def _await(self, handle: _Handle, take: Callable[[], bytes | None], timeout_ms: int) -> bytes:
        """Return what the reader has, as soon as it has something."""
        found: list[bytes] = []

        def ended() -> bool:
            taken = take() if handle in self._current else None
            found.extend(() if taken is None else (taken,))
            return bool(found) or handle not in self._current

        self._changed.wait_for(ended, timeout_ms / 1000)
        if found:
            return found[0]
        raise TransferError(errno.ETIMEDOUT if handle in self._current else errno.ENODEV)

    @contextmanager
    def _world(self) -> Iterator[None]:
        """Change the world, and wake those who wait for it."""
        with self._changed:
            yield
            self._changed.notify_all()

    @contextmanager
    def _transfer(self, handle: _Handle) -> Iterator[None]:
        """Hold the lock, count the transfer, and turn its end into what pyusb expects."""
        with self._changed:
            if handle not in self._current:
                raise _usb_error(errno.ENODEV)
            handle.transfers += 1
            try:
                yield
            except UnknownRegisterError as error:
                raise _usb_error(_STALLED) from error
            except TransferError as error:
                if error.number == errno.ENODEV and handle in self._current:
                    self._go_away()
                raise _usb_error(error.number) from error
            finally:
                handle.transfers -= 1


def _fill(buffer: "array[int]", data: bytes) -> int:
    """Put data into a transfer's buffer; return how many bytes went in."""
    count = min(len(buffer), len(data))
    buffer[:count] = array("B", data[:count])
    return count


def _usb_error(number: int) -> Exception:
    kind: Any = usb.core.USBTimeoutError if number == errno.ETIMEDOUT else usb.core.USBError
    error: Exception = kind(errno.errorcode[number], None, number)
    return error
