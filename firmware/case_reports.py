"""What the capture thread tells of an open case: presses, impressions, and when it rests."""

import logging
from collections.abc import Callable, Iterator

from greenline.firmware import case_events, case_steps
from greenline.firmware.case_held import HeldCase
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_open import OpenCase
from greenline.firmware.impressions import Impression
from greenline.firmware.same_finger import same_as
from greenline.protocol.audit import Event

log = logging.getLogger(__name__)


def _nobody_works() -> None:
    """Tell nobody of a press."""


class CaseReports:
    """Takes the reports (capture_reports.Reports). What comes of an earlier case is dropped."""

    def __init__(self, held: HeldCase) -> None:
        self._held = held
        self._pressed: Callable[[], None] = _nobody_works

    def when_pressed(self, tell: Callable[[], None]) -> None:
        """Call this, on the capture thread, after each press for the open case."""
        self._pressed = tell

    def begins(self, request_id: bytes, finger: int) -> bool:
        """Say whether a finger is still wanted; then the sensor waits for it."""
        with self._held.lock:
            case = self._held.of(request_id)
            if case is None:
                return False
            try:
                self._held.take(case_steps.begun(case, finger))
            except NotNowError:
                return False
            return True

    def wanted(self, request_id: bytes, finger: int) -> bool:
        """Say whether the finger that is being taken is still wanted."""
        case = self._held.of(request_id)
        return case is not None and case.now == finger

    def attempted(self, request_id: bytes, finger: int, number: int, quality: int | None) -> None:
        """Count a press."""
        held = self._held
        with held.lock:
            case = held.of(request_id)
            if case is None or case.now != finger:
                return
            held.note(case_events.attempt(case, finger, number, quality))
            try:
                held.take(case_steps.attempted(case, finger, quality, held.parts.rules))
            except NotNowError as fault:
                # A press too many is no reason to lose the picture that comes of it.
                log.warning("press not counted", extra={"reason": str(fault)})
        # Without our lock: the session's is never asked for within it.
        self._pressed()

    def came(self, request_id: bytes, finger: int, impression: Impression | None) -> bool:
        """Take what became of a finger; return whether to go on with the next."""
        held = self._held
        with held.lock:
            others = tuple(held.impressions.values())
        # A comparison takes a tenth of a second: nobody is kept waiting for it.
        free = held.parts.asking.free_placement
        same = None if impression is None else same_as(impression, others, free_placement=free)
        with held.lock:
            case = held.of(request_id)
            if case is None or case.now != finger:
                return False
            if impression is None:
                held.take(case_steps.came(case, finger, None))
                return False
            if events := list(_seen(case, impression, same)):
                held.note(*events)
            held.impressions[finger] = impression
            score = impression.quality.score
            held.take(case_steps.came(case, finger, score, same, impression.attack))
            return same is None

    def rested(self, request_id: bytes) -> None:
        """Know that no finger is asked for any more."""
        with self._held.lock:
            case = self._held.of(request_id)
            if case is not None and case.running:
                self._held.take(case_steps.rested(case))


def _seen(case: OpenCase, new: Impression, same: int | None) -> Iterator[Event]:
    if new.attack is not None:
        yield case_events.attack(case, new.finger, new.attack)
    if same is not None:
        yield case_events.same(case, new.finger, same)
