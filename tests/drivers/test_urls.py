"""Addresses of sensors."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from greenline.drivers.errors import PortLostError, RefusedError, SensorUrlError
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.zfm_kinds import AS608, SpeedChange
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.uru4500_picture import Optics
from greenline.drivers.usb_urls import parse_usb


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
        ("usb:", "names no device"),
        ("usb:05ba", "names no device"),
        ("usb://05ba:000a", "names no device"),
        ("usb:05ba:000a#1", "names no device"),
        ("usb:05ba:00zz", "names no device"),
        ("usb:1d6b:0002", "only for 05ba:0007, 05ba:0008, 05ba:000a, 045e:00bb,"),
        ("usb:05ba:000a?baud=9600", "unknown option 'baud'; there are: turn, invert, dpi, seed"),
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
