"""A test capture for a technician: a real press on the real sensor, of which nothing is kept.

It stands between the capture thread and the desk of cases (capture_reports.Reports). What the
thread tells of a test stays here, and of that numbers alone: picture and template are dropped where
they arrive, nothing is sealed, nothing reaches the store. That there was one is in the audit log.
"""

import os
import threading
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

from greenline.firmware.advice import advice
from greenline.firmware.audit_events import Audit
from greenline.firmware.board import Board
from greenline.firmware.capture_reports import Reports, TakeFingers, Wanted
from greenline.firmware.case_held import Capturing
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.impressions import Impression, Unusable
from greenline.protocol.audit import Event
from greenline.protocol.audit_details import Kind

_ANY_FINGER: Final = 0
_ID_BYTES: Final = 16
_CASE_IS_OPEN: Final = "A case is open: test the sensor when it is closed"
_NOT_READY: Final = "The sensor is not ready for a test"
_GOOD: Final = "Good"


class Trial(msgspec.Struct, frozen=True):
    """What came of the last test. presses: that were read; quality: 0-100, of the best; None: there
    is none. words: what to do better, or why nothing came. steps_ms: how long each step took."""

    going: bool = False
    presses: int = 0
    quality: int | None = None
    threshold: int = 0
    words: str = ""
    steps_ms: dict[str, float] = {}


class TrialCapture:
    """Tests one sensor. Safe to share between threads. cases: who is told of all other captures.

    threshold: quality that a picture should reach, 0-100.
    """

    def __init__(
        self,
        cases: Reports,
        board: Board,
        audit: Audit,
        threshold: int,
        draw_id: Callable[[], bytes] = lambda: os.urandom(_ID_BYTES),
    ) -> None:
        self._cases = cases
        self._board = board
        self._audit = audit
        self._threshold = threshold
        self._draw_id = draw_id
        self._lock = threading.RLock()
        self._going = b""
        self._told = Trial(threshold=threshold)
        self._capturing: Capturing

    def connect(self, capturing: Capturing) -> None:
        """Begin to work."""
        self._capturing = capturing

    def told(self) -> Trial:
        """Return what is known of the last test."""
        with self._lock:
            return self._told

    def begin(self, who: str) -> None:
        """Ask for a finger. Raises NotNowError, and StoreError when it cannot be noted."""
        with self._lock:
            if self._board.state().case is not None:
                raise NotNowError(_CASE_IS_OPEN)
            if self._going:
                raise NotNowError(_NOT_READY)
            self._audit.note(Event(Kind.CASE, who, details={"what": "test capture"}))
            going = self._draw_id()
            wanted = Wanted(_ANY_FINGER, self._threshold)
            if not self._capturing.request(TakeFingers(going, (wanted,))):
                raise NotNowError(_NOT_READY)
            self._going, self._told = going, Trial(going=True, threshold=self._threshold)

    def end(self) -> None:
        """Stop a test that is going on: whoever asked for it has gone."""
        with self._lock:
            going = self._going
        if going:
            self._capturing.cancel()

    def begins(self, request_id: bytes, finger: int) -> bool:
        """Say whether a finger is still wanted."""
        return self._is_ours(request_id) or self._cases.begins(request_id, finger)

    def wanted(self, request_id: bytes, finger: int) -> bool:
        """Say whether the finger that is being taken is still wanted."""
        return self._is_ours(request_id) or self._cases.wanted(request_id, finger)

    def attempted(self, request_id: bytes, finger: int, number: int, quality: int | None) -> None:
        """Count a press."""
        if not self._is_ours(request_id):
            self._cases.attempted(request_id, finger, number, quality)
            return
        with self._lock:
            self._told = replace(self._told, presses=number)

    def came(self, request_id: bytes, finger: int, impression: Impression | None) -> bool:
        """Keep of an impression how good it is, and nothing else."""
        if not self._is_ours(request_id):
            return self._cases.came(request_id, finger, impression)
        if impression is not None:
            quality = impression.quality
            good = quality.score >= self._threshold
            with self._lock:
                self._told = replace(
                    self._told,
                    quality=quality.score,
                    words=_GOOD if good else advice(Unusable(quality)),
                    steps_ms={name: round(each, 1) for name, each in impression.steps_ms.items()},
                )
        return True

    def rested(self, request_id: bytes) -> None:
        """Know that the sensor rests; what lies on the glass is forgotten after a test."""
        if not self._is_ours(request_id):
            self._cases.rested(request_id)
            return
        instruction = self._board.state().capture.instruction
        with self._lock:
            self._going = b""
            self._told = replace(self._told, going=False, words=self._told.words or instruction)
        self._capturing.cancel()

    def _is_ours(self, request_id: bytes) -> bool:
        with self._lock:
            return bool(self._going) and request_id == self._going
