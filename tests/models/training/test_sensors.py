"""What each kind of sensor sends; what the serial module sends is fixed bit for bit."""

import hashlib

import numpy as np
import pytest

from greenline.models.training.sensors import AS608, SENSORS, Sensor, as_sensor
from greenline.prints.frame import Frame

RAMP = Frame(np.arange(288 * 256, dtype=np.uint32).astype(np.uint8).reshape(288, 256), 500.0)
GREY = Frame(np.full((290, 384), 150, np.uint8), 512.0)


def test_the_serial_module_sends_what_it_always_sent() -> None:
    """Scores that were measured with its pictures rest on them."""
    sent = as_sensor(RAMP, 11)

    digest = hashlib.sha256(sent.pixels.tobytes()).hexdigest()
    assert digest == "d9d49d343be24f8ba886511e63a948dca68e37e73d764bd6d034aa1b7cd29e3d"


def test_the_as608_is_that_serial_module() -> None:
    assert SENSORS["as608"] is AS608
    assert np.array_equal(as_sensor(RAMP, 3).pixels, as_sensor(RAMP, 3, AS608).pixels)


@pytest.mark.parametrize(
    ("name", "width", "height", "dpi", "grey_levels"),
    [
        ("optical", 388, 374, 500, 256),
        ("capacitive", 300, 300, 500, 256),
        ("r503", 192, 192, 508, 16),
        ("as608", 256, 288, 500, 16),
        ("uru4500", 384, 290, 512, 256),
    ],
)
def test_the_sensors_have_their_sizes(
    name: str, width: int, height: int, dpi: float, grey_levels: int
) -> None:
    sensor = SENSORS[name]

    assert (sensor.width, sensor.height, sensor.dpi) == (width, height, dpi)
    assert sensor.grey_levels == grey_levels


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=lambda sensor: sensor.name)
def test_a_sensor_sends_its_grey_levels_and_no_others(sensor: Sensor) -> None:
    sent = as_sensor(RAMP, 5, sensor)

    seen = np.unique(sent.pixels)
    step = 255 // (sensor.grey_levels - 1)
    assert sent.grey_levels == sensor.grey_levels
    assert not (seen % step).any()
    # A capacitive sensor's empty ground is a dark grey, so it uses but a part of its levels.
    assert 0.8 * sensor.gain[0] * sensor.grey_levels <= len(seen) <= sensor.grey_levels


def test_the_empty_ground_of_the_capacitive_sensor_is_darker_than_that_of_the_optical_one() -> None:
    white = Frame(np.full((60, 60), 245, np.uint8), 500.0)
    dark, light = (
        as_sensor(white, 1, SENSORS[name]).pixels.mean() for name in ("capacitive", "optical")
    )
    assert dark < 150
    assert light > 200


@pytest.mark.parametrize("sensor", SENSORS.values(), ids=lambda sensor: sensor.name)
def test_a_unit_has_one_pattern_and_every_picture_its_own_noise(sensor: Sensor) -> None:
    one, again, other = (as_sensor(GREY, seed, sensor).pixels.astype(float) for seed in (1, 1, 2))

    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.corrcoef(one.mean(axis=0), other.mean(axis=0))[0, 1] > 0.5
    assert abs(np.corrcoef((one - one.mean(axis=0)).ravel()[:9000],
                           (other - other.mean(axis=0)).ravel()[:9000])[0, 1]) < 0.5  # fmt: skip
