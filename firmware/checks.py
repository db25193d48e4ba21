"""What became of each check: joins store, gate and inbox with what the board shows.

The words for a result come from the one table in greenline.protocol.wording.
"""

import logging
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from greenline.firmware import audit_events
from greenline.firmware.audit_events import UNLOGGED, Audit
from greenline.firmware.board import Board, Check, DeviceName, Progress
from greenline.firmware.checks_shown import (
    answered,
    back_to_queued,
    come_to,
    rounded,
    unanswered,
    waiting,
)
from greenline.firmware.errors import FirmwareError, StoreError
from greenline.firmware.inbox import Inbox, Received
from greenline.firmware.lateness import Lateness
from greenline.firmware.leads import NO_LEADS, Leads
from greenline.firmware.line import Submitted
from greenline.firmware.lists_age import as_shown
from greenline.firmware.operators_reading import Reading
from greenline.firmware.store import Answer, Expired, Pending, Store
from greenline.firmware.store_bounds import Room
from greenline.protocol.audit import Event
from greenline.protocol.errors import ProtocolError
from greenline.protocol.messages import Outcome, Result, decode_result, encode_result
from greenline.protocol.wording import STORE_FILLS

log = logging.getLogger(__name__)

_SHOWN = 50


def _nothing_to_tend() -> None:
    """Stand in for a clock."""


def _nothing_is(_: bytes) -> bool:
    """Stand in where nothing is deleted by order."""
    return False


class Checks:
    """Listens to the gate, keeps the board true. lateness: of answers.

    audit: is told before a result is shown or anything deleted. purpose: of this kiosk's checks.
    tend: called with each housekeeping. reading: who sees the results. withheld: what nobody may.
    """

    def __init__(
        self,
        board: Board,
        store: Store,
        inbox: Inbox,
        now_ms: Callable[[], int],
        lateness: Lateness | None = None,
        audit: Audit = UNLOGGED,
        purpose: str = "",
        *,
        tend: Callable[[], None] = _nothing_to_tend,
    ) -> None:
        self._board = board
        self._store = store
        self._inbox = inbox
        self._now_ms = now_ms
        self.lateness = lateness or Lateness(time.monotonic)
        self._offered: set[str] = set()
        self._audit = audit
        self.reading = Reading(purpose)
        self._tend = tend
        self.list_age_ms: int | None = None
        self.withheld: Callable[[bytes], bool] = _nothing_is
        inbox.as_shown = self._as_shown
        self.leads: Leads = NO_LEADS
        self._unshown: list[tuple[Sequence[Event], Callable[[], None]]] = []

    def restore(self) -> None:
        """Show what an earlier run of this kiosk left: answers, and requests still waiting."""
        self._store.take_over(self._open_older)
        self.housekeeping()
        for rank, request_id in enumerate(self._store.answered()):
            answer = None if self.withheld(request_id) else self._store.answer(request_id)
            if answer is not None:
                self._restore_answer(answer, on_board=rank < _SHOWN)
        for pending in self._store.pending():
            if not self.withheld(pending.request_id):
                self._board.add_check(waiting(pending))

    def taken(self, submitted: Submitted, steps_ms: dict[str, float]) -> None:
        """Show a request that has just become durable, with the time of each step so far."""
        check = waiting(submitted.pending)
        steps = {**steps_ms, "durable": submitted.durable_ms}
        self.lateness.taken(check.request_id)
        request_id = submitted.pending.request_id
        purpose = self.reading.purpose_of(request_id)
        self.leads.taken(request_id, submitted.taken_by, submitted.captured, purpose)
        self._board.show_taken(replace(check, steps_ms=rounded(steps)))

    def link_changed(self, *, up: bool, detail: str) -> None:
        """Show whether a broker can be reached (called by the gate)."""
        self._board.show_link(up=up, detail=detail)
        for name in self._offered:
            self._board.change_check(name, lambda check: check and back_to_queued(check))
        self._offered.clear()

    def uplink_changed(self, *, missing: str) -> None:
        """Show why there is no uplink process (called by the gate)."""
        self._board.show_device(DeviceName.UPLINK, missing=missing)

    def published(self, request_id: bytes) -> None:
        """Show that a broker has a request (called by the gate)."""
        name = request_id.hex()
        elapsed = self.lateness.since_ms(name)
        self._offered.discard(name)

        def change(check: Check | None) -> Check | None:
            shown = check and come_to(check, Progress.PUBLISHED)
            if shown is None or not elapsed:
                return shown
            return replace(shown, steps_ms=rounded({"broker": elapsed, **shown.steps_ms}))

        self._board.change_check(name, change)

    def offered(self, request_id: bytes) -> None:
        """Show that a request is being sent (called by the gate)."""
        self._offered.add(request_id.hex())
        self._come_to(request_id, Progress.OFFERED)

    def received(self, request_id: bytes) -> None:
        """Show that the matcher has a request (called by the gate)."""
        self._come_to(request_id, Progress.RECEIVED)

    def _come_to(self, request_id: bytes, progress: Progress) -> None:
        """Show how far a request has come; nothing leads back."""
        self._board.change_check(request_id.hex(), lambda check: check and come_to(check, progress))

    def arrived(self, envelopes: Sequence[bytes]) -> list[bytes | None]:
        """Commit answers, all at once, and show them (called by the gate).

        Returns for each the id of the request that has left by it. Raises StoreError: none was
        committed.
        """
        came = self._store.together(lambda: [self._inbox.receive(each) for each in envelopes])
        received = [each for each in came if each is not None]
        if len(received) < len(came):
            self._board.show_refused(self._inbox.forged())
        events: list[Event] = []
        for each in received:
            events += self.reading.comes(each.request_id, each.result)
            if each.final:
                events.append(audit_events.deleted(each.request_id, "request", "answered"))
        self._show_when_noted(events, lambda: self._show_all(received))
        return [each.request_id if each is not None and each.final else None for each in came]

    def housekeeping(self) -> list[Pending]:
        """Let what is past its time expire, and say so (called by the gate). Raises StoreError."""
        self._tend()
        unshown, self._unshown = self._unshown, []
        for events, show in unshown:
            self._show_when_noted(events, show)
        if unshown and not self._unshown:
            self._board.show_device(DeviceName.STORE)
        expired = self._store.expire(self._note_deleted)
        self._board.show_notice(STORE_FILLS, shown=self._store.room() is not Room.ENOUGH)
        for request_id in expired.answers:
            self._forget_answer(request_id)
        for pending in expired.requests:
            self.lateness.forget(pending.request_id.hex())
            self.leads.forget(pending.request_id)
            log.warning("request expired", extra={"request": pending.request_id.hex()})
            self._board.show_check(
                replace(
                    waiting(pending),
                    progress=Progress.EXPIRED,
                    outcome=Outcome.EXPIRED,
                    reason="no answer came before the request expired",
                )
            )
        return list(expired.requests)

    def _forget_answer(self, request_id: bytes) -> None:
        """Take a deleted answer off the board; what still waits for its final one stays there."""
        self.leads.forget(request_id)
        if self._store.envelope(request_id) is None:
            self._board.remove_check(request_id.hex())
        else:
            self._board.change_check(request_id.hex(), lambda check: check and unanswered(check))

    def _show_when_noted(self, events: Sequence[Event], show: Callable[[], None]) -> None:
        """Show a result once it is in the audit log that it is; if that fails, try again later."""
        try:
            if events:
                self._audit.note(*events)
        except StoreError as fault:
            log.warning("result not shown yet", extra={"reason": str(fault)})
            self._board.show_device(DeviceName.STORE, missing=str(fault))
            self._unshown.append((events, show))
            return
        show()

    def shown_to(self, who: str) -> None:
        """Note that somebody who logs in sees the results that are there. Raises StoreError."""
        events = self.reading.begins(who, self._board.state().checks)
        if events:
            self._audit.note(*events)

    def _note_deleted(self, expired: Expired) -> None:
        events = [
            audit_events.deleted(each.request_id, "request", "expired") for each in expired.requests
        ]
        events += [audit_events.deleted(each, "answer", "expired") for each in expired.answers]
        if events:
            self._audit.note(*events)

    def _as_shown(self, request_id: bytes, result: Result) -> Result:
        """Return what may be shown: no match that came late, or of a list that is too old."""
        late = self.lateness.is_late(request_id.hex())
        return as_shown(result, self.list_age_ms, late=late)

    def _show_all(self, received: Sequence[Received]) -> None:
        for each in received:
            if not self.withheld(each.request_id):
                self._show(each)

    def _show(self, received: Received) -> None:
        name = received.request_id.hex()
        elapsed = self.lateness.since_ms(name)
        late = received.final and self.lateness.is_late(name)
        now_ms = self._now_ms()

        def change(check: Check | None) -> Check | None:
            if check is None:
                return None
            steps = dict(check.steps_ms)
            if elapsed:
                steps["search"] = received.result.search_ms
                known = steps.get("broker", 0.0) + received.result.search_ms
                steps["reply"] = max(0.0, elapsed - known)
            shown = answered(check, received.result, now_ms)
            return replace(shown, late=late, steps_ms=rounded(steps))

        self._board.change_check(name, change)
        purpose = self.reading.purpose_of(received.request_id)
        self.leads.arrived(received.request_id, received.result, late=late, purpose=purpose)
        if received.final:
            self.lateness.forget(name)
        log.info(
            "answer",
            extra={
                "request": name,
                "outcome": received.result.outcome,
                "after_ms": round(elapsed, 1) if elapsed else None,
            },
        )

    def _open_older(self, envelope: bytes, arrived_ms: int) -> bytes | None:
        """Open an answer as an older version kept it; None: nobody can read it."""
        try:
            return encode_result(self._inbox.open(envelope, arrived_ms)[1])
        except (ProtocolError, FirmwareError) as fault:
            log.warning("stored answer unreadable", extra={"reason": str(fault)})
            return None

    def _restore_answer(self, answer: Answer, *, on_board: bool) -> None:
        """Show it. on_board: among the newest; of the others only the leads are there again."""
        late = answer.final and self.lateness.was_late(answer.created_ms, answer.arrived_ms)
        result = as_shown(decode_result(answer.body), self.list_age_ms, late=late)
        if not on_board and result.outcome is not Outcome.CANDIDATES:
            return
        pending = Pending(answer.request_id, 0, answer.created_ms, answer.expires_ms)
        check = replace(answered(waiting(pending), result, answer.arrived_ms), late=late)

        def show() -> None:
            if on_board:
                self._board.show_check(check)
            purpose = self.reading.purpose_of(answer.request_id)
            self.leads.arrived(answer.request_id, result, late=late, purpose=purpose)

        self._show_when_noted(self.reading.comes(answer.request_id, result, again=True), show)
