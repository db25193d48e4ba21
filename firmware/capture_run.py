"""One run of the capture thread: the fingers of a case, one after the other.

A run goes on after a poor finger, which is decided about at the end. It rests when nothing usable
came of a finger, when a finger looks like one that was taken before, and when it is stopped.
"""

from collections.abc import Callable
from typing import Final

from greenline.firmware.board import Phase
from greenline.firmware.capture_reports import Reports, TakeFingers, Wanted
from greenline.firmware.line import Line
from greenline.firmware.taking import Show, Taking

_DECIDE: Final = "This looks like a finger that was taken before"
_STOPPED: Final = "Stopped"


class CaptureRun:
    """Takes fingers from one sensor's line. ended: the run was stopped; the rest: see Taking."""

    def __init__(
        self,
        line: Line,
        show: Show,
        ended: Callable[[], bool],
        pause: Callable[[float], object],
        reports: Reports,
        attempts: int,
        rescan_below: int,
    ) -> None:
        self._line = line
        self._show = show
        self._ended = ended
        self._pause = pause
        self._reports = reports
        self._attempts = attempts
        self._rescan_below = rescan_below
        self._asking = False  # for a picture, and not for the finger to be lifted

    def take(self, command: TakeFingers) -> None:
        """Take all that are still wanted. Raises DriverError when the sensor fails."""
        for wanted in command.fingers:
            if self._ended():
                self._show(Phase.STOPPED, _STOPPED)
                return
            begins = self._reports.begins(command.request_id, wanted.finger)
            if begins and not self._take_one_seen(command.request_id, wanted):
                return
        self._show(Phase.READY, "Ready")

    def _take_one_seen(self, request_id: bytes, wanted: Wanted) -> bool:
        """Do the same, and show nothing of the finger any more, however it ended."""
        try:
            return self._take_one(request_id, wanted)
        finally:
            if self._line.view is not None:
                self._line.view.forget()

    def _take_one(self, request_id: bytes, wanted: Wanted) -> bool:
        """Take one finger; return whether to go on with the next."""
        taking = self._taking(request_id, wanted)
        self._asking = True
        found = taking.take(wanted.finger)
        self._asking = False
        if isinstance(found, str):
            if not self._ended() and not self._reports.wanted(request_id, wanted.finger):
                return True
            self._reports.came(request_id, wanted.finger, None)
            self._show(Phase.STOPPED, _STOPPED if self._ended() else found)
            return False
        score = found.quality.score
        self._show(Phase.LIFT_FINGER, "Taken. Lift the finger", share=1.0, quality=score)
        goes_on = self._reports.came(request_id, wanted.finger, found)
        taking.wait_lifted()
        if not goes_on:
            self._show(Phase.STOPPED, _STOPPED if self._ended() else _DECIDE)
        return goes_on

    def _taking(self, request_id: bytes, wanted: Wanted) -> Taking:
        return Taking(
            self._line,
            self._show,
            lambda: self._ended() or self._is_skipped(request_id, wanted.finger),
            self._pause,
            self._attempts,
            self._rescan_below,
            threshold=wanted.threshold,
            counted=lambda number, quality: self._reports.attempted(
                request_id, wanted.finger, number, quality
            ),
        )

    def _is_skipped(self, request_id: bytes, finger: int) -> bool:
        """Say whether the officer has said meanwhile that this finger cannot be taken."""
        return self._asking and not self._reports.wanted(request_id, finger)
