"""The USB port over pyusb: what it finds, what it holds, how it lets go."""

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import usb.core

from greenline.drivers.errors import (
    BadTransferError,
    DriverError,
    PortLostError,
    PortRefusedError,
    PortTimeoutError,
    StalledError,
)
from greenline.drivers.simulation.uru4500_reader import URU4500
from greenline.drivers.simulation.usb_faults import Fails
from greenline.drivers.uru4500_codec import REQUEST, Mode, Register
from greenline.drivers.usb_faults import faults_of
from greenline.drivers.usb_port import PyUsbPort

Bench = Any  # conftest.ReaderBench, which a test cannot import
MakeReader = Callable[..., Bench]


@pytest.mark.parametrize(
    ("number", "fault", "sentence"),
    [
        (errno.ENODEV, PortLostError, "it has been unplugged"),
        (errno.ENOENT, PortLostError, "it has been unplugged"),
        (
            errno.EACCES,
            PortRefusedError,
            "sudo cp systemd/udev/60-greenline.rules /etc/udev/rules.d/",
        ),
        (errno.EBUSY, PortRefusedError, "another program uses it"),
        (errno.ETIMEDOUT, PortTimeoutError, "did not answer in time"),
        (errno.EPIPE, StalledError, "stall"),
        (errno.EIO, BadTransferError, "a transfer failed"),
        (errno.EPROTO, BadTransferError, "a transfer failed"),
        (errno.EOVERFLOW, BadTransferError, "a transfer failed"),
        (None, BadTransferError, "a transfer failed"),
    ],
)
def test_every_error_of_pyusb_is_one_of_ours(
    number: int | None, fault: type[DriverError], sentence: str
) -> None:
    with pytest.raises(fault, match=sentence) as raised, faults_of("USB device 05ba:000a"):
        raise usb.core.USBError("as libusb says", -1, number)
    assert type(raised.value) is fault
    with pytest.raises(BadTransferError), faults_of("USB device 05ba:000a"):
        raise NotImplementedError("as pyusb says when libusb does not support it")


def test_a_port_says_what_is_plugged_in(make_reader: MakeReader) -> None:
    port = make_reader().open_port()
    identity = port.identity
    assert (identity.vendor, identity.product) == (0x05BA, 0x000A)
    assert (identity.model, identity.serial) == (URU4500.model, URU4500.serial)
    assert identity.name == "USB device 05ba:000a"
    port.close()


def test_an_interface_that_is_taken_is_named_and_nothing_stays_open(
    make_reader: MakeReader,
) -> None:
    bench = make_reader()
    first = bench.open_port()
    with pytest.raises(PortLostError, match="another program uses it"):
        bench.open_port()
    assert bench.bus.open_handles == 1
    first.close()
    bench.open_port().close()


def test_a_device_without_the_endpoints_of_a_sensor_is_none(make_reader: MakeReader) -> None:
    bench = make_reader()
    descriptor = bench.bus.get_interface_descriptor(None, 0, 0, 0)
    keyboard = SimpleNamespace(**{**vars(descriptor), "bInterfaceClass": 0x03})

    class Keyboard(type(bench.bus)):  # type: ignore[misc]  # a class that is known at run time
        def get_interface_descriptor(self, *place: Any) -> SimpleNamespace:
            super().get_interface_descriptor(*place)
            return keyboard

    with pytest.raises(PortLostError, match="it has no interface of a fingerprint sensor"):
        PyUsbPort.open(0x05BA, 0x000A, backend=Keyboard(bench.reader))


def test_registers_are_read_and_written(make_reader: MakeReader) -> None:
    bench = make_reader()
    port = bench.open_port()
    port.control_out(REQUEST, Register.MODE, bytes([Mode.OFF]))
    assert bench.reader.mode is Mode.OFF
    assert port.control_in(REQUEST, Register.HARDWARE_STATUS, 1) == b"\x01"
    with pytest.raises(StalledError):
        port.control_in(REQUEST, 0x9999, 1)
    port.close()


def test_interrupts_wait_in_line_until_they_are_asked_for(make_reader: MakeReader) -> None:
    bench = make_reader()
    port = bench.open_port()
    for event in (0x1111, 0x2222, 0x3333):
        bench.bus.report(event)
    got = [port.next_interrupt(time.monotonic() + 5.0) for _ in range(3)]
    assert [packet.data[:2].hex() for packet in got] == ["1111", "2222", "3333"]
    assert got[0].at <= got[1].at <= got[2].at
    assert port.next_interrupt(time.monotonic()) is None
    port.close()


def test_a_read_goes_on_while_something_else_is_done(make_reader: MakeReader) -> None:
    bench = make_reader()
    port = bench.open_port()

    def capture() -> None:
        port.control_out(REQUEST, Register.MODE, bytes([Mode.CAPTURE]))

    assert len(port.read_while(111424, 5.0, capture)) == 111040
    with pytest.raises(PortTimeoutError):
        port.read_while(111424, 0.01, lambda: None)
    port.close()


def test_a_fault_of_what_is_done_meanwhile_comes_first_and_the_read_has_ended(
    make_reader: MakeReader,
) -> None:
    bench = make_reader()
    port = bench.open_port()
    bench.bus.control_faults.append(Fails(errno.EPROTO))
    with pytest.raises(BadTransferError):
        port.read_while(
            111424, 0.05, lambda: port.control_out(REQUEST, Register.MODE, bytes([Mode.CAPTURE]))
        )
    assert [thread.name for thread in threading.enumerate() if thread.name == "USB picture"] == []
    port.close()


def test_a_reset_closes_the_port_even_from_inside_a_read(make_reader: MakeReader) -> None:
    bench = make_reader()
    port = bench.open_port()
    with pytest.raises(PortTimeoutError):
        port.read_while(111424, 0.05, port.reset)
    assert (bench.bus.resets, bench.bus.open_handles) == (1, 0)
    for call in (
        port.clear_halt,
        port.reset,
        lambda: port.idle(0.0),
        lambda: port.next_interrupt(0.0),
        lambda: port.control_in(REQUEST, 7, 1),
    ):
        with pytest.raises(PortLostError, match="it has been closed"):
            call()
    port.close()
    port.close()


def test_unplugging_ends_every_wait_and_closing_is_harmless(make_reader: MakeReader) -> None:
    bench = make_reader()
    port = bench.open_port()
    bench.bus.unplug()
    with pytest.raises(PortLostError, match="it has been unplugged"):
        port.next_interrupt(time.monotonic() + 60.0)
    with pytest.raises(PortLostError):
        port.idle(time.monotonic() + 60.0)
    with pytest.raises(PortLostError):
        port.read_while(111424, 60.0, lambda: None)
    port.close()


def test_a_program_that_ends_without_closing_its_port_ends(make_reader: MakeReader) -> None:
    program = (
        "from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader\n"
        "from greenline.drivers.simulation.usb_bus import UsbBus\n"
        "from greenline.drivers.usb_port import PyUsbPort\n"
        "port = PyUsbPort.open(0x05BA, 0x000A, backend=UsbBus(UruReader(URU4500)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
