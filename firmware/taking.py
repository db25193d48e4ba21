"""The attempts at one usable picture: prompts, waits and scans, on the capture thread.

Up to so many presses; the best usable one is kept, and is never given up for a worse one.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from greenline.drivers.errors import BadTransferError, DriverError
from greenline.drivers.sensor import Retry
from greenline.firmware.advice import advice
from greenline.firmware.board import Phase
from greenline.firmware.line import Impression, Least, Line, Unusable
from greenline.models.errors import ModelsError
from greenline.models.quality import Quality
from greenline.prints.frame import Frame

log = logging.getLogger(__name__)

_POLL_S = 0.3
_FINGER_WAIT_S = 60.0
_LIFT_WAIT_S = 15.0
# How long "taken" and "again" stay at least, for the signal and its sound to be noticed.
_TOLD_S = 1.0
_STEP = 0.02
_NO_PICTURE = "No usable picture. Clean finger and sensor, then start again"
_KEEP_STILL = "Reading: keep the finger still"
_GOING_WELL = "Good: keep the finger still"


class Show(Protocol):
    """Shows the officer and the traveller where the capture stands."""

    def __call__(
        self,
        phase: Phase,
        instruction: str,
        *,
        share: float = 0.0,
        quality: int | None = None,
        attempt: int = 0,
    ) -> None:
        """Show this; what is not named has its usual value."""


def _nobody_counts(_attempt: int, _quality: int | None) -> None:
    """Count no attempts."""


class Taking:
    """Takes one finger from one sensor's line.

    ended: says that the finger is not wanted any more. pause: waits so many seconds, less when it
    is stopped. attempts: presses at most. rescan_below: a usable picture below this score is kept,
    but asked for again as long as there are attempts. threshold: the same for a poor one, which is
    kept too; None: no picture below the line's minimum_quality is kept. counted: told the number
    and quality of each press that was read.
    """

    def __init__(
        self,
        line: Line,
        show: Show,
        ended: Callable[[], bool],
        pause: Callable[[float], object],
        attempts: int,
        rescan_below: int = 0,
        *,
        threshold: int | None = None,
        counted: Callable[[int, int | None], None] = _nobody_counts,
    ) -> None:
        self._line = line
        self._show = show
        self._ended = ended
        self._pause = pause
        self._attempts = attempts
        self._rescan_below = rescan_below
        self._threshold = line.minimum_quality if threshold is None else threshold
        self._keep_poor = threshold is not None
        self._counted = counted
        self._live = line.sensor.info().live
        self._best: Impression | None = None

    def take(self, finger: int) -> Impression | str:
        """Return an impression, or in words why there is none. finger: ISO position 0-10.

        Raises DriverError, but not once there is a usable picture: that is used first.
        """
        try:
            return self._take(finger)
        except DriverError as fault:
            if self._best is None or self._ended():
                raise
            log.warning("sensor lost, a picture is there", extra={"reason": str(fault)})
            return self._best

    def _take(self, finger: int) -> Impression | str:
        self._best = None
        for attempt in range(1, self._attempts + 1):
            missing = self._await_finger(attempt)
            if missing:
                return self._best_or(missing)
            try:
                found = self._scan(finger, attempt)
            except ModelsError as fault:
                return self._best_or(str(fault))
            if self._ended():  # whatever was read: nothing of a check that was stopped is kept
                break
            self._counted(attempt, _score(found))
            if isinstance(found, Impression):
                self._keep(found)
                if found.quality.score >= max(self._threshold, self._rescan_below):
                    break
            if attempt < self._attempts or self._best is None:
                self._ask_again(found, attempt)
            if self._ended():
                break
        return self._best_or(_NO_PICTURE)

    def wait_lifted(self) -> None:
        """Let the person see what the signal says, then wait for the finger to go."""
        self._pause(_TOLD_S)
        self._lifted(_LIFT_WAIT_S)

    def _lifted(self, seconds: float) -> bool:
        lifted = self._wait(present=False, seconds=seconds)
        if lifted and self._line.glass is not None:
            self._line.glass.lifted()
        return lifted

    def _await_finger(self, attempt: int) -> str:
        """Wait for a finger; return in words why none can be read, empty when one can."""
        if self._must_be_free(attempt) and not self._lifted(_POLL_S):
            self._show(
                Phase.AGAIN, "Lift the finger. If none is there, wipe the sensor", attempt=attempt
            )
            if not self._lifted(_FINGER_WAIT_S):
                return "The sensor was never free. Wipe it, then start again"
        self._show(Phase.PLACE_FINGER, "Place the finger on the sensor", attempt=attempt)
        placed = self._wait(present=True, seconds=_FINGER_WAIT_S)
        return "" if placed else "No finger was placed"

    def _must_be_free(self, attempt: int) -> bool:
        """Say whether what lies on the sensor may be something else than the finger asked for."""
        if self._live:  # the finger before, or what it has left on the glass
            return True
        # A slow sensor sees no grease, but the traveller before may not have lifted the finger.
        return attempt == 1 and self._line.glass is not None and self._line.glass.pressed

    def _scan(self, finger: int, attempt: int) -> Impression | Retry | Unusable | None:
        """Scan once; None: the picture arrived damaged, and something is left to do about it."""
        state = _Reading(self._show, attempt, self._threshold)
        # The last chance to keep anything: a poor picture is not given up on its way.
        whole = self._keep_poor and attempt == self._attempts and self._best is None
        least = Least(self._threshold, self._keep_poor, whole)
        try:
            return self._line.take(
                finger, state.progress, state.judged, state.seen, self._ended, least
            )
        except BadTransferError as fault:
            # Kept open: a driver that has seen a bad line reads more carefully from then on.
            if attempt == self._attempts and self._best is None:
                raise
            log.warning("picture damaged", extra={"reason": str(fault)})
            return None

    def _keep(self, found: Impression) -> None:
        if self._best is None or found.quality.score > self._best.quality.score:
            self._best = found

    def _best_or(self, words: str) -> Impression | str:
        if self._ended():
            if self._line.glass is not None:
                self._line.glass.forget()
            return "Stopped"
        return self._best or words

    def _ask_again(self, found: Impression | Retry | Unusable | None, attempt: int) -> None:
        asked = Unusable(found.quality) if isinstance(found, Impression) else found
        self._show(
            Phase.AGAIN, f"{advice(asked)}. Lift the finger", quality=_score(found), attempt=attempt
        )
        self.wait_lifted()

    def _wait(self, *, present: bool, seconds: float) -> bool:
        """Wait for a finger to come or go; False when it did not, or the check was stopped."""
        for _ in range(int(seconds / _POLL_S)):
            if self._ended():
                return False
            if self._line.sensor.wait_finger(present=present, timeout_s=_POLL_S):
                return True
        return False


def _score(found: Impression | Retry | Unusable | None) -> int | None:
    return None if found is None or isinstance(found, Retry) else found.quality.score


class _Reading:
    """What is shown while one picture is read; all of it under one signal to the person."""

    def __init__(self, show: Show, attempt: int, minimum: int) -> None:
        self._tell = show
        self._attempt = attempt
        self._minimum = minimum
        self._share = 0.0
        self._instruction = _KEEP_STILL
        self._quality: int | None = None
        self._show()

    def progress(self, share: float) -> None:
        """Take the share of the picture that has arrived."""
        if not 0 < share - self._share < _STEP:
            self._share = share
            self._show()

    def seen(self, quality: Quality) -> None:
        """Take the quality of the rows so far, or of a live frame."""
        self._quality = quality.score
        good = quality.score >= self._minimum
        self._instruction = _GOING_WELL if good else advice(Unusable(quality))
        self._show()

    def judged(self, _: Frame, quality: Quality) -> None:
        """Take the quality of the picture that will be used."""
        self._tell(
            Phase.JUDGING, "Looking at the picture", share=1.0, quality=quality.score,
            attempt=self._attempt,
        )  # fmt: skip

    def _show(self) -> None:
        self._tell(
            Phase.READING, self._instruction, share=self._share, quality=self._quality,
            attempt=self._attempt,
        )  # fmt: skip
