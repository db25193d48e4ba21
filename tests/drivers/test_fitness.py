"""What sensors' pictures are good for."""

import pytest

from greenline.drivers.fitness import Fitness, Level, fitness_of
from greenline.drivers.sensor import SensorInfo


def info(width: int | None, height: int | None, dpi: float | None, grey: int) -> SensorInfo:
    return SensorInfo("model", "serial", width, height, dpi, grey)


@pytest.mark.parametrize(
    ("sensor", "level", "starts"),
    [
        (info(384, 500, 500.0, 256), Level.GOOD, []),
        (info(250, 325, 500.0, 256), Level.GOOD, []),  # 12.7 x 16.5 mm
        (info(249, 325, 500.0, 256), Level.FAIR, ["it sees 12.6 x 16.5 mm"]),
        (info(384, 290, 512.0, 256), Level.FAIR, ["it sees 19.0 x 14.4 mm"]),
        (info(256, 288, 500.0, 16), Level.FAIR, ["16 grey levels", "it sees 13.0 x 14.6 mm"]),
        (info(192, 192, 508.0, 16), Level.WEAK, ["16 grey levels", "it sees 9.6 x 9.6 mm"]),
        (info(384, 500, 489.0, 256), Level.FAIR, ["489 dpi instead of 500"]),
        (info(384, 500, 385.0, 256), Level.WEAK, ["385 dpi instead of 500"]),
        (info(256, 288, 385.0, 16), Level.WEAK, ["16 grey levels", "385 dpi instead of 500"]),
        (info(None, None, None, 256), Level.UNKNOWN, ["the size of its pictures is known after"]),
        (
            info(None, None, None, 16),
            Level.UNKNOWN,
            ["the size of its pictures is known after", "16 grey levels"],
        ),
    ],
)
def test_every_need_that_is_not_met_is_named(
    sensor: SensorInfo, level: Level, starts: list[str]
) -> None:
    found = fitness_of(sensor)
    assert found == Fitness(level, found.reasons)
    assert [
        reason[: len(start)] for reason, start in zip(found.reasons, starts, strict=True)
    ] == starts
