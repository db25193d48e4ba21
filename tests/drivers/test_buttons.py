"""Keys: what counts as a press, in sampled time; and the pins below them."""

import pytest

from greenline.drivers.buttons import SAMPLE_S, ButtonPins, GpioButtons, Key, KeyReader
from greenline.drivers.errors import PortLostError
from greenline.drivers.gpio import open_pins
from greenline.drivers.simulation.virtual import VirtualClock

UP: frozenset[Key] = frozenset()
WHERE = ButtonPins(left=5, ok=6, right=13, wipe=19)


class Finger:
    """Presses keys of a reader, sampled every 20 ms; notes what counted and when."""

    def __init__(self, *, start_up: bool = True) -> None:
        self.reader = KeyReader()
        self.now_s = 0.0
        self.counted: list[Key] = []
        if start_up:
            self.hold(UP, SAMPLE_S)

    def hold(self, keys: frozenset[Key], seconds: float) -> None:
        for _ in range(round(seconds / SAMPLE_S)):
            self.counted += self.reader.sample(self.now_s, keys)
            self.now_s += SAMPLE_S


@pytest.mark.parametrize("key", [Key.LEFT, Key.OK, Key.RIGHT])
def test_a_key_counts_once_however_long_it_is_held(key: Key) -> None:
    finger = Finger()
    finger.hold(frozenset({key}), 0.1)
    assert finger.counted == [key]
    finger.hold(frozenset({key}), 10.0)
    assert finger.counted == [key]
    finger.hold(UP, 0.1)
    finger.hold(frozenset({key}), 0.1)
    assert finger.counted == [key, key]


def test_a_contact_that_chatters_counts_once() -> None:
    finger = Finger()
    for down in (True, False, True, False, True, True, True, True):
        finger.hold(frozenset({Key.OK}) if down else UP, SAMPLE_S)
    assert finger.counted == [Key.OK]


def test_a_spike_shorter_than_40_ms_counts_not_at_all() -> None:
    finger = Finger()
    finger.hold(frozenset({Key.OK}), 0.04)
    finger.hold(UP, 1.0)
    assert finger.counted == []


def test_two_keys_at_once_both_count() -> None:
    finger = Finger()
    finger.hold(frozenset({Key.LEFT, Key.RIGHT}), 0.1)
    assert finger.counted == [Key.LEFT, Key.RIGHT]


def test_the_wipe_key_counts_after_three_seconds_and_not_before() -> None:
    finger = Finger()
    wipe = frozenset({Key.WIPE})
    finger.hold(wipe, 3.0)
    assert finger.counted == []
    assert finger.reader.wipe_share(finger.now_s) == pytest.approx(1.0)
    finger.hold(wipe, 0.04)
    assert finger.counted == [Key.WIPE]
    finger.hold(wipe, 10.0)
    assert finger.counted == [Key.WIPE]
    assert finger.reader.wipe_share(finger.now_s) == 0.0


def test_a_wipe_key_let_go_in_between_begins_again() -> None:
    finger = Finger()
    wipe = frozenset({Key.WIPE})
    finger.hold(wipe, 2.9)
    finger.hold(UP, SAMPLE_S)
    assert finger.reader.wipe_share(finger.now_s) == 0.0
    finger.hold(wipe, 2.9)
    assert finger.counted == []


def test_the_share_of_the_hold_rises_for_the_screen() -> None:
    finger = Finger()
    finger.hold(frozenset({Key.WIPE}), 1.5)
    assert finger.reader.wipe_share(finger.now_s) == pytest.approx(0.5)


def test_a_key_that_is_stuck_at_the_start_counts_only_after_its_release() -> None:
    finger = Finger(start_up=False)
    stuck = frozenset({Key.WIPE, Key.OK})
    finger.hold(stuck, 60.0)
    assert finger.counted == []
    finger.hold(UP, SAMPLE_S)
    finger.hold(stuck, 3.1)
    assert finger.counted == [Key.OK, Key.WIPE]


def test_two_samples_far_apart_are_no_hold() -> None:
    reader = KeyReader()
    wipe = frozenset({Key.WIPE})
    counted = [reader.sample(now_s, keys) for now_s, keys in [(0, UP), (0.02, wipe), (9, wipe)]]
    assert counted == [[], [], []]


def test_keys_connect_their_pins_to_ground() -> None:
    pins, clock = open_pins("mock"), VirtualClock()
    buttons = GpioButtons.open(WHERE, pins, clock)
    counted = []
    for number in (5, 6, 13, 19):
        counted += buttons.pressed()
        pins.pin(number).drive_low()
        for _ in range(200):
            clock.now += SAMPLE_S
            counted += buttons.pressed()
        pins.pin(number).drive_high()
    assert counted == [Key.LEFT, Key.OK, Key.RIGHT, Key.WIPE]
    buttons.close()


def test_the_wipe_share_comes_from_the_pins_too() -> None:
    pins, clock = open_pins("mock"), VirtualClock()
    buttons = GpioButtons.open(ButtonPins(wipe=19), pins, clock)
    buttons.pressed()
    pins.pin(19).drive_low()
    buttons.pressed()
    clock.now = 0.3
    assert (buttons.pressed(), buttons.wipe_share()) == ([], pytest.approx(0.1))
    buttons.close()


def test_a_pin_in_use_is_a_lost_port_and_no_other_is_kept() -> None:
    pins, clock = open_pins("mock"), VirtualClock()
    first = GpioButtons.open(ButtonPins(right=13), pins, clock)
    with pytest.raises(PortLostError, match="the keys: it cannot be used"):
        GpioButtons.open(WHERE, pins, clock)
    first.close()
    GpioButtons.open(WHERE, pins, clock).close()
