"""What a serial fingerprint module makes of a finger: few grey levels and a pattern of its own.

A ZFM-20 or R503 sends 4 bits a pixel (Zhiantec user manual, UpImage); its columns differ a
little in gain, which no software removes.
"""

import numpy as np

from greenline.models.training.fields import seeded
from greenline.prints.frame import Frame

_SENSOR = 0x7365
# One module has one pattern: it depends on the picture's width alone, the noise on the seed.
_DEVICE = 0x6465


def as_sensor(frame: Frame, seed: int) -> Frame:
    """Return frame as a serial module sends it: 16 grey levels, columns and noise of its own."""
    device = seeded(frame.width, _DEVICE)
    columns = device.normal(0, 2.5, frame.width)
    rows = device.normal(0, 1.0, (frame.height, 1))
    rng = seeded(seed, _SENSOR)
    level = rng.normal(0, 4)
    noise = rng.normal(0, 3.5, frame.pixels.shape)
    shown = frame.pixels * rng.uniform(0.88, 0.97) + 6 + level + columns + rows + noise
    sixteen = np.clip(np.rint(shown / 17), 0, 15).astype(np.uint8)
    return Frame(sixteen * np.uint8(17), frame.dpi, grey_levels=16)
