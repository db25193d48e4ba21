"""The table of signals: what must hold for every row, and each row's course in time."""

from itertools import combinations, pairwise

import pytest

from greenline.drivers.signals import (
    AMBER,
    BLACK,
    BLUE,
    GREEN,
    RED,
    SHOWS,
    WHITE,
    Colour,
    Signal,
    colour_at,
    tone_at,
)

STEPS = [step / 200 for step in range(12 * 200)]  # twelve seconds, every five milliseconds
MOST_FLASHES_A_SECOND = 3  # WCAG 2.2, success criterion 2.3.1
BLINK_RATES_HERTZ = (0.5, 2.0)


def course(signal: Signal, place: float = 0.0) -> list[float]:
    """Brightness at every step, whatever the colour: what somebody sees who sees no colours."""
    return [max(vars(colour_at(signal, t_s, place)).values()) for t_s in STEPS]


def flashes(levels: list[float]) -> list[float]:
    """When the light jumps up, in seconds."""
    return [STEPS[at + 1] for at, (one, two) in enumerate(pairwise(levels)) if two - one > 0.5]


def test_every_signal_has_its_row_and_there_is_none_for_a_result() -> None:
    assert list(SHOWS) == list(Signal)
    assert {signal.value for signal in Signal} == {
        "ready", "put finger", "hold still", "lift finger", "again", "wait", "out of order",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("signal", "t_s", "wanted"),
    [
        (Signal.READY, 0.0, WHITE),
        (Signal.READY, 2.0, WHITE.dimmed(0.15)),
        (Signal.READY, 4.0, WHITE),
        (Signal.PUT_FINGER, 0.0, BLUE),
        (Signal.PUT_FINGER, 3600.0, BLUE),
        (Signal.HOLD_STILL, 0.0, BLUE),
        (Signal.HOLD_STILL, 0.25, BLUE.dimmed(0.5)),
        (Signal.HOLD_STILL, 0.75, BLACK),
        (Signal.HOLD_STILL, 1.0, BLUE),
        (Signal.LIFT_FINGER, 0.99, GREEN),
        (Signal.LIFT_FINGER, 1.0, BLACK),
        (Signal.AGAIN, 0.1, AMBER),
        (Signal.AGAIN, 0.3, BLACK),
        (Signal.AGAIN, 0.6, AMBER),
        (Signal.AGAIN, 0.8, BLACK),
        (Signal.AGAIN, 1.9, BLACK),
        (Signal.AGAIN, 2.1, AMBER),
        (Signal.WAIT, 5.0, BLACK),
        (Signal.OUT_OF_ORDER, 0.9, RED),
        (Signal.OUT_OF_ORDER, 1.1, BLACK),
        (Signal.OUT_OF_ORDER, 2.1, RED),
    ],
)
def test_lights_follow_their_pattern(signal: Signal, t_s: float, wanted: Colour) -> None:
    got = colour_at(signal, t_s)
    assert vars(got) == pytest.approx(vars(wanted), abs=1e-9)


def test_tones_follow_their_sound() -> None:
    def heard(signal: Signal) -> list[tuple[float, float | None]]:
        tones = [(t_s, tone_at(signal, t_s)) for t_s in STEPS]
        return [tones[0]] + [two for one, two in pairwise(tones) if one[1] != two[1]]

    assert {signal: heard(signal) for signal in Signal if heard(signal) != [(0.0, None)]} == {
        Signal.LIFT_FINGER: [(0.0, 2000.0), (0.2, None)],
        Signal.AGAIN: [(0.0, 400.0), (0.15, None), (0.3, 400.0), (0.45, None)],
    }


def test_red_is_for_faults_alone() -> None:
    assert [signal for signal, show in SHOWS.items() if show.colour == RED] == [Signal.OUT_OF_ORDER]


@pytest.mark.parametrize(("one", "two"), list(combinations(Signal, 2)))
def test_no_two_signals_differ_by_colour_alone(one: Signal, two: Signal) -> None:
    heard = [[tone_at(signal, t_s) for t_s in STEPS] for signal in (one, two)]
    assert course(one) != course(two) or heard[0] != heard[1]


@pytest.mark.parametrize("signal", Signal)
def test_blinking_stays_between_half_a_hertz_and_two(signal: Signal) -> None:
    apart = [two - one for one, two in pairwise(flashes(course(signal)))]
    slowest, fastest = BLINK_RATES_HERTZ
    assert all(1 / fastest - 0.006 <= seconds <= 1 / slowest + 0.006 for seconds in apart)


@pytest.mark.parametrize("before", Signal)
@pytest.mark.parametrize("after", Signal)
def test_no_second_has_more_than_three_flashes_wherever_one_signal_follows_another(
    before: Signal, after: Signal
) -> None:
    first, second = course(before), course(after)[:800]
    for cut in range(1, 800, 10):
        starts = flashes(first[:cut] + second)
        most = max((sum(at <= other < at + 1 for other in starts) for at in starts), default=0)
        assert most <= MOST_FLASHES_A_SECOND, (STEPS[cut], starts)


def test_on_a_ring_the_running_light_goes_round_once_a_second() -> None:
    brightest = []
    for eighth in range(8):
        levels = [colour_at(Signal.HOLD_STILL, eighth / 8, place / 8).blue for place in range(8)]
        brightest.append(levels.index(max(levels)))
    assert brightest == list(range(8))


@pytest.mark.parametrize("signal", [signal for signal in Signal if signal is not Signal.HOLD_STILL])
def test_everything_else_shines_alike_all_round_the_ring(signal: Signal) -> None:
    assert course(signal, 0.0) == course(signal, 0.5)
