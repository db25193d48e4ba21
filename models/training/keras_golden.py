"""Writes what pyfing's own network (Keras) finds on synthetic prints, for a test without Keras.

    python -m greenline.models.training.keras_golden --out tests/models/leader_keras.json

Needs the extra "train". The prints are made from their seeds, so nobody's finger is in the file.
"""

import argparse
import hashlib
import os
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from greenline.models.extraction import Extractor
from greenline.models.training.synthesis import Conditions, make_finger, press
from greenline.models.training.verify_leader import Columns, from_pyfing

SEEDS = (11, 12, 13, 14)


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One print. pixels: SHA-256 of the grey values. minutiae: x, y, direction, kind, quality."""

    seed: int
    pixels: str
    minutiae: list[list[float]]

    @property
    def columns(self) -> Columns:
        """The minutiae as an array (n, 5)."""
        return np.array(self.minutiae, np.float64).reshape(-1, 5)


def synthetic_print(seed: int) -> NDArray[np.uint8]:
    """Return the print of a seed: 256x288 pixels at 500 dpi, a size the network takes as it is."""
    return press(make_finger(seed), 1, conditions=Conditions()).frame.pixels


def digest(pixels: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of the grey values."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def main() -> None:
    """Run from the command line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from pyfing.minutiae_end_to_end import Leader, LeaderParameters  # noqa: PLC0415 - slow

    parser = argparse.ArgumentParser(description="Write what LEADER in Keras finds.")
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    leader = Leader(
        LeaderParameters(minutia_quality_threshold=Extractor(model="leader-1").threshold)
    )
    found = []
    for seed in SEEDS:
        pixels = synthetic_print(seed)
        columns = from_pyfing(leader.run(pixels))
        found.append(Golden(seed, digest(pixels), np.round(columns, 4).tolist()))
    arguments.out.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1))


if __name__ == "__main__":
    main()
