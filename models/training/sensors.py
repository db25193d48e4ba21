"""What a sensor makes of a finger: the size of its window, its grey levels, its own noise.

A ZFM-20 or R503 sends 4 bits a pixel (Zhiantec user manual, UpImage); its columns differ a
little in gain, which no software removes.
"""

from dataclasses import dataclass

import numpy as np

from greenline.models.training.fields import seeded
from greenline.prints.frame import Frame

_SENSOR = 0x7365
# One module has one pattern: it depends on the picture's width alone, the noise on the seed.
_DEVICE = 0x6465


@dataclass(frozen=True)
class Sensor:
    """One kind of sensor. width, height: pixels. grey_levels: 16 or 256.

    The rest is its electronics, in grey levels of 256. columns, rows: deviation of the pattern
    that one unit puts into all its pictures. gain, offset: what becomes of the picture. level:
    deviation of the brightness from picture to picture. noise: deviation of each pixel.
    """

    name: str
    width: int
    height: int
    dpi: float
    grey_levels: int
    columns: float = 2.5
    rows: float = 1.0
    gain: tuple[float, float] = (0.88, 0.97)
    offset: float = 6.0
    level: float = 4.0
    noise: float = 3.5


AS608 = Sensor("as608", 256, 288, 500.0, 16)

SENSORS = {
    sensor.name: sensor
    for sensor in (
        # The window of the optical sensor of FVC2002 DB1, and that of the capacitive one of DB3.
        Sensor("optical", 388, 374, 500.0, 256, 0.4, 0.2, (0.90, 1.0), 4.0, 5.0, 1.0),
        Sensor("capacitive", 300, 300, 500.0, 256, 1.6, 1.0, (0.30, 0.48), 18.0, 8.0, 2.5),
        Sensor("r503", 192, 192, 508.0, 16),
        AS608,
        Sensor("uru4500", 384, 290, 512.0, 256, 0.4, 0.2, (0.80, 1.0), 4.0, 6.0, 1.5),
    )
}
"""By name. Sizes and grey levels are the sensors' own; the electronics is guessed, not measured."""


def as_sensor(frame: Frame, seed: int, sensor: Sensor = AS608) -> Frame:
    """Return frame with the sensor's grey levels, pattern and noise; its size stays as it is."""
    device = seeded(frame.width, _DEVICE)
    columns = device.normal(0, sensor.columns, frame.width)
    rows = device.normal(0, sensor.rows, (frame.height, 1))
    rng = seeded(seed, _SENSOR)
    level = rng.normal(0, sensor.level)
    noise = rng.normal(0, sensor.noise, frame.pixels.shape)
    gain = rng.uniform(*sensor.gain)
    shown = frame.pixels * gain + sensor.offset + level + columns + rows + noise
    step = 255 // (sensor.grey_levels - 1)
    sent = np.clip(np.rint(shown / step), 0, sensor.grey_levels - 1).astype(np.uint8)
    return Frame(sent * np.uint8(step), frame.dpi, grey_levels=sensor.grey_levels)
