"""Addresses of sensors."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenline.drivers.errors import PortLostError, RefusedError, SensorUrlError
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.uru4500_reader import URU4500, UruReader
from greenline.drivers.simulation.usb_bus import UsbBus
from greenline.drivers.simulation.zfm_kinds import AS608, SpeedChange
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.uru4500_codec import Register
from greenline.drivers.uru4500_picture import Optics
from greenline.drivers.usb_urls import parse_usb
from greenline.prints.frame import Frame


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "an address begins with one of serial:, usb:"),
        ("/dev/fingerprint", "an address begins with one of serial:, usb:"),
        ("hidraw:05ba:000a", "an address begins with one of serial:, usb:"),
        ("serial:", "names no device"),
        ("serial://dev/fingerprint", "names no device"),
        ("serial:/dev/fingerprint#1", "names no device"),
        ("serial:/dev/fingerprint?speed=9600", "unknown option 'speed'"),
        ("serial:/dev/fingerprint?baud=", "must be a multiple of 9600"),
        ("serial:/dev/fingerprint?baud=57601", "must be a multiple of 9600"),
        ("serial:/dev/fingerprint?baud=0", "must be a multiple of 9600"),
        ("serial:/dev/fingerprint?baud=-9600", "must be a multiple of 9600"),
        ("serial:/dev/fingerprint?baud=960000", "must be a multiple of 9600"),
        ("serial:/dev/fingerprint?baud=9600&baud=x", "must be a multiple of 9600"),
        ("serial:/dev/fingerprint?baud=Best", "or the word best"),
        ("serial:/dev/fingerprint?speed=9600", "there are: baud, touch, power"),
        ("serial:/dev/fingerprint?touch=17", "a pin is named like GPIO17"),
        ("serial:/dev/fingerprint?touch=", "a pin is named like GPIO17"),
        ("serial:/dev/fingerprint?touch=GPIO28", "from GPIO0 to GPIO27"),
        ("serial:/dev/fingerprint?power=GPIO017", "a pin is named like GPIO17"),
        ("serial:/dev/fingerprint?touch=GPIO4&power=GPIO4", "cannot share GPIO4"),
        ("serial://[x", "cannot be read as an address: Invalid IPv6 URL"),
        ("serial:/dev/finger%00print", "has a character in it that no address has"),
        ("serial:/dev/finger\0print", "has a character in it that no address has"),
        ("usb://[x", "cannot be read as an address: Invalid IPv6 URL"),
        ("usb:05ba:000a?serial=%00", "has a character in it that no address has"),
        ("usb:05ba:000a?serial=", "serial is empty; leave it out"),
        ("usb:", "names no device"),
        ("usb:05ba", "names no device"),
        ("usb://05ba:000a", "names no device"),
        ("usb:05ba:000a#1", "names no device"),
        ("usb:05ba:00zz", "names no device"),
        ("usb:1d6b:0002", "only for 05ba:0007, 05ba:0008, 05ba:000a, 045e:00bb,"),
        ("usb:05ba:000a?baud=9600", "unknown option 'baud'; there are: serial, turn, invert, dpi"),
        ("usb:05ba:000a?turn=90", "turn must be 0 or 180"),
        ("usb:05ba:000a?invert=1", "invert must be yes or no"),
        ("usb:05ba:000a?dpi=", "dpi must be a number from 300 to 1000"),
        ("usb:05ba:000a?dpi=299", "dpi must be a number from 300 to 1000"),
        ("usb:05ba:000a?dpi=1e3", "dpi must be a number from 300 to 1000"),
        ("usb:05ba:000a?seed=5", "seed must be a number of 32 bits"),
        ("usb:05ba:000a?seed=0x1ffffffff", "seed must be a number of 32 bits"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(SensorUrlError, match=sentence):
        open_sensor(url)


def test_an_absent_device_is_a_lost_port(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match="it is not there"):
        open_sensor(f"serial:{tmp_path}/fingerprint")


def test_a_path_may_have_any_character(tmp_path: Path, make_line: Callable[..., PtyLine]) -> None:
    link = tmp_path / "50 % sure?"
    link.symlink_to(make_line(ZfmModule(AS608)).path)
    with open_sensor(f"serial:{tmp_path}/50%20%25%20sure%3F") as sensor:
        assert sensor.finger_present() is False
    with pytest.raises(PortLostError, match="it is not there"):
        open_sensor(f"serial:{os.fspath(tmp_path)}/50%20%25%20sure")


def test_an_absent_usb_reader_is_a_lost_port() -> None:
    with pytest.raises(PortLostError, match=r"045e:00bb: it is not there|libusb is missing"):
        open_sensor("usb:045e:00bb")


def test_a_usb_address_says_how_the_unit_differs_from_its_kind() -> None:
    usual = parse_usb("usb:05BA:000a")
    assert (usual.vendor, usual.product) == (0x05BA, 0x000A)
    assert usual.optics == Optics(turned=True, inverted=True, dpi=512.0)
    assert parse_usb("usb:045e:00ca").optics == Optics(turned=False, inverted=True, dpi=512.0)
    other = parse_usb("usb:05ba:000a?turn=0&invert=no&dpi=508.5&seed=0x51EA2124")
    assert other.optics == Optics(turned=False, inverted=False, dpi=508.5)
    assert [other.new_seed(), other.new_seed()] == [0x51EA2124, 0x51EA2124]


def test_without_a_seed_in_the_address_every_key_exchange_has_another() -> None:
    new_seed = parse_usb("usb:05ba:000a").new_seed
    seeds = {new_seed() for _ in range(8)}
    assert len(seeds) > 1
    assert max(seeds) < 1 << 32


def test_an_address_without_speed_leaves_the_module_at_its_own(
    make_line: Callable[..., PtyLine],
) -> None:
    module = ZfmModule(AS608, baud=115200)
    with open_sensor(f"serial:{make_line(module).path}") as sensor:
        assert sensor.finger_present() is False
    assert module.baud == 115200


def test_an_address_with_a_speed_changes_the_module_to_it(
    make_line: Callable[..., PtyLine],
) -> None:
    module = ZfmModule(AS608, baud=57600)
    line = make_line(module)
    for _ in range(2):  # the second time it is at that speed already
        with open_sensor(f"serial:{line.path}?baud=115200") as sensor:
            assert sensor.finger_present() is False
        assert module.baud == 115200


def test_the_best_speed_is_found_by_the_address(make_line: Callable[..., PtyLine]) -> None:
    module = ZfmModule(AS608, baud=38400, packet_size=32)
    line = make_line(module)
    for _ in range(2):
        with open_sensor(f"serial:{line.path}?baud=best") as sensor:
            assert sensor.finger_present() is False
        assert (module.baud, module.packet_size, module.settings_written) == (115200, 256, 2)


def test_a_module_that_keeps_its_speed_is_used_at_that(make_line: Callable[..., PtyLine]) -> None:
    module = ZfmModule(replace(AS608, speed_change=SpeedChange.NEVER), baud=57600)
    with open_sensor(f"serial:{make_line(module).path}?baud=115200") as sensor:
        assert sensor.finger_present() is False
    assert module.baud == 57600


def test_a_module_with_a_password_is_refused_and_its_port_released(
    make_line: Callable[..., PtyLine],
) -> None:
    line = make_line(ZfmModule(AS608, password=b"own!"))
    for _ in range(2):
        with pytest.raises(RefusedError, match="somebody has set a password on it") as refused:
            open_sensor(f"serial:{line.path}")
        assert (refused.value.command, refused.value.code) == ("VFY_PWD", 0x13)


class Overheard(UruReader):
    """A reader that remembers the seeds that it was given."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        super().__init__(URU4500)

    def write(self, register: int, data: bytes) -> None:
        if register == Register.SEED:
            self.seeds.append(int.from_bytes(data[1:5], "little"))
        super().write(register, data)


@pytest.fixture
def bus(reader_print: Frame) -> Iterator[UsbBus]:
    """A bus with a reader on which a print lies; nothing on it may stay open."""
    made = UsbBus(Overheard())
    made.press(reader_print)
    yield made
    assert made.open_handles == 0


def scanned(url: str, bus: Any) -> Frame:
    with open_sensor(url, usb_backend=bus) as sensor:
        assert sensor.wait_finger(present=True, timeout_s=10.0)
        got = sensor.scan()
    assert isinstance(got, Frame)
    return got


@pytest.mark.parametrize(
    ("options", "view"),
    [
        ("", lambda pixels: pixels),
        ("&turn=180&invert=yes", lambda pixels: pixels),  # as usual for its kind
        ("&turn=0", lambda pixels: pixels[::-1, ::-1]),
        ("&invert=no", lambda pixels: 255 - pixels),
        ("&turn=0&invert=no", lambda pixels: 255 - pixels[::-1, ::-1]),
    ],
)
def test_turn_and_invert_reach_the_driver(
    bus: UsbBus, options: str, view: Callable[[Any], Any]
) -> None:
    got = scanned(f"usb:05ba:000a?dpi=500{options}", bus)  # at 500 dpi nothing is resampled
    np.testing.assert_array_equal(got.pixels, view(bus.reader.delivers.pixels))


@pytest.mark.parametrize(
    ("options", "share"), [("", 512 / 500), ("?dpi=625", 1.25), ("?dpi=400", 0.8)]
)
def test_the_resolution_reaches_the_driver(bus: UsbBus, options: str, share: float) -> None:
    got = scanned(f"usb:05ba:000a{options}", bus)
    native = bus.reader.delivers
    assert (got.width, got.height) == (round(native.width / share), round(native.height / share))
    assert got.dpi == 500.0


def test_the_seed_reaches_the_driver(bus: UsbBus) -> None:
    scanned("usb:05ba:000a?seed=0x51ea2124", bus)
    assert isinstance(bus.reader, Overheard)
    assert set(bus.reader.seeds) == {0x51EA2124}
    bus.reader.seeds.clear()
    for _ in range(2):
        scanned("usb:05ba:000a", bus)
    assert len(set(bus.reader.seeds)) > 1


class TwoReaders:
    """Two buses as one pyusb backend; a device or handle is known by the bus that it is on."""

    def __init__(self, *buses: UsbBus) -> None:
        self.buses = buses

    def enumerate_devices(self) -> Iterator[tuple[UsbBus, object]]:
        for bus in self.buses:
            for device in bus.enumerate_devices():
                yield bus, device

    def open_device(self, device: tuple[UsbBus, object]) -> tuple[UsbBus, object]:
        return device[0], device[0].open_device(device[1])

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda on, *rest: getattr(on[0], name)(on[1], *rest)


def test_of_two_readers_of_a_kind_the_serial_number_tells_which() -> None:
    numbers = "{A1}", "B 2&"
    buses = [UsbBus(UruReader(replace(URU4500, serial=serial))) for serial in numbers]
    both = TwoReaders(*buses)
    for serial, option in [("{A1}", "{A1}"), ("B 2&", "B%202%26"), ("{A1}", "%7BA1%7D")]:
        with open_sensor(f"usb:05ba:000a?serial={option}", usb_backend=both) as sensor:
            assert sensor.info().serial == serial
            assert [bus.open_handles for bus in buses] == [serial == number for number in numbers]
    with open_sensor("usb:05ba:000a", usb_backend=both) as sensor:
        assert sensor.info().serial == "{A1}"
    with pytest.raises(PortLostError, match=r"05ba:000a \{C3\}: it is not there") as absent:
        open_sensor("usb:05ba:000a?serial={C3}", usb_backend=both)
    assert [bus.open_handles for bus in buses] == [0, 0]
    del absent  # until now it has kept what the search held
