"""Touch line and supply switch on the mock pins of gpiozero, from the address to the pin."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from greenline.drivers.errors import PortLostError, PortTimeoutError
from greenline.drivers.gpio import Pins, open_pins
from greenline.drivers.simulation.faults import Silent
from greenline.drivers.simulation.line import PtyLine
from greenline.drivers.simulation.zfm_kinds import R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.urls import open_sensor
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_wiring import TouchPin, wire_up

MakeLine = Callable[..., PtyLine]


@pytest.fixture
def pins() -> Iterator[Any]:
    factory = open_pins("mock")
    yield factory
    factory.close()


def test_a_touched_line_is_low(pins: Pins) -> None:
    touch = TouchPin("GPIO17", pins)
    pin = pins.pin("GPIO17")
    assert (touch.touched, pin.pull) == (False, "up")
    pin.drive_low()
    assert touch.touched
    pin.drive_high()
    assert not touch.touched
    touch.close()


def test_waiting_ends_with_the_touch_or_the_time(pins: Pins) -> None:
    touch, pin = TouchPin("GPIO17", pins), pins.pin("GPIO17")
    assert touch.wait(touched=False, timeout_s=5.0)
    assert not touch.wait(touched=True, timeout_s=0.01)
    pin.drive_low()
    assert touch.wait(touched=True, timeout_s=5.0)
    assert not touch.wait(touched=False, timeout_s=0.01)
    touch.close()


def test_what_the_address_names_is_wired(make_line: MakeLine, pins: Pins) -> None:
    line = make_line(ZfmModule(R503))
    sensor = open_sensor(f"serial:{line.path}?touch=GPIO17&power=GPIO27", pins=pins)
    assert isinstance(sensor, Zfm)
    with sensor:
        assert sensor.finger_present() is False
        pins.pin("GPIO17").drive_low()
        assert sensor.finger_present() is True
        assert pins.pin("GPIO27").state
        assert sensor.sleep()
        assert not pins.pin("GPIO27").state
        pins.pin("GPIO17").drive_high()
        assert sensor.wait_finger(present=False, timeout_s=5.0)
        assert not pins.pin("GPIO27").state
    wire_up("GPIO17", "GPIO27", pins).release()  # they were given back


def test_a_module_that_does_not_answer_gives_its_pins_back(make_line: MakeLine, pins: Pins) -> None:
    line = make_line(ZfmModule(R503), Silent())
    with pytest.raises(PortTimeoutError):
        open_sensor(f"serial:{line.path}?touch=GPIO17", pins=pins)
    wire_up("GPIO17", None, pins).release()


def test_a_pin_that_is_taken_is_named_and_the_other_given_back(pins: Pins) -> None:
    taken = TouchPin("GPIO27", pins)
    with pytest.raises(PortLostError, match="the supply switch on GPIO27"):
        wire_up("GPIO17", "GPIO27", pins)
    taken.close()
    wire_up("GPIO17", "GPIO27", pins).release()


@pytest.mark.skipif(Path("/dev/gpiochip0").exists(), reason="this machine has pins")
def test_a_machine_without_pins_says_so(make_line: MakeLine) -> None:
    line = make_line(ZfmModule(R503))
    with pytest.raises(PortLostError, match="the pins of this board"):
        open_sensor(f"serial:{line.path}?touch=GPIO17")
    with open_sensor(f"serial:{line.path}") as sensor:  # the port was let go
        assert sensor.finger_present() is False
