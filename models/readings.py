"""How the answers of each minutiae network become minutiae: one row for each network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.models import decoding

Answers = NDArray[np.float32]  # (rows, columns, channels) of one picture
Found = NDArray[np.float32]  # (n, 5): x, y, direction, probability of an ending, quality


@dataclass(frozen=True)
class Reading:
    """decode: answers and the least quality (0-1) of a minutia, to what was found.

    seam: pixels over which neighbouring tiles may find the same minutia twice. mirrored: turns
    the answers to a mirrored picture back; None when that brings nothing.
    """

    decode: Callable[[Answers, float], Found]
    seam: int
    mirrored: Callable[[Answers], Answers] | None = None


def _leader(answers: Answers, threshold: float) -> Found:
    """Read LEADER's maps, which have the size of the picture and keep the best of 7x7 pixels."""
    y, x = np.nonzero(answers[..., 3] >= threshold)
    return np.stack((x, y, *answers[y, x, 1:].T), axis=1).astype(np.float32)


READINGS = {
    "leader-1": Reading(_leader, seam=3),
    "greenline-1": Reading(decoding.decode, seam=6, mirrored=decoding.mirrored),
}
"""By model."""
