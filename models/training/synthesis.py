"""Synthetic prints for the demo, the tests and the training: no real person's finger needed.

`make_finger` makes a finger with exactly known minutiae, `press` an impression of it, and
`python -m greenline.models.training.synthesis --out DIR` a set of pictures to enrol and press.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from rich.progress import track

from greenline.models.training.appearance import Conditions, draw_conditions
from greenline.models.training.fingers import Finger, make_finger
from greenline.models.training.impressions import Impression, press
from greenline.models.training.sensors import as_sensor
from greenline.prints.frame import Frame

__all__ = [
    "Conditions",
    "Finger",
    "Impression",
    "as_sensor",
    "draw_conditions",
    "make_finger",
    "press",
    "save_frame",
    "write_set",
]

# Fingers of a set are numbered from 1; sets of other seeds share none (below a million fingers).
_SET_STRIDE = 1_000_000


def save_frame(frame: Frame, path: Path) -> None:
    """Write frame as a grey PNG that says its resolution. Raises OSError when it cannot."""
    Image.fromarray(frame.pixels).save(path, dpi=(frame.dpi, frame.dpi))


def write_set(
    directory: Path,
    fingers: int,
    impressions: int,
    seed: int,
    *,
    width: int = 256,
    height: int = 288,
    dpi: float = 500.0,
    sensor: bool = False,
) -> Iterator[Path]:
    """Write `<finger>_<impression>.png`, both numbered from 1, and yield each path once written.

    The directory is made where missing. sensor: write what a serial module would send, 16 grey
    levels with its own noise. Raises OSError when a picture cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for number in range(1, fingers + 1):
        finger = make_finger(seed * _SET_STRIDE + number)
        for which in range(1, impressions + 1):
            frame = press(finger, which, width=width, height=height, dpi=dpi).frame
            if sensor:
                frame = as_sensor(frame, finger.seed + which)
            path = directory / f"{number}_{which}.png"
            save_frame(frame, path)
            yield path


def main(arguments: list[str] | None = None) -> None:
    """Write a set of synthetic prints, as the command line asks."""
    parser = argparse.ArgumentParser(
        prog="python -m greenline.models.training.synthesis",
        description="Write synthetic fingerprints <finger>_<impression>.png.",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--fingers", type=_count, default=10, help="how many fingers")
    parser.add_argument("--impressions", type=_count, default=4, help="pictures of each finger")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other fingers")
    parser.add_argument("--width", type=_count, default=256, help="pixels")
    parser.add_argument("--height", type=_count, default=288, help="pixels")
    parser.add_argument("--dpi", type=float, default=500.0, help="pixels per inch")
    parser.add_argument("--sensor", action="store_true", help="as a serial module sends them")
    given = parser.parse_args(arguments)
    written = write_set(
        given.out,
        given.fingers,
        given.impressions,
        given.seed,
        width=given.width,
        height=given.height,
        dpi=given.dpi,
        sensor=given.sensor,
    )
    for _ in track(written, "Pressing fingers", total=given.fingers * given.impressions):
        pass


def _count(text: str) -> int:
    """Read a count of at least one. Raises ValueError otherwise."""
    count = int(text)
    if count < 1:
        raise ValueError(text)
    return count


if __name__ == "__main__":
    main()
