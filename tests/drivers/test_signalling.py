"""A signal played on lights and buzzers that note what they get, in time that the test sets."""

import pytest

from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import open_pins
from greenline.drivers.lights import GpioLight, LightPins
from greenline.drivers.signalling import Signalling
from greenline.drivers.signals import BLACK, BLUE, GREEN, Colour, Signal
from greenline.drivers.simulation.virtual import VirtualClock


class NotedLight:
    """A light that can be unplugged."""

    def __init__(self) -> None:
        self.colours: list[Colour] = []
        self.plugged = True

    def show(self, colour: Colour) -> None:
        if not self.plugged:
            raise PortLostError("the light: gone")
        self.colours.append(colour)

    def close(self) -> None:
        self.plugged = False


class NotedBuzzer:
    """A buzzer that can be unplugged."""

    def __init__(self) -> None:
        self.tones: list[float | None] = []
        self.plugged = True

    def sound(self, hertz: float | None) -> None:
        if not self.plugged:
            raise PortLostError("the buzzer: gone")
        self.tones.append(hertz)

    def close(self) -> None:
        self.plugged = False


def test_a_signal_runs_from_its_start_on_light_and_buzzer() -> None:
    clock, light, buzzer = VirtualClock(), NotedLight(), NotedBuzzer()
    signalling = Signalling([light], [buzzer], clock)
    signalling.step()
    signalling.show(Signal.LIFT_FINGER)
    for clock.now in (0.0, 0.1, 0.3, 1.1):
        signalling.step()
    assert light.colours == [BLACK, GREEN, GREEN, GREEN, BLACK]
    assert buzzer.tones == [None, 2000.0, 2000.0, None, None]
    signalling.show(Signal.LIFT_FINGER)  # still the same finger
    signalling.step()
    assert (light.colours[-1], buzzer.tones[-1]) == (BLACK, None)
    signalling.show(Signal.READY)
    signalling.show(Signal.LIFT_FINGER)  # the next finger
    signalling.step()
    assert (light.colours[-1], buzzer.tones[-1]) == (GREEN, 2000.0)


def test_on_a_ring_each_light_has_its_place() -> None:
    clock, ring = VirtualClock(), [NotedLight() for _ in range(4)]
    signalling = Signalling(ring, [], clock)
    signalling.show(Signal.HOLD_STILL)
    clock.now = 0.25
    signalling.step()
    assert [light.colours[0] for light in ring] == [BLUE.dimmed(0.5), BLUE, BLACK, BLACK]


def test_a_light_that_is_gone_is_told_to_the_caller() -> None:
    light = NotedLight()
    signalling = Signalling([light], [], VirtualClock())
    signalling.close()
    with pytest.raises(PortLostError, match="the light: gone"):
        signalling.step()


def test_it_plays_on_real_drivers_over_mock_pins() -> None:
    clock, pins = VirtualClock(), open_pins("mock")
    light = Signalling.open_lights([LightPins(17, 27, 22)], pins, clock)
    buzzer = Signalling.open_buzzer(18, pins, clock)
    states = []
    for clock.now in (0.0, 0.2):
        for signalling in (light, buzzer):
            signalling.show(Signal.AGAIN)
            signalling.step()
        states.append([pins.pin(number).state for number in (17, 27, 22, 18)])
    assert states == [[1.0, 0.5, 0.0, 0.5], [1.0, 0.5, 0.0, 0.0]]
    light.close()
    buzzer.close()
    assert [pins.pin(number).state for number in (17, 27, 22, 18)] == [0.0] * 4


def test_when_one_light_cannot_be_had_the_others_are_let_go() -> None:
    pins = open_pins("mock")
    with pytest.raises(PortLostError, match="the light"):
        Signalling.open_lights([LightPins(5, 6, 13), LightPins(17, 99, 22)], pins, VirtualClock())
    GpioLight.open(LightPins(5, 6, 13), pins).close()
