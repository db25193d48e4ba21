"""A signal played on lights and buzzers that note what they get, in time that the test sets."""

import threading

import pytest

from greenline.drivers.buzzer import GpioBuzzer
from greenline.drivers.errors import DriverError, PortLostError
from greenline.drivers.gpio import open_pins
from greenline.drivers.lights import GpioLight, LightPins
from greenline.drivers.signalling import Signalling
from greenline.drivers.signals import BLACK, BLUE, GREEN, WHITE, Colour, Signal
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


def no_fault(error: DriverError) -> None:
    raise error


def test_a_signal_runs_from_its_start_on_light_and_buzzer() -> None:
    clock, light, buzzer = VirtualClock(), NotedLight(), NotedBuzzer()
    signalling = Signalling([light], [buzzer], clock, no_fault)
    signalling.step()
    signalling.show(Signal.LIFT_FINGER)
    for clock.now in (0.0, 0.1, 0.3, 1.1):
        signalling.step()
    assert light.colours == [BLACK, GREEN, GREEN, GREEN, BLACK]
    assert buzzer.tones == [None, 2000.0, 2000.0, None, None]
    signalling.show(Signal.LIFT_FINGER)  # the next finger
    signalling.step()
    assert (light.colours[-1], buzzer.tones[-1]) == (GREEN, 2000.0)


def test_on_a_ring_each_light_has_its_place() -> None:
    clock, ring = VirtualClock(), [NotedLight() for _ in range(4)]
    signalling = Signalling(ring, [], clock, no_fault)
    signalling.show(Signal.HOLD_STILL)
    clock.now = 0.25
    signalling.step()
    assert [light.colours[0] for light in ring] == [BLUE.dimmed(0.5), BLUE, BLACK, BLACK]


def test_a_device_that_fails_is_named_once_and_the_others_go_on() -> None:
    clock, broken, sound, buzzer = VirtualClock(), NotedLight(), NotedLight(), NotedBuzzer()
    named: list[str] = []
    signalling = Signalling(
        [broken, sound], [buzzer], clock, lambda error: named.append(str(error))
    )
    signalling.show(Signal.READY)
    broken.plugged = buzzer.plugged = False
    for _ in range(3):
        signalling.step()
    assert named == ["the light: gone", "the buzzer: gone"]
    assert sound.colours == [WHITE] * 3


def test_it_plays_on_real_drivers_over_mock_pins() -> None:
    clock, pins = VirtualClock(), open_pins("mock")
    light, buzzer = GpioLight.open(LightPins(17, 27, 22), pins), GpioBuzzer.open(18, pins)
    signalling = Signalling([light], [buzzer], clock, no_fault)
    signalling.show(Signal.AGAIN)
    signalling.step()
    assert [pins.pin(number).state for number in (17, 27, 22, 18)] == [1.0, 0.5, 0.0, 0.5]
    clock.now = 0.2
    signalling.step()
    assert [pins.pin(number).state for number in (17, 27, 22, 18)] == [1.0, 0.5, 0.0, 0.0]
    light.close()
    buzzer.close()


@pytest.mark.parametrize("signal", Signal)
def test_its_thread_ends_when_told(signal: Signal) -> None:
    stop, clock, light = threading.Event(), VirtualClock(), NotedLight()
    signalling = Signalling([light], [], clock, no_fault)
    signalling.show(signal)
    stop.set()
    signalling.run(stop)
    assert light.colours == []
