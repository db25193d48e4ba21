"""The light on gpiozero's mock pins."""

from typing import Any

import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import open_pins
from greenline.drivers.lights import GpioLight, LightPins
from greenline.drivers.signals import AMBER, BLACK, GREEN

WHERE = LightPins(red=17, green=27, blue=22)


def levels(pins: Any) -> list[float]:
    return [float(pins.pin(number).state) for number in (17, 27, 22)]


def test_a_colour_reaches_the_three_pins() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(WHERE, pins)
    assert levels(pins) == [0.0, 0.0, 0.0]
    light.show(AMBER)
    assert levels(pins) == [1.0, 0.5, 0.0]
    light.show(GREEN.dimmed(0.25))
    assert levels(pins) == [0.0, 0.25, 0.0]
    light.close()


def test_with_a_common_anode_low_is_on() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(LightPins(17, 27, 22, common_anode=True), pins)
    light.show(AMBER)
    assert levels(pins) == [0.0, 0.5, 1.0]
    light.close()


def test_the_same_colour_again_writes_nothing() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(WHERE, pins)
    light.show(GREEN)
    pins.pin(27).clear_states()
    light.show(GREEN)
    assert len(pins.pin(27).states) == 1  # the state it was cleared to
    light.show(BLACK)
    assert len(pins.pin(27).states) == 2
    light.close()


def test_closing_goes_dark_frees_the_pins_and_is_harmless_twice() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(WHERE, pins)
    light.show(GREEN)
    light.close()
    light.close()
    GpioLight.open(WHERE, pins).close()


def test_a_pin_in_use_is_a_lost_port() -> None:
    pins = open_pins("mock")
    light = GpioLight.open(WHERE, pins)
    with pytest.raises(PortLostError, match="the light: it cannot be used"):
        GpioLight.open(WHERE, pins)
    light.close()
