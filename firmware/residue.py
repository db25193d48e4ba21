"""Tells a finger from what the finger before has left on the glass.

Grease keeps the ridges of the last press: the same, at the same place, but fainter. A finger that
is laid down again never hits the same place within a fraction of a ridge. To notice that, up to
2,048 bits of the last press are kept: which of two nearby points was darker, at places drawn anew
each time the sensor is opened. They lie about as close as ridges do and tell that finger from
others, so they are a fingerprint's data and no less: they never leave the process's memory, and
are dropped at the next press, or after KEPT_S, or with the check when it is stopped.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.drivers.port import Clock
from greenline.models.early import Judge
from greenline.models.quality import Quality, Reason
from greenline.prints.frame import Frame

POINTS = 2048
AGREEMENT = 0.8  # of the bits; other presses of the same finger: 0.5, 0.77 at most of 4,480
KEPT_S = 600.0  # without a press; then nothing of the last one is known any more
FAINTER = 0.7  # contrast of a residue, as a share of the press's
_RIDGE = 5 / 500  # inches: half the way from ridge to ridge
_CONTRAST = 24.0  # grey levels between two points that tell something
_FEWEST = 100


def is_residue(quality: Quality) -> bool:
    """Say whether a picture shows no finger but residue; beside a finger it is only a reason."""
    return quality.score == 0 and Reason.RESIDUE in quality.reasons


@dataclass(frozen=True)
class _Sketch:
    """Bits of one press. used: which of the points tell something; darker: the first of the two."""

    shape: tuple[int, int]
    used: NDArray[np.bool_]
    darker: NDArray[np.bool_]
    contrast: float


class Glass:
    """A judge that gives no score to residue. Not safe to share between threads.

    inner: judges everything else. seed: of the places that are compared. clock: seconds, monotonic.
    """

    def __init__(self, inner: Judge, seed: int, clock: Clock = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock
        self._judged_at = clock()
        self._latest_is_of_check = self._left_is_of_check = False
        self._places = np.random.default_rng(seed).random((POINTS, 2))
        self._latest: _Sketch | None = None
        self._left: _Sketch | None = None

    def judge(self, frame: Frame) -> Quality:
        """Judge a frame, or a part of one."""
        quality = self._inner(frame)
        if self._left is not None and self._shows(self._left, frame):
            return Quality(0, (Reason.RESIDUE,), quality.algorithm)
        # The whole picture counts, not the upper rows of a slow one nor a part of them.
        if self._latest is None or frame.height >= self._latest.shape[0]:
            self._note(_sketch(frame.pixels.shape, self._steps(frame.pixels, frame.dpi)))
        return quality

    @property
    def pressed(self) -> bool:
        """Whether nobody has seen the finger leave that was judged last."""
        return self._latest is not None

    def begin(self) -> None:
        """A check begins: what is known of the glass is of those before."""
        self._latest_is_of_check = self._left_is_of_check = False

    def lifted(self) -> None:
        """The finger was taken away: what was judged last may be on the glass from now on."""
        if self._latest is not None:
            self._left, self._latest = self._latest, None
            self._left_is_of_check = self._latest_is_of_check

    def forget(self) -> None:
        """The check was stopped: keep nothing of any press in it."""
        if self._latest_is_of_check:
            self._latest = None
        if self._left_is_of_check:
            self._left = None

    def expire(self) -> None:
        """Nobody is being checked: drop what is older than KEPT_S."""
        if self._clock() - self._judged_at >= KEPT_S:
            self._latest = self._left = None

    def _note(self, sketch: _Sketch | None) -> None:
        # A finger that is just leaving shows nothing, but what it showed before is on the glass.
        if sketch is not None:
            self._latest, self._latest_is_of_check = sketch, True
            self._judged_at = self._clock()

    def _shows(self, left: _Sketch, frame: Frame) -> bool:
        """Say whether it is seen there; of a press that was given up only upper rows are known."""
        height, width = left.shape
        if frame.width != width or frame.height < height:
            return False
        return _is_left(left, self._steps(frame.pixels[:height], frame.dpi))

    def _steps(self, pixels: NDArray[np.uint8], dpi: float) -> NDArray[np.float32]:
        """Return how much darker each first point is than its second, in grey levels."""
        ridge = max(1, round(_RIDGE * dpi))
        room = np.array(pixels.shape) - ridge
        if room.min() <= 0:
            return np.zeros(POINTS, np.float32)
        rows, columns = (self._places * room).astype(int).T
        grey = pixels.astype(np.float32)
        steps: NDArray[np.float32] = grey[rows + ridge, columns + ridge] - grey[rows, columns]
        return steps


def _sketch(shape: tuple[int, ...], steps: NDArray[np.float32]) -> _Sketch | None:
    used = np.abs(steps) >= _CONTRAST
    if np.count_nonzero(used) < _FEWEST:
        return None
    contrast = float(np.abs(steps[used]).mean())
    return _Sketch((shape[0], shape[1]), used, steps[used] > 0, contrast)


def _is_left(left: _Sketch, steps: NDArray[np.float32]) -> bool:
    now = steps[left.used]
    told = now != 0
    if np.count_nonzero(told) < _FEWEST:
        return False
    agreement = float(((now > 0) == left.darker)[told].mean())
    return agreement >= AGREEMENT and float(np.abs(now).mean()) <= FAINTER * left.contrast
