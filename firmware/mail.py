"""What goes through the gate: requests and answers; receipts, audit reports and the status.

The gate sees one listener and one source of envelopes. What is wrong with the audit log alone
never holds up a request or its answer here: it is said in the log, and tried again.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_leaving import AuditLeaving
from greenline.firmware.checks import Checks
from greenline.firmware.errors import AuditError
from greenline.firmware.examinations_leaving import ExaminationsLeaving
from greenline.firmware.gate_sides import Source
from greenline.firmware.status_leaving import StatusLeaving
from greenline.firmware.store import Pending, Store
from greenline.protocol.envelope import EnvelopeKind, kind_of

log = logging.getLogger(__name__)


def _nothing_is(_: bytes) -> bool:
    """Stand in where nothing is deleted by order."""
    return False


class Mail:
    """Stands between the gate and the kiosk's parts, on the gate's thread.

    beside: take envelopes of a kind, and return the id of what has left by one; a kind without
    counts as an answer. orders: what else waits to be sent, beside the store. questions: to the
    centre, about leads. withheld: of which request nothing may leave any more.
    """

    def __init__(
        self,
        store: Store,
        checks: Checks,
        audit: AuditLog,
        leaving: AuditLeaving,
        status: StatusLeaving,
        beside: Mapping[EnvelopeKind, Callable[[bytes], bytes | None]] = MappingProxyType({}),
        *,
        orders: Source | None = None,
        questions: ExaminationsLeaving | None = None,
    ) -> None:
        self._store = store
        self._checks = checks
        self._audit = audit
        self._leaving = leaving
        self._status = status
        self._questions = questions
        self._beside = {int(kind): take for kind, take in beside.items()}
        self._orders = orders
        self.withheld: Callable[[bytes], bool] = _nothing_is
        self._offer: Callable[[Pending], None] = _nobody_offers

    def begin(self, offer: Callable[[Pending], None]) -> None:
        """Have what the audit log gives offered with this."""
        self._offer = offer

    def pending(self) -> list[Pending]:
        """Return the requests that wait in the store."""
        waiting = [each for each in self._store.pending() if not self.withheld(each.request_id)]
        return waiting if self._orders is None else [*waiting, *self._orders.pending()]

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return what is to be sent, or None when it has left. Raises StoreError."""
        if self.withheld(request_id):
            return None
        found = self._store.envelope(request_id)
        found = found or self._status.envelope(request_id)
        if found is None and self._orders is not None:
            found = self._orders.envelope(request_id)
        if found is None and self._questions is not None:
            found = self._questions.envelope(request_id)
        if found is not None:
            return found
        try:
            return self._leaving.envelope(request_id)
        except AuditError as fault:
            _say(fault)
            return None

    def link_changed(self, *, up: bool, detail: str) -> None:
        """Show whether a broker can be reached."""
        self._checks.link_changed(up=up, detail=detail)

    def uplink_changed(self, *, missing: str) -> None:
        """Show why there is no uplink process."""
        self._checks.uplink_changed(missing=missing)

    def offered(self, request_id: bytes) -> None:
        """Show that a request is being sent."""
        self._checks.offered(request_id)

    def published(self, request_id: bytes) -> None:
        """Show that a broker has a request."""
        if not self._status.published(request_id):
            self._checks.published(request_id)

    def arrived(self, envelopes: Sequence[bytes]) -> list[bytes | None]:
        """Commit what came; return for each the id of what has left by it. Raises StoreError."""
        answers = [each for each in envelopes if self._is_answer(each)]
        left = iter(self._checks.arrived(answers) if answers else [])
        return [
            next(left) if self._is_answer(each) else self._beside_answers(each)
            for each in envelopes
        ]

    def _is_answer(self, envelope: bytes) -> bool:
        kind = kind_of(envelope)
        return kind not in self._beside and kind != EnvelopeKind.AUDIT_RECEIPT

    def _beside_answers(self, envelope: bytes) -> bytes | None:
        take = self._beside.get(kind_of(envelope))
        if take is not None:
            return take(envelope)
        try:
            left = self._leaving.receive(envelope)
            self._offer_next()
        except AuditError as fault:
            _say(fault)
            return None
        return left

    def housekeeping(self) -> list[Pending]:
        """Let what is past its time expire; sign, offer and tidy the audit log."""
        try:
            self._audit.tend()
            self._leaving.tidy()
            self._offer_next()
        except AuditError as fault:
            _say(fault)
        for status in self._status.pending():
            self._offer(status)
        for question in [] if self._questions is None else self._questions.pending():
            self._offer(question)
        return self._checks.housekeeping()

    def _offer_next(self) -> None:
        for report in self._leaving.pending():
            self._offer(report)


def _say(fault: AuditError) -> None:
    log.warning("audit log failed", extra={"reason": str(fault)})


def _nobody_offers(_: Pending) -> None:
    """Stand in until there is a gate."""
