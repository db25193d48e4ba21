"""When an exposure has settled."""

import numpy as np
import pytest
from numpy.typing import NDArray

from greenline.drivers.errors import BadTransferError, PortLostError, PortTimeoutError
from greenline.drivers.exposure import Settling, brightness, settled


def settled_at(levels: list[float], frame_s: float) -> float | None:
    """Return when pictures of these brightnesses have settled, seconds from the first."""
    settling = Settling()
    for number, level in enumerate(levels):
        if settling.add(number * frame_s, level):
            return number * frame_s
    return None


@pytest.mark.parametrize("frame_s", [0.033, 0.1, 0.2])
def test_the_same_brightness_for_0_4_seconds_is_settled(frame_s: float) -> None:
    at = settled_at([100.0] * 100, frame_s)
    assert at is not None
    assert 0.4 <= at < 0.4 + frame_s


def test_slow_pictures_need_two_that_agree() -> None:
    assert settled_at([50.0, 100.0, 101.0], 1.0) == 2.0


def test_a_slow_rise_is_not_settled_until_it_ends() -> None:
    rising = [10.0 + step for step in range(30)]
    assert settled_at(rising, 0.033) is None
    at = settled_at([*rising, *[39.0] * 30], 0.033)
    assert at == pytest.approx((30 + 10) * 0.033, abs=0.07)


def test_noise_of_one_level_is_settled_and_flicker_is_not() -> None:
    assert settled_at([100.0, 101.0] * 20, 0.033) is not None
    assert settled_at([100.0, 110.0] * 200, 0.033) is None


def test_at_the_limit_the_last_picture_is_taken_as_it_is() -> None:
    now = [0.0]

    def next_pixels() -> NDArray[np.uint8]:
        now[0] += 0.1
        return np.full((8, 8, 3), int(now[0] * 100) % 200, np.uint8)

    taken = settled(next_pixels, lambda: now[0], limit=1.0)
    assert (taken.settled, int(taken.pixels[0, 0, 0])) == (False, int(now[0] * 100))
    assert 1.0 <= taken.taken_s == now[0] < 1.15


@pytest.mark.parametrize("fault", [PortTimeoutError("none came"), BadTransferError("damaged")])
def test_a_fault_after_the_first_picture_ends_the_waiting(fault: Exception) -> None:
    now = [0.0]

    def next_pixels() -> NDArray[np.uint8]:
        now[0] += 0.1
        if now[0] > 0.25:
            raise fault
        return np.full((8, 8, 3), int(now[0] * 100), np.uint8)

    taken = settled(next_pixels, lambda: now[0], limit=1.0)
    assert (taken.settled, int(taken.pixels[0, 0, 0]), taken.taken_s) == (False, 20, 0.2)


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (PortTimeoutError("none came"), 0),
        (BadTransferError("damaged"), 0),
        (PortLostError("out"), 3),
    ],
)
def test_without_a_picture_or_without_the_camera_the_fault_is_the_callers(
    fault: Exception, after: int
) -> None:
    given = [100 + 10 * number for number in range(after)]

    def next_pixels() -> NDArray[np.uint8]:
        if not given:
            raise fault
        return np.full((8, 8, 3), given.pop(), np.uint8)

    with pytest.raises(type(fault)) as caught:
        settled(next_pixels, lambda: 0.0, limit=1.0)
    assert caught.value is fault


def test_brightness_is_the_mean_of_the_picture() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32] = 200
    assert brightness(pixels) == 100.0
