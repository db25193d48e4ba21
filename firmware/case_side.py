"""Where a kiosk takes fingers: the desk of cases, the sensor's thread and the tests of the sensor.

Made by kiosk.py, which joins it to the other side: checks, gate and pages.
"""

from collections.abc import Callable

from greenline.drivers.sensor import Sensor
from greenline.firmware.audit import AuditLog
from greenline.firmware.board import Board
from greenline.firmware.capture import CaptureThread
from greenline.firmware.case_desk import CaseDesk
from greenline.firmware.case_sending import CaseSending
from greenline.firmware.checks import Checks
from greenline.firmware.finger_view import FingerView
from greenline.firmware.gate import Gate
from greenline.firmware.kiosk_making import make_case_desk, make_line
from greenline.firmware.kiosk_parts import KioskParts
from greenline.firmware.line import Line
from greenline.firmware.store import Store
from greenline.firmware.trial import TrialCapture


class CaseSide:
    """Holds them together. Connect it before start().

    finger: the officer's live picture; None where the site wants none.
    """

    def __init__(self, parts: KioskParts, board: Board, store: Store, audit: AuditLog) -> None:
        self._parts = parts
        self._store = store
        self._audit = audit
        self._committed: Callable[[float], None]
        self.desk: CaseDesk = make_case_desk(parts, board, audit)
        self.trial = TrialCapture(self.desk.reports, board, audit, parts.minimum_quality)
        self.finger = FingerView() if parts.rules.show_finger else None
        self._capture = CaptureThread(
            parts.sensor, self._line, board, self.trial, parts.attempts, parts.rescan_below
        )

    def connect(
        self,
        checks: Checks,
        gate: Gate,
        committed: Callable[[float], None],
        pressed: Callable[[], None],
    ) -> None:
        """Begin to work. committed: see Line; pressed: called after each press for a case."""
        self._committed = committed
        self.desk.connect(self._capture, CaseSending(self._capture, checks, gate).send)
        self.desk.reports.when_pressed(pressed)
        self.trial.connect(self._capture)

    def start(self) -> None:
        """Open the sensor."""
        self._capture.start()

    def end(self) -> None:
        """End the open case, and begin to give the sensor back, without waiting for it."""
        self.desk.leave()
        self._capture.end()

    def stop(self) -> None:
        """Give the sensor back."""
        self._capture.stop()

    def _line(self, sensor: Sensor) -> Line:
        return make_line(
            self._parts, sensor, self._store, self._audit, self._committed, self.finger
        )
