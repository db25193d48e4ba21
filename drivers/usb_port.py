"""The USB port: one device's control, bulk and interrupt transfers, through pyusb and libusb.

Only this file and usb_faults.py know pyusb and its errors; drivers see bytes, deadlines and
DriverError.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from greenline.drivers.device_text import printable, read_text
from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    LibraryMissingError,
    PortLostError,
)
from greenline.drivers.port import Clock
from greenline.drivers.usb_faults import faults_of, pyusb_needed
from greenline.drivers.usb_interrupts import Interrupt, InterruptReader

CONTROL_S = 2.0  # a register's round trip takes 5 ms at most
# So long close() takes at most. Not shorter: a host controller may lose a packet that comes at the
# very moment at which the read for it is called off, and the driver then asks again after 2 s.
INTERRUPT_READ_S = 0.25

_READ_FROM_DEVICE, _WRITE_TO_DEVICE = 0xC0, 0x40  # bmRequestType: vendor, device
_VENDOR_CLASS = 0xFF
_INTERRUPT_BYTES = 64
_SYSTEM_DEVICES = Path("/sys/bus/usb/devices")


@dataclass(frozen=True)
class UsbIdentity:
    """What a device is. vendor, product: its USB numbers. model, serial: empty when unknown."""

    vendor: int
    product: int
    model: str
    serial: str

    @property
    def name(self) -> str:
        """The device in messages."""
        return f"USB device {self.vendor:04x}:{self.product:04x}"


class UsbPort(Protocol):
    """One open USB device with one interrupt and one bulk endpoint, both towards the host.

    Deadlines are times on the clock that the port was made with, in seconds. Every method but
    close() may raise PortLostError, PortTimeoutError, StalledError, and BadTransferError for
    whatever else goes wrong on the cable.
    """

    @property
    def identity(self) -> UsbIdentity:
        """What the device is, as read when it was opened."""

    def control_in(self, request: int, value: int, count: int) -> bytes:
        """Read at most count bytes by a vendor request."""

    def control_out(self, request: int, value: int, data: bytes) -> None:
        """Write all of data by a vendor request."""

    def read_while(self, count: int, timeout_s: float, meanwhile: Callable[[], None]) -> bytes:
        """Begin to read the bulk endpoint, do the other thing, return what was read (0-count)."""

    def next_interrupt(self, deadline: float) -> Interrupt | None:
        """Return the oldest interrupt packet not yet seen; None when the deadline passes."""

    def idle(self, deadline: float) -> None:
        """Let time pass."""

    def clear_halt(self) -> None:
        """Take up the bulk endpoint again after a stall."""

    def reset(self) -> None:
        """Reset the device, as pulling and plugging would; the port is closed afterwards."""

    def close(self) -> None:
        """Let go of the device; harmless when it is closed already or gone. Never raises."""


class PyUsbPort:
    """A USB device of the operating system, its vendor-specific interface held exclusively."""

    def __init__(
        self, device: Any, interface: Any, identity: UsbIdentity, clock: Clock, read_s: float
    ) -> None:
        self.identity = identity
        self._device = device
        self._interrupt, self._bulk = _endpoints(interface)
        self._reader = InterruptReader(lambda: self._read_interrupt(read_s), clock)
        self._reading: _Reading | None = None
        self._open = True
        self._reader.start()

    @classmethod
    def open(
        cls,
        vendor: int,
        product: int,
        clock: Clock = time.monotonic,
        backend: Any = None,
        interrupt_read_s: float = INTERRUPT_READ_S,
        serial: str | None = None,
    ) -> "PyUsbPort":
        """Open the first device with these numbers.

        backend: a usb.backend.IBackend; None takes libusb. interrupt_read_s: how long one read
        waits, and so how long close() may take. serial: the serial number that it must have, None
        for any. Raises PortLostError when the device is absent,
        forbidden, taken, or has not the endpoints that are wanted, LibraryMissingError when
        pyusb or libusb is not installed.
        """
        # Not at the top: pyusb belongs to the extra "device", which a centre does not install.
        with pyusb_needed():
            import usb.util  # noqa: PLC0415

        name = UsbIdentity(vendor, product, "", "").name
        with faults_of(name):
            device = _find(vendor, product, serial, backend)
            try:
                interface = _vendor_interface(device, name)
                usb.util.claim_interface(device, interface)
                return cls(device, interface, _identity(device), clock, interrupt_read_s)
            except BaseException:
                usb.util.dispose_resources(device)
                raise

    def control_in(self, request: int, value: int, count: int) -> bytes:
        """Read at most count bytes by a vendor request."""
        return bytes(self._control(_READ_FROM_DEVICE, request, value, count))

    def control_out(self, request: int, value: int, data: bytes) -> None:
        """Write all of data by a vendor request."""
        taken = self._control(_WRITE_TO_DEVICE, request, value, data)
        if taken != len(data):
            raise BadTransferError(f"{self.identity.name} took {taken} of {len(data)} bytes")

    def read_while(self, count: int, timeout_s: float, meanwhile: Callable[[], None]) -> bytes:
        """Begin to read the bulk endpoint, do the other thing, return what was read (0-count)."""
        self._demand_open()
        self._reading = reading = _Reading(lambda: self._read(self._bulk, count, timeout_s))
        reading.start()
        try:
            meanwhile()
        finally:
            reading.join()  # libusb ends it at its time limit: no thread stays in there
        return reading.result()

    def next_interrupt(self, deadline: float) -> Interrupt | None:
        """Return the oldest interrupt packet not yet seen; None when the deadline passes."""
        self._demand_open()
        return self._reader.next(deadline)

    def idle(self, deadline: float) -> None:
        """Let time pass."""
        self._demand_open()
        self._reader.idle(deadline)

    def clear_halt(self) -> None:
        """Take up the bulk endpoint again after a stall."""
        self._demand_open()
        with faults_of(self.identity.name):
            self._device.clear_halt(self._bulk)

    def reset(self) -> None:
        """Reset the device, as pulling and plugging would; the port is closed afterwards."""
        self._demand_open()
        self._await_threads()  # pyusb closes the handle, in which no read may be going on then
        try:
            with faults_of(self.identity.name):
                self._device.reset()
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the device; waits until the reads that are going on have ended."""
        if not self._open:
            return
        self._open = False
        self._await_threads()
        import usb.util  # noqa: PLC0415  # as in open()

        with suppress(DriverError), faults_of(self.identity.name):
            usb.util.dispose_resources(self._device)

    def _await_threads(self) -> None:
        self._reader.stop()
        if self._reading is not None:
            self._reading.join()

    def _demand_open(self) -> None:
        if not self._open:
            raise PortLostError(f"{self.identity.name}: it has been closed")

    def _control(self, kind: int, request: int, value: int, data: bytes | int) -> Any:
        self._demand_open()
        with faults_of(self.identity.name):
            limit_ms = round(CONTROL_S * 1000)
            return self._device.ctrl_transfer(kind, request, value, 0, data, limit_ms)

    def _read_interrupt(self, timeout_s: float) -> bytes:
        return self._read(self._interrupt, _INTERRUPT_BYTES, timeout_s)

    def _read(self, endpoint: int, count: int, timeout_s: float) -> bytes:
        with faults_of(self.identity.name):
            return bytes(self._device.read(endpoint, count, round(timeout_s * 1000)))


class _Reading(threading.Thread):
    """One read in a thread of its own, because pyusb has none that could be begun and left."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        super().__init__(name="USB picture")
        self._read = read
        self._data = b""
        self._fault: DriverError | None = None

    def run(self) -> None:
        """Read; the thread's own function."""
        try:
            self._data = self._read()
        except DriverError as fault:
            self._fault = fault

    def result(self) -> bytes:
        """Return what was read; call it after join(). Raises the fault of the read."""
        if self._fault is not None:
            raise self._fault
        return self._data


def _find(vendor: int, product: int, serial: str | None, backend: Any) -> Any:
    """Return the first device. Raises PortLostError when there is none, LibraryMissingError."""
    import usb.core  # noqa: PLC0415  # as in PyUsbPort.open()
    import usb.util  # noqa: PLC0415

    try:
        found = usb.core.find(find_all=True, idVendor=vendor, idProduct=product, backend=backend)
    except usb.core.NoBackendError as error:
        raise LibraryMissingError(
            "libusb is not installed here: install Debian's package libusb-1.0-0"
        ) from error
    for device in found:
        if serial in (None, _text(device, "serial")):
            return device
        usb.util.dispose_resources(device)
    name = UsbIdentity(vendor, product, "", "").name + (f" {serial}" if serial else "")
    raise PortLostError(f"{name}: it is not there; plug the sensor in")


def _vendor_interface(device: Any, name: str) -> Any:
    """Return the interface of the sensor; keyboards with one have others beside it."""
    # The configuration is left alone: it is set already, and setting it again resets the device.
    for interface in device.get_active_configuration():
        if interface.bInterfaceClass == _VENDOR_CLASS and all(_endpoints(interface)):
            return interface
    raise PortLostError(f"{name}: it has no interface of a fingerprint sensor")


def _endpoints(interface: Any) -> tuple[int, int]:
    """Return the addresses of the interrupt and the bulk endpoint to read from, 0 for none."""
    found = {
        endpoint.bmAttributes & 3: int(endpoint.bEndpointAddress)
        for endpoint in interface
        if endpoint.bEndpointAddress & 0x80
    }
    return found.get(3, 0), found.get(2, 0)


def _identity(device: Any) -> UsbIdentity:
    model, serial = _text(device, "product"), _text(device, "serial")
    return UsbIdentity(device.idVendor, device.idProduct, model, serial)


def _text(device: Any, attribute: str) -> str:
    """Return what the device says of itself, empty when it says nothing.

    From the system's own copy where there is one: some readers answer this question with silence.
    """
    ports = ".".join(str(port) for port in device.port_numbers or ())
    told = _SYSTEM_DEVICES / f"{device.bus}-{ports}" / attribute
    if told.exists():
        return read_text(told)
    import usb.util  # noqa: PLC0415  # as in PyUsbPort.open()

    index = {"product": device.iProduct, "serial": device.iSerialNumber}[attribute]
    # A device without any string has no languages either, which is a ValueError in pyusb.
    with suppress(OSError, ValueError, NotImplementedError):
        return printable(str(usb.util.get_string(device, index) or ""))
    return ""
