"""The desk at which leads are verified: takes orders from the page and verdicts from the centre.

Joins the pure table (verification.py) with store, file, audit log and second screen. What is done
is in the audit log first, then in the file, then on the screen. Who a lead names is shown only to
the person who said why, until that person's session ends.
"""

import logging
import threading
from collections.abc import Callable

import msgspec

from greenline.firmware import verification_events
from greenline.firmware.errors import StoreError
from greenline.firmware.lead_orders import LeadOrder
from greenline.firmware.newest import remember
from greenline.firmware.store_rows import Answer
from greenline.firmware.taken_file import Taken
from greenline.firmware.verification import (
    DECIDED,
    WAITS,
    Contact,
    Lead,
    Refused,
    Stage,
    confirm,
    examine,
    received,
    refuse_centre,
    reject,
    view,
)
from greenline.firmware.verification_file import Record
from greenline.firmware.verification_parts import DeskParts
from greenline.firmware.verification_shown import rejected, shown
from greenline.protocol.examination import FingerQuality
from greenline.protocol.messages import Outcome, Result

log = logging.getLogger(__name__)

_MOST_REJECTED = 20


class VerificationDesk:
    """The leads of one kiosk. Safe to share between threads.

    who: sees the screen at the start; empty: nobody. Sessions call begun() and ended() with their
    own lock held, so nothing here asks them.
    """

    def __init__(self, parts: DeskParts, who: str = "") -> None:
        self._parts = parts
        self._lock = threading.RLock()
        self._who = who
        self._opened: set[bytes] = set()
        self._rejected: dict[bytes, int] = {}
        self._results: dict[bytes, Result] = {}
        self._ask: Callable[[bytes], None] = _nobody_asks
        self.counts, self._records = parts.file.read()
        parts.taken.keep_only(
            lambda each: self._waits(each) or parts.store.answer(each) is not None
        )

    def when_asked(self, ask: Callable[[bytes], None]) -> None:
        """Have this called with each request whose lead the centre is to examine."""
        self._ask = ask

    def taken(
        self, request_id: bytes, who: str, captured: tuple[FingerQuality, ...], purpose: str = ""
    ) -> None:
        """Note who took the fingers of a request that has just become durable, and what for.

        Raises StoreError: it is known until this process ends.
        """
        with self._lock:
            self._parts.taken.put(request_id, Taken(who, captured, purpose))

    def arrived(
        self, request_id: bytes, result: Result, *, late: bool = False, purpose: str = ""
    ) -> None:
        """Begin to verify what a search came to, if it is a lead; or go on after a restart.

        Raises StoreError: it is shown as a lead all the same, but may begin anew after a restart.
        """
        with self._lock:
            if result.outcome is Outcome.INCOMPLETE:
                return  # who took the fingers is still needed: another answer comes
            if result.outcome is not Outcome.CANDIDATES:
                self._parts.taken.remove(request_id)
                return
            self._results[request_id] = result
            if request_id not in self._records:
                taken = self._parts.taken.get(request_id)
                lead = Lead(len(result.candidates), (taken.who,) if taken.who else ())
                record = Record(lead, taken.captured, late, taken.purpose or purpose)
                self._records[request_id] = record
                self._draw()
                self._parts.file.write(self.counts, self._records)
            else:
                self._draw()
            self._parts.taken.remove(request_id)

    def forget(self, request_id: bytes) -> None:
        """Forget a lead whose answer was deleted, or who took its fingers. Raises StoreError."""
        with self._lock:
            if dropped := self._drop(request_id):
                self._draw()
            if not self._waits(request_id):  # of one that does, only a provisional answer is gone
                self._parts.taken.remove(request_id)
            if dropped:
                self._parts.file.write(self.counts, self._records)

    def begun(self, who: str) -> None:
        """Note who sees the screen from now on: nothing is open for them yet."""
        with self._lock:
            self._who = who
            self._opened.clear()
            self._draw()

    def ended(self) -> None:
        """Note that nobody sees the screen."""
        self.begun("")

    def order(self, order: LeadOrder, who: str) -> None:
        """Do what somebody asks for. Raises Refused, StoreError: then nothing was done."""
        with self._lock:
            if not who or who != self._who:
                raise Refused("role")
            request_id = bytes.fromhex(order.request_id)
            record, result = self._records.get(request_id), self._results.get(request_id)
            if record is None or result is None:
                raise Refused("unknown")
            if order.event != "view" and request_id not in self._opened:
                raise Refused("view-first")
            match order.event:
                case "view":
                    self._view(request_id, record, result, who, order.justification)
                case "confirm":
                    self._confirm(request_id, record, who, order)
                case "reject":
                    reject(record.lead, who, order.reason)
                    self._reject(request_id, record, who, order.reason)
                case "examine":
                    self._examine(request_id, record, result, who)
            self._draw()

    def decided(self) -> dict[str, int]:
        """Return how many leads people have decided, by how."""
        return msgspec.structs.asdict(self.counts)

    def waiting(self) -> list[tuple[bytes, Record, Answer]]:
        """Return the leads that the centre has been asked about and has not answered."""
        with self._lock:
            asked = [
                (each, record)
                for each, record in self._records.items()
                if record.lead.examined in WAITS and record.lead.stage not in DECIDED
            ]
        answers = ((each, record, self._parts.store.answer(each)) for each, record in asked)
        return [(each, record, answer) for each, record, answer in answers if answer is not None]

    def find(self, request_id: bytes) -> tuple[Record, Result] | None:
        """Return a lead; None when it is not here (any more)."""
        with self._lock:
            record, result = self._records.get(request_id), self._results.get(request_id)
        return None if record is None or result is None else (record, result)

    def received(self, request_id: bytes) -> None:
        """Show that the centre has the question. Raises StoreError."""
        with self._lock:
            record = self._records.get(request_id)
            if record is not None and received(record.lead) != record.lead:
                self._keep(request_id, record, received(record.lead))
                self._draw()

    def decided_at_centre(
        self, request_id: bytes, change: Callable[[Lead], Lead], examiner: str, reason: str
    ) -> None:
        """Do what an examiner's proven verdict says. Raises Refused, StoreError."""
        with self._lock:
            record = self._records.get(request_id)
            if record is None:
                raise Refused("unknown")
            lead = change(record.lead)
            if lead.stage is Stage.REJECTED:
                self._reject(request_id, record, examiner, reason)
            else:
                self._confirmed(request_id, record, lead, examiner)
            self._draw()

    def refused_at_centre(self, request_id: bytes, code: str, examiner: str) -> bool:
        """End a question whose genuine verdict did not count; False: nobody waits for it.

        code: why. Raises StoreError.
        """
        with self._lock:
            record = self._records.get(request_id)
            lead = None if record is None else refuse_centre(record.lead, examiner, code)
            if record is None or lead is None or lead is record.lead:
                return False
            purpose = self._purpose(record)
            self._parts.audit.note(verification_events.refused(request_id, purpose, examiner, code))
            self._keep(request_id, record, lead)
            self._draw()
        return True

    def _view(
        self, request_id: bytes, record: Record, result: Result, who: str, justification: str
    ) -> None:
        lead = view(record.lead, who, justification)
        event = verification_events.looked(request_id, result, who, justification)
        self._parts.audit.note(event)
        self._keep(request_id, record, lead)
        self._opened.add(request_id)

    def _confirm(self, request_id: bytes, record: Record, who: str, order: LeadOrder) -> None:
        contact = Contact(order.source, order.reference) if order.source else None
        lead = confirm(record.lead, who, order.candidate, contact)
        self._confirmed(request_id, record, lead, who)

    def _confirmed(self, request_id: bytes, record: Record, lead: Lead, who: str) -> None:
        purpose = self._purpose(record)
        self._parts.audit.note(
            verification_events.confirmed(request_id, purpose, record.lead, lead, who)
        )
        self._keep(request_id, record, lead)

    def _reject(self, request_id: bytes, record: Record, who: str, reason: str) -> None:
        """Count a false hit, and have all there is of the case erased, here and at the matcher."""
        purpose = self._purpose(record)
        self._parts.audit.note(verification_events.rejected(request_id, purpose, who, reason))
        self._parts.purge(request_id, Stage.REJECTED.value, who)
        self._drop(request_id)
        remember(self._rejected, request_id, record.lead.candidates, _MOST_REJECTED)
        self.counts = msgspec.structs.replace(self.counts, rejected=self.counts.rejected + 1)
        try:
            self._parts.file.write(self.counts, self._records)
        except StoreError as fault:
            # The case is gone, which is what counts; its record opens no more.
            log.warning("a rejection was not counted", extra={"reason": str(fault)})

    def _examine(self, request_id: bytes, record: Record, result: Result, who: str) -> None:
        if not self._parts.asks():
            raise Refused("not-logged-in")
        lead = examine(record.lead, who)
        self._parts.audit.note(
            *verification_events.asked(
                request_id, self._purpose(record), result, who, self._parts.matcher
            )
        )
        self._keep(request_id, record, lead)
        self._ask(request_id)

    def _purpose(self, record: Record) -> str:
        return record.purpose or self._parts.purpose

    def _waits(self, request_id: bytes) -> bool:
        return self._parts.store.envelope(request_id) is not None

    def _drop(self, request_id: bytes) -> bool:
        self._results.pop(request_id, None)
        self._opened.discard(request_id)
        return self._records.pop(request_id, None) is not None

    def _keep(self, request_id: bytes, record: Record, lead: Lead) -> None:
        """Make a step durable. Raises StoreError: then it was not taken."""
        counts = self.counts
        if lead.stage is Stage.CONFIRMED and record.lead.stage is not Stage.CONFIRMED:
            counts = msgspec.structs.replace(counts, confirmed=counts.confirmed + 1)
        changed = {**self._records, request_id: msgspec.structs.replace(record, lead=lead)}
        self._parts.file.write(counts, changed)
        self.counts, self._records = counts, changed

    def _draw(self) -> None:
        if not self._who:
            self._parts.show(())
            return
        leads = [
            shown(
                each.hex(), record, self._results[each], self._who, self._parts.list_age_ms,
                opened=each in self._opened, asks=self._parts.asks(),
            )
            for each, record in self._records.items()
            if each in self._results
        ]  # fmt: skip
        gone = (rejected(each.hex(), count) for each, count in self._rejected.items())
        self._parts.show((*reversed(leads), *gone))


def _nobody_asks(_: bytes) -> None:
    """Stand in until there is somebody who asks."""
