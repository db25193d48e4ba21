"""Opening the pins, and how their faults read. The mock pins are gpiozero's own."""

import importlib.util

import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import faults_of_pins, open_pins
from greenline.drivers.lights import GpioLight, LightPins


def test_mock_pins_exist_on_every_machine() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(LightPins(17, 27, 22), pins)
    light.close()
    pins.close()


@pytest.mark.skipif(importlib.util.find_spec("lgpio") is not None, reason="lgpio is installed here")
def test_without_the_library_the_technician_reads_what_is_missing() -> None:
    with pytest.raises(PortLostError, match="the pins of this board: gpiozero or lgpio is not"):
        open_pins()


def test_a_pin_that_does_not_exist_is_named_with_its_device() -> None:
    with pytest.raises(PortLostError, match=r"the light: it cannot be used .*99"):
        GpioLight.open(LightPins(99, 27, 22), open_pins("mock"))


def test_forbidden_pins_say_which_group_is_missing() -> None:
    with (
        pytest.raises(PortLostError, match=r"the keys: .* group gpio"),
        faults_of_pins("the keys"),
    ):
        raise PermissionError(13, "Permission denied")


def test_faults_of_our_own_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), faults_of_pins("the keys"):
        _ = 1 / 0
