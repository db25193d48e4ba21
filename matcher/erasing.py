"""Erases what there is of a request when its kiosk orders it, or when its time is over.

    order: ours? -> audit log, signed -> ledger -> the word that it is done goes back

The word names the entry of the audit log, so that it can be proved later. An order that comes again
gets the same word. A request that its order has overtaken is not searched when it comes.

Where several processes share the requests, each erases what its examiners have. The owner's word
ends the asking: so another process that fails keeps the order unacknowledged and tries again.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from greenline.link.connection import NotConnectedError
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_events import Audit, erased
from greenline.matcher.errors import DatabaseError
from greenline.matcher.generations import Generation, asked
from greenline.matcher.ledger import Ledger
from greenline.matcher.sealing import Sealing
from greenline.matcher.split import Split
from greenline.matcher.tally import Tally
from greenline.protocol.deletion_receipt import (
    COPY_FOR_EXAMINERS,
    COPY_OF_ANSWER,
    COPY_OF_REQUEST,
    NO_COPY,
)
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, kind_of
from greenline.protocol.erasure import (
    ANSWER,
    EXAMINATION,
    REQUEST,
    Erased,
    decode_erase,
    encode_erased,
)
from greenline.protocol.errors import ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity
from greenline.protocol.topics import kiosk_of

log = logging.getLogger(__name__)

_WORD_LIFETIME_MS = 24 * 3600 * 1000
_MOST_HELD = 128
"""With what the intake holds this is below the broker's window: what others send still comes."""


class _Held(NamedTuple):
    delivery: int
    header: Header
    reason: str


def _nobody_examines(_request_id: bytes, _kiosk: str, _before: Callable[[], None]) -> bool:
    """Have nothing: no examiner works here."""
    return False


@dataclass(frozen=True)
class ErasureArrivals:
    """Used by the link's thread; forget_old(), withdraw_held() by the search thread.

    kiosks: by name. audit: is told before anything is deleted. log: the same, where it is a chain
    that can be signed; None: there is none, and no order is taken. publish: hands an envelope to a
    kiosk. done: is told which request needs no receipt any more. now_ms: Unix milliseconds.
    examined: erases what examiners have of a request, also where another process takes the request.
    """

    kiosks: Mapping[str, Identity]
    generations: Sequence[Generation]
    ledger: Ledger
    audit: Audit
    log: AuditLog | None
    split: Split
    tally: Tally
    acknowledge: Callable[[int], None]
    publish: Callable[[str, bytes], None]
    done: Callable[[bytes], None]
    now_ms: Callable[[], int]
    examined: Callable[[bytes, str, Callable[[], None]], bool] = _nobody_examines
    _held: dict[tuple[str, bytes], _Held] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def take(self, delivery: int, topic: str, payload: bytes) -> bool:
        """Take an order; False when it is none, and somebody else's affair."""
        if self.log is None or kind_of(payload) != EnvelopeKind.ERASE:
            return False
        ours = self.split.takes(payload)
        if self._take(self.log, delivery, topic, payload, ours=ours):
            self.acknowledge(delivery)
        return True

    def withdraw_held(self) -> None:
        """Try again what failed here of another process's orders, and acknowledge it."""
        with self._lock:
            waiting = list(self._held.items())
        for order, held in waiting:
            if not self._withdrawn(held):
                return
            with self._lock:
                del self._held[order]
            self.acknowledge(held.delivery)

    def forget_old(self, before_ms: int) -> None:
        """Delete answers that no kiosk can ask for any more, and note it. Raises DatabaseError."""
        self.ledger.forget(
            before_ms,
            lambda ids: self.audit.note(*(erased(each, COPY_OF_ANSWER, "expired") for each in ids)),
        )

    def _take(
        self, audit: AuditLog, delivery: int, topic: str, payload: bytes, *, ours: bool
    ) -> bool:
        """Do what an order says; False: it is held. What failed of ours is offered again."""
        try:
            header, reason = self._open(topic, payload)
            if not ours:
                held = _Held(delivery, header, reason)
                return self._withdrawn(held) or not self._hold(held)
            self._refuse_anothers(header)
            word = self.ledger.word_of(header.request_id) or self._erase(audit, header, reason)
            self.tally.request("erased")
            back = Sealing(self.kiosks, self.generations).back(
                header, EnvelopeKind.ERASED, word, self.now_ms(), _WORD_LIFETIME_MS
            )
            self.publish(header.kiosk, back)
        except ProtocolError as fault:
            self.tally.refuse(type(fault).__name__)
            log.warning("order refused", extra={"source": topic, "reason": str(fault)})
        except DatabaseError as fault:
            log.warning("not erased", extra={"reason": str(fault)})
        except NotConnectedError:
            log.info("word of an erasure not sent: no link")
        return True

    def _withdrawn(self, held: _Held) -> bool:
        try:
            self._withdraw(held.header, held.reason)
        except DatabaseError as fault:
            log.warning("not erased for the examiners", extra={"reason": str(fault)})
            return False
        return True

    def _hold(self, held: _Held) -> bool:
        """Keep an order until it can be done; False: it is kept already, or there is no room."""
        order = (held.header.kiosk, held.header.request_id)
        with self._lock:
            known, full = order in self._held, len(self._held) >= _MOST_HELD
            if not known and not full:
                self._held[order] = held
                return True
        if not known:
            told = {"request": held.header.request_id.hex(), "kiosk": held.header.kiosk}
            log.error("never erased for the examiners: too many wait", extra=told)
        return False

    def _open(self, topic: str, payload: bytes) -> tuple[Header, str]:
        """Return whose order it is, and why it is given. Raises ProtocolError."""
        envelope = Envelope.from_bytes(payload)
        header = envelope.header
        if kiosk_of(topic) != header.kiosk:
            raise WrongKeyError("the envelope names another kiosk than its topic")
        kiosk = self.kiosks.get(header.kiosk)
        if kiosk is None:
            raise WrongKeyError(f"the kiosk {header.kiosk!r} is not enrolled here")
        envelope.verify(*kiosk.signing_keys(self.now_ms()))
        opener = asked(self.generations, header.recipient, self.now_ms()).opener
        return header, decode_erase(envelope.open(opener)).reason

    def _refuse_anothers(self, header: Header) -> None:
        """Raise WrongKeyError when the request is another kiosk's."""
        known = self.ledger.known(header.request_id)
        if known is not None and known.kiosk != header.kiosk:
            raise WrongKeyError("the request is another kiosk's")

    def _erase(self, audit: AuditLog, header: Header, reason: str) -> bytes:
        request_id = header.request_id
        withdrawn = self._withdraw(header, reason)
        has_request, has_answer = self.ledger.held(request_id)
        what = (REQUEST,) * has_request + (ANSWER,) * has_answer + (EXAMINATION,) * withdrawn
        # An envelope leaves the ledger when its answer comes: there is never more than one copy.
        noted = COPY_OF_REQUEST if has_request else COPY_OF_ANSWER if has_answer else NO_COPY
        entry = audit.note_signed(erased(request_id, noted, reason))
        word = encode_erased(Erased(what, self.now_ms(), audit.chain, entry.number, entry.digest))
        self.ledger.erase(request_id, header.kiosk, word)
        self.done(request_id)
        log.info("erased", extra={"request": request_id.hex(), "kiosk": header.kiosk})
        return word

    def _withdraw(self, header: Header, reason: str) -> bool:
        event = erased(header.request_id, COPY_FOR_EXAMINERS, reason)
        return self.examined(header.request_id, header.kiosk, lambda: self.audit.note(event))
