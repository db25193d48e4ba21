"""The one case of a kiosk while it is open, and all that is left of the person: impressions.

In memory alone, and under one lock, until the case ends: every end drops them. Used by
case_desk.py, which takes orders, and case_reports.py, which takes what the sensor gives.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from greenline.firmware import case_events
from greenline.firmware.audit_events import Audit
from greenline.firmware.board import Board
from greenline.firmware.capture_reports import TakeFingers
from greenline.firmware.case_counts import CaseCounts
from greenline.firmware.case_machine import CaseEvent, NotNowError, step
from greenline.firmware.case_open import OpenCase, shown
from greenline.firmware.case_rules import CaseRules
from greenline.firmware.case_state import CaseEnd, CaseStage
from greenline.firmware.errors import StoreError
from greenline.firmware.impressions import Case, Impression
from greenline.protocol.audit import Event

log = logging.getLogger(__name__)

_ID_BYTES: Final = 16


class Capturing(Protocol):
    """The capture thread, as the desk uses it."""

    def request(self, command: TakeFingers) -> bool:
        """Take fingers one after the other; False when the sensor is not ready."""

    def cancel(self) -> None:
        """End the capture that is going on, and forget what lies on the glass."""


@dataclass(frozen=True)
class CaseParts:
    """What a case is made with. asking: each request, but for its fingers, purpose and lists.

    now_ms: Unix milliseconds; clock: seconds, monotonic. draw_id: gives 16 random bytes.
    """

    rules: CaseRules
    board: Board
    audit: Audit
    counts: CaseCounts
    asking: Case
    now_ms: Callable[[], int]
    clock: Callable[[], float] = time.monotonic
    draw_id: Callable[[], bytes] = field(default=lambda: os.urandom(_ID_BYTES))


class HeldCase:
    """Holds it. Everything but of() is called with the lock held.

    case: None when none is open. impressions: by ISO position.
    """

    def __init__(self, parts: CaseParts) -> None:
        self.parts = parts
        self.lock = threading.RLock()
        self.case: OpenCase | None = None
        self.impressions: dict[int, Impression] = {}
        self.capturing: Capturing
        self._progress_s = parts.clock()

    def current(self) -> OpenCase:
        """Return the open case. Raises NotNowError: there is none."""
        if self.case is None:
            raise NotNowError("Open a case first")
        return self.case

    def of(self, request_id: bytes) -> OpenCase | None:
        """Return the open case if it is the one with this request; a later one is not."""
        case = self.case
        return case if case is not None and case.request_id == request_id else None

    def take(self, case: OpenCase, *events: Event) -> None:
        """Put a case in the place of what it was. Raises StoreError: it was not, as not noted."""
        if events:
            self.parts.audit.note(*events)
        self.case = case
        self._progress_s = self.parts.clock()
        self.parts.board.show_case(shown(case, self.parts.rules))

    def idle_s(self) -> float:
        """Return for how many seconds nothing has happened."""
        return self.parts.clock() - self._progress_s

    def end(self, event: CaseEvent, reason: str = "") -> None:
        """End the case, and drop what was taken. Raises NotNowError: it does not end by that."""
        case = self.current()
        end = step(case.stage, event)
        if not isinstance(end, CaseEnd):
            raise NotNowError("This does not end a case")
        self.case = None
        self.impressions.clear()
        if end is not CaseEnd.SENT:
            self.capturing.cancel()
        self.parts.counts.add(end)
        unwritten = case.stage is CaseStage.ADULT
        if not (unwritten and end is CaseEnd.MINOR):  # of whom nothing is written
            opened = [case_events.opened(case, self.parts.rules)] if unwritten else []
            self.note(*opened, case_events.ended(case, end.value, reason))
        self.parts.board.show_case(None, end.value)

    def note(self, *events: Event) -> None:
        """Note what happens also when it cannot be noted."""
        try:
            self.parts.audit.note(*events)
        except StoreError as fault:
            log.warning("audit log failed", extra={"reason": str(fault)})
