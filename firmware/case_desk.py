"""The case's desk: takes an officer's orders, from the page and from the keys.

What is ordered is told to the audit log before it takes effect; the board shows it. Locks are taken
in one direction: whoever holds the session's may call here, and nothing here asks who is logged in.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from greenline.firmware import case_events, case_steps
from greenline.firmware.capture_reports import TakeFingers, Wanted
from greenline.firmware.case_held import Capturing, CaseParts, HeldCase
from greenline.firmware.case_machine import CaseEvent, NotNowError, step
from greenline.firmware.case_open import OpenCase
from greenline.firmware.case_rate import CaseRate
from greenline.firmware.case_reports import CaseReports
from greenline.firmware.impressions import Case, Impression

_NOT_READY: Final = "The kiosk is not ready for another finger yet"


class CaseDesk:
    """Owns the open case. Safe to share between threads.

    Each order raises NotNowError when it cannot come now, and StoreError when it cannot be noted:
    then it was not done.
    """

    def __init__(self, parts: CaseParts) -> None:
        self._parts = parts
        self._rules = parts.rules
        self._held = HeldCase(parts)
        self.reports = CaseReports(self._held)
        self._rate = CaseRate(parts.rules.per_hour, parts.clock)
        self._keep: Callable[[Case], object]
        self._show_choices()

    def connect(self, capturing: Capturing, keep: Callable[[Case], object]) -> None:
        """Begin to work. keep: makes a case's request safe; raises StoreError."""
        self._held.capturing, self._keep = capturing, keep
        self._parts.board.listen(self._look_at_session)

    def ended(self) -> dict[str, int]:
        """Return how many cases have ended since the kiosk was installed, by how."""
        return self._parts.counts.by_end()

    def open(self, purpose: str, operator: str, *, more: str = "", supervisor: bool) -> None:
        """Open a case. more: reason for more cases than the site's rate, a supervisor's."""
        with self._held.lock:
            found = self._rules.purpose(purpose)
            if self._held.case is not None:
                step(self._held.case.stage, CaseEvent.OPEN)
            if found is None:
                raise NotNowError("This kiosk has no such purpose")
            case = case_steps.opened(self._parts.draw_id(), operator, found, self._parts.now_ms())
            if self._rate.is_full():
                self._let_more(operator, more, supervisor=supervisor)
            self._rate.opened()
            self._held.take(case)
            self._show_choices()

    def adult(self, *, is_adult: bool) -> None:
        """Go on with an adult; else end the case, of which nothing but a number is kept."""
        with self._held.lock:
            case = self._held.current()
            if not is_adult:
                self._held.end(CaseEvent.NO_ADULT)
                return
            went_on = case_steps.confirmed_adult(case)
            # Not before: of somebody who is no adult nothing is written.
            self._held.take(went_on, case_events.opened(case, self._rules), case_events.adult(case))

    def notice(self, language: str) -> None:
        """The notice was given."""
        with self._held.lock:
            case = case_steps.noticed(self._held.current(), language, self._rules)
            self._held.take(case, case_events.notice(case, self._rules))

    def refuse(self, reason: str) -> None:
        """The person refuses: the case ends."""
        with self._held.lock:
            step(self._held.current().stage, CaseEvent.REFUSE)
            if reason not in self._rules.refusal_reasons:
                raise NotNowError("Give a reason for the refusal")
            self._held.end(CaseEvent.REFUSE, reason)

    def plan(self, count: int, missing: dict[int, str]) -> None:
        """Choose the fingers."""
        with self._held.lock:
            case = case_steps.plan(self._held.current(), count, missing, self._rules)
            self._held.take(case, *case_events.missing(case, missing))

    def capture(self, finger: int) -> None:
        """Take this finger, then all that still wait."""
        with self._held.lock:
            before = self._held.current()
            case = case_steps.asked(before, finger)
            once_more = before.finger(finger).attempts > 0
            run = (finger, *(each for each in case.waiting if each != finger))
            wanted = tuple(Wanted(each, case.finger(each).threshold) for each in run)
            if once_more:
                self._parts.audit.note(case_events.again(case, finger))
            if not self._held.capturing.request(TakeFingers(case.request_id, wanted)):
                raise NotNowError(_NOT_READY)
            self._held.impressions.pop(finger, None)
            self._held.take(case)

    def missing(self, finger: int, reason: str) -> None:
        """Go on without this finger."""
        with self._held.lock:
            case = case_steps.missed(self._held.current(), finger, reason, self._rules)
            self._held.take(case, *case_events.missing(case, {finger: reason}))
            self._held.impressions.pop(finger, None)

    def use(self, finger: int, reason: str) -> None:
        """Use this finger though it is poor, or looks like another."""
        with self._held.lock:
            case = self._held.current()
            self._held.take(
                case_steps.used(case, finger, reason, self._rules),
                case_events.used(case, finger, reason),
            )

    def send(self) -> None:
        """Make the request safe. Waits for the card, and holds nobody else up meanwhile."""
        with self._held.lock:
            case = case_steps.sending(self._held.current())
            impressions = tuple(self._held.impressions[finger] for finger in case.kept)
            self._held.take(case)
        try:
            self._keep(self._request(case, impressions))
        except BaseException:
            with self._held.lock:
                self._held.take(case_steps.not_kept(case))
            raise
        with self._held.lock:
            self._held.impressions.clear()
            self._held.take(case_steps.kept(case))

    def close(self) -> None:
        """End a case whose request is sent."""
        with self._held.lock:
            self._held.end(CaseEvent.CLOSE)

    def forget(self, request_id: bytes) -> None:
        """End the case if this is its request, which was deleted."""
        with self._held.lock, contextlib.suppress(NotNowError):
            if self._held.of(request_id) is not None:
                self._held.end(CaseEvent.CLOSE)

    def stop(self) -> None:
        """End the case; nothing of it is kept, unless its request was sent."""
        with self._held.lock:
            self._held.end(CaseEvent.STOP)

    def leave(self) -> None:
        """End what is open: this process ends. A request that is being made safe goes on."""
        with self._held.lock, contextlib.suppress(NotNowError):
            self.stop()

    def confirm(self) -> None:
        """Do the one obvious step, for the hardware key: take the next finger, again, or send."""
        with self._held.lock:
            case = self._held.current()
            again = case.undecided or case.waiting
            may_capture = CaseEvent.CAPTURE.value in case.can()
        if again and may_capture:
            self.capture(again[0])
        else:
            self.send()

    def tend(self) -> None:
        """End a case without progress (called now and then)."""
        with self._held.lock:
            self._show_choices()
            over = self._held.idle_s() >= self._rules.timeout_s
            if self._held.case is None or not over:
                return
            with contextlib.suppress(NotNowError):  # a request is being made safe
                self._held.end(CaseEvent.TIMEOUT)

    def _let_more(self, operator: str, reason: str, *, supervisor: bool) -> None:
        if not supervisor:
            raise NotNowError("Too many cases within the hour: a supervisor must give a reason")
        if reason not in self._rules.rate_reasons:
            raise NotNowError("Give a reason for more cases within the hour")
        self._parts.audit.note(case_events.more_cases(operator, reason))

    def _show_choices(self) -> None:
        choices = self._rules.choices(too_many=self._rate.is_full())
        self._parts.board.show_choices(choices)

    def _look_at_session(self) -> None:
        """End the case of an operator who has gone, or whose session is locked."""
        case, session = self._held.case, self._parts.board.state().session
        if case is None or not session.required:
            return
        if session.operator == case.operator and not session.locked:
            return
        with self._held.lock, contextlib.suppress(NotNowError):
            if self._held.of(case.request_id) is not None:
                self.stop()

    def _request(self, case: OpenCase, impressions: tuple[Impression, ...]) -> Case:
        return replace(
            self._parts.asking,
            purpose=case.purpose.code,
            lists=case.purpose.lists,
            impressions=impressions,
            operator=case.operator,
            request_id=case.request_id,
        )
