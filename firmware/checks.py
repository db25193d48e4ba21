"""What became of each check: joins store, gate and inbox with what the board shows.

The words for a result come from the one table in greenline.protocol.wording.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from greenline.firmware import audit_events
from greenline.firmware.audit_events import UNLOGGED, Audit
from greenline.firmware.board import Board, Check, DeviceName, Progress
from greenline.firmware.errors import FirmwareError, StoreError
from greenline.firmware.inbox import Inbox, Received
from greenline.firmware.line import Submitted
from greenline.firmware.operators_reading import Reading
from greenline.firmware.store import Answer, Expired, Pending, Store
from greenline.protocol.audit import Event
from greenline.protocol.errors import ProtocolError
from greenline.protocol.messages import Outcome, Result, decode_result, encode_result
from greenline.protocol.wording import NOT_CHECKED, RESULT_WORDS

log = logging.getLogger(__name__)

_SHOWN = 50


def _nothing_to_tend() -> None:
    """Stand in for a clock."""


class Checks:
    """Listens to the gate, keeps the board true. clock: monotonic seconds.

    audit: is told before a result is shown or anything deleted. purpose: of this kiosk's checks.
    tend: called with each housekeeping. reading: who sees the results.
    """

    def __init__(
        self,
        board: Board,
        store: Store,
        inbox: Inbox,
        now_ms: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
        audit: Audit = UNLOGGED,
        purpose: str = "",
        *,
        tend: Callable[[], None] = _nothing_to_tend,
    ) -> None:
        self._board = board
        self._store = store
        self._inbox = inbox
        self._now_ms = now_ms
        self._clock = clock
        self._lock = threading.Lock()
        self._durable_at: dict[str, float] = {}
        self._audit = audit
        self.reading = Reading(purpose)
        self._tend = tend
        self._unshown: list[tuple[Sequence[Event], Callable[[], None]]] = []

    def restore(self) -> None:
        """Show what an earlier run of this kiosk left: answers, and requests still waiting."""
        self._store.take_over(self._open_older)
        self.housekeeping()
        for answer in self._store.answers(_SHOWN):
            self._restore_answer(answer)
        for pending in self._store.pending():
            shown = _waiting(pending)
            self._board.add_check(shown)

    def taken(self, submitted: Submitted, steps_ms: dict[str, float]) -> None:
        """Show a request that has just become durable, with the time of each step so far."""
        check = _waiting(submitted.pending)
        steps = {**steps_ms, "durable": submitted.durable_ms}
        with self._lock:
            self._durable_at[check.request_id] = self._clock()
        self._board.show_check(replace(check, steps_ms=_rounded(steps)))

    def link_changed(self, *, up: bool, detail: str) -> None:
        """Show whether a broker can be reached (called by the gate)."""
        self._board.show_link(up=up, detail=detail)

    def uplink_changed(self, *, missing: str) -> None:
        """Show why there is no uplink process (called by the gate)."""
        self._board.show_device(DeviceName.UPLINK, missing=missing)

    def published(self, request_id: bytes) -> None:
        """Show that a broker has a request (called by the gate)."""
        name = request_id.hex()
        elapsed = self._since_durable(name)

        def change(check: Check | None) -> Check | None:
            if check is None or check.progress is Progress.ANSWERED:
                return None
            steps = {"broker": elapsed, **check.steps_ms} if elapsed else check.steps_ms
            return replace(check, progress=Progress.PUBLISHED, steps_ms=_rounded(steps))

        self._board.change_check(name, change)

    def arrived(self, envelope: bytes) -> bytes | None:
        """Commit an answer and show it (called by the gate). Raises StoreError."""
        received = self._inbox.receive(envelope)
        if received is None:
            self._board.show_refused(self._inbox.forged())
            return None
        request_id = received.request_id
        events = self.reading.comes(request_id, received.result)
        if received.final:
            events.append(audit_events.deleted(request_id, "request", "answered"))
        self._show_when_noted(events, lambda: self._show(received))
        return request_id if received.final else None

    def housekeeping(self) -> list[Pending]:
        """Let what is past its time expire, and say so (called by the gate). Raises StoreError."""
        self._tend()
        unshown, self._unshown = self._unshown, []
        for events, show in unshown:
            self._show_when_noted(events, show)
        if unshown and not self._unshown:
            self._board.show_device(DeviceName.STORE)
        expired = self._store.expire(self._note_deleted)
        for request_id in expired.answers:
            self._board.remove_check(request_id.hex())
        for pending in expired.requests:
            with self._lock:
                self._durable_at.pop(pending.request_id.hex(), None)
            log.warning("request expired", extra={"request": pending.request_id.hex()})
            self._board.show_check(
                replace(
                    _waiting(pending),
                    progress=Progress.EXPIRED,
                    outcome=Outcome.EXPIRED,
                    reason="no answer came before the request expired",
                )
            )
        return list(expired.requests)

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

    def _show(self, received: Received) -> None:
        name = received.request_id.hex()
        elapsed = self._since_durable(name)
        now_ms = self._now_ms()

        def change(check: Check | None) -> Check | None:
            if check is None:
                return None
            steps = dict(check.steps_ms)
            if elapsed:
                steps["search"] = received.result.search_ms
                known = steps.get("broker", 0.0) + received.result.search_ms
                steps["reply"] = max(0.0, elapsed - known)
            return replace(_answered(check, received.result, now_ms), steps_ms=_rounded(steps))

        self._board.change_check(name, change)
        if received.final:
            with self._lock:
                self._durable_at.pop(name, None)
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

    def _restore_answer(self, answer: Answer) -> None:
        result = decode_result(answer.body)
        pending = Pending(answer.request_id, 0, answer.created_ms, answer.expires_ms)
        check = _answered(_waiting(pending), result, answer.arrived_ms)
        self._show_when_noted(
            self.reading.comes(answer.request_id, result, again=True),
            lambda: self._board.show_check(check),
        )

    def _since_durable(self, name: str) -> float:
        """Return the milliseconds since a request of this run became durable; 0 if unknown."""
        with self._lock:
            durable_at = self._durable_at.get(name)
        return 0.0 if durable_at is None else (self._clock() - durable_at) * 1000


def _waiting(pending: Pending) -> Check:
    return Check(pending.request_id.hex(), pending.created_ms, Progress.QUEUED, NOT_CHECKED)


def _answered(check: Check, result: Result, answered_ms: int) -> Check:
    final = result.outcome is not Outcome.INCOMPLETE
    return replace(
        check,
        progress=Progress.ANSWERED if final else Progress.PUBLISHED,
        words=RESULT_WORDS[result.outcome],
        outcome=result.outcome,
        reason=result.reason,
        candidates=result.candidates,
        searched=result.searched,
        answered_ms=answered_ms if final else 0,
    )


def _rounded(steps_ms: dict[str, float]) -> dict[str, float]:
    return {step: round(value, 1) for step, value in steps_ms.items()}
