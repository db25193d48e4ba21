"""The buzzer on gpiozero's mock pins."""

import pytest

from greenline.drivers.buzzer import GpioBuzzer
from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import open_pins

PIN = 18


def test_a_tone_is_a_square_wave_of_its_pitch_until_the_next() -> None:
    pins = open_pins("mock")
    buzzer = GpioBuzzer.open(PIN, pins)
    pin = pins.pin(PIN)
    heard = []
    for hertz in (None, 2000.0, 2000.0, 400.0, None):
        buzzer.sound(hertz)
        heard.append((pin.frequency if pin.state else None, pin.state))
    assert heard == [(None, 0.0), (2000, 0.5), (2000, 0.5), (400, 0.5), (None, 0.0)]
    buzzer.close()


def test_closing_is_silent_frees_the_pin_and_is_harmless_twice() -> None:
    pins = open_pins("mock")
    buzzer = GpioBuzzer.open(PIN, pins)
    buzzer.sound(400.0)
    with pytest.raises(PortLostError, match="the buzzer: it cannot be used"):
        GpioBuzzer.open(PIN, pins)
    buzzer.close()
    buzzer.close()
    assert pins.pin(PIN).frequency is None
    GpioBuzzer.open(PIN, pins).close()
