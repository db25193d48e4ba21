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


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "an address begins with one of serial:"),
        ("/dev/fingerprint", "an address begins with one of serial:"),
        ("usb:05ba:000a", "an address begins with one of serial:"),
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
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(SensorUrlError, match=sentence):
        open_sensor(url)


def test_an_absent_device_is_a_lost_port(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match="it is not there"):
        open_sensor(f"serial:{tmp_path}/fingerprint")


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
