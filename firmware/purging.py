"""Deletes a case before its time because a person says so, here first and then at the matcher.

Everything is done in an order in which a power cut at any point leaves nothing half done: what was
ordered is on the card before it is begun, and is begun again at the next start. docs/at-rest.md.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec.structs import replace

from greenline.firmware import audit_events
from greenline.firmware.audit import AuditLog
from greenline.firmware.erasures import Erasures, Order
from greenline.firmware.errors import StoreError
from greenline.firmware.store import Pending, Store
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.erasure import Erase, decode_erased, encode_erase
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey, Signer
from greenline.protocol.messages import LONGEST_LIFE_MS
from greenline.protocol.wording import ORDER_GIVEN_UP, ORDERS_DAMAGED

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MatcherSide:
    """Who orders, and of whom. openers: the newest first. doubtful: now_ms() may be far behind."""

    kiosk: str
    signer: Signer
    openers: tuple[OpeningKey, ...]
    matcher: Identity
    now_ms: Callable[[], int]
    doubtful: Callable[[], bool]

    def order(self, request_id: bytes, reason: str) -> bytes:
        """Return the order to erase what there is of a request, sealed and signed."""
        now = self.now_ms()
        header = Header(
            EnvelopeKind.ERASE, Lane.NORMAL, request_id, self.kiosk, now, now + LONGEST_LIFE_MS,
            clock_doubtful=self.doubtful(),
        )  # fmt: skip
        return seal(header, encode_erase(Erase(reason)), self.matcher.seal, self.signer).to_bytes()

    def read(self, data: bytes) -> tuple[bytes, tuple[str, ...], int]:
        """Return of which request the matcher's word is, what it erased, its log's entry.

        Raises ProtocolError.
        """
        envelope = Envelope.from_bytes(data)
        header = envelope.header
        if header.kind is not EnvelopeKind.ERASED:
            raise MalformedError("this is no word of an erasure")
        if header.kiosk != self.kiosk:
            raise WrongKeyError("this belongs to another kiosk")
        envelope.verify(*self.matcher.signing_keys(self.now_ms()))
        word = decode_erased(envelope.open(*self.openers))
        return header.request_id, word.what, word.entry


def _nobody(_: bytes) -> None:
    """Stand in until there is a gate."""


def _nobody_offers(_: Pending) -> None:
    """Stand in until there is a gate."""


def _nobody_reads(_: str) -> None:
    """Stand in until there is a page."""


@dataclass
class Purging:
    """What is deleted by order. It is the gate's source of the orders that go to the matcher.

    offer: has one sent. gone: is told of which request nothing is here any more, and nothing is to
    be offered or shown. notice: shows what a technician must know.
    """

    erasures: Erasures
    store: Store
    audit: AuditLog
    side: MatcherSide
    gone: Callable[[bytes], None] = field(default=_nobody)
    offer: Callable[[Pending], None] = field(default=_nobody_offers)
    notice: Callable[[str], None] = field(default=_nobody_reads)
    _ordering: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.erasures.giving_up = self._given_up

    def purge(self, request_id: bytes, reason: str, who: str) -> Order:
        """Delete all there is of a request; return the order. reason: a code. who: orders it.

        Raises StoreError: it is not deleted, and whoever ordered it has to be told.
        """
        known = self.erasures.get(request_id)
        if known is not None and known.here:
            return known
        if known is None:
            self._ordering.add(request_id)
        try:
            order = known or self.erasures.add(request_id, reason, who)
            try:
                done = self._carry_out(order)
            except StoreError:
                if known is None:  # an earlier order stays, and is carried out once that can be
                    self.erasures.remove(request_id)
                raise
        finally:
            self._ordering.discard(request_id)
        self.offer(self._pending(done))
        return done

    def resume(self) -> None:
        """Tell what was damaged; carry out what a power cut or a full card has interrupted.

        Raises StoreError: not all of it is done; what is not stays withheld.
        """
        if self.erasures.damaged() is not None:
            self.notice(ORDERS_DAMAGED)
        if self.erasures.found_damaged:
            self.audit.note(audit_events.orders_damaged())
            self.erasures.found_damaged = False
        failed: StoreError | None = None
        for order in self.erasures.orders():
            if not self.withheld(order.request_id):
                continue
            try:
                done = self._carry_out(order)
            except StoreError as fault:
                failed = fault
            else:
                self.offer(self._pending(done))
        if failed is not None:
            raise failed

    def withheld(self, request_id: bytes) -> bool:
        """Say whether a case ought to be gone from here and is not: nobody is to get it any more.

        Not while purge() is at it, which may fail, and then says so.
        """
        order = self.erasures.get(request_id)
        return order is not None and not order.here and request_id not in self._ordering

    def pending(self) -> list[Pending]:
        """Return the orders that the matcher has not answered."""
        return [self._pending(each) for each in self.erasures.orders() if self._waits(each)]

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return an order as it is sent; None: there is none that waits."""
        order = self.erasures.get(request_id)
        if order is None or not self._waits(order):
            return None
        return self.side.order(request_id, order.reason)

    def receive(self, data: bytes) -> None:
        """Take the matcher's word. Raises StoreError: it is to come again."""
        try:
            request_id, what, entry = self.side.read(data)
        except ProtocolError as fault:
            log.warning("word of an erasure refused", extra={"reason": str(fault)})
            return
        order = self.erasures.get(request_id)
        if order is None or not self._waits(order):
            log.info("not needed", extra={"request": request_id.hex(), "reason": "erased before"})
            return
        self.audit.note(audit_events.erased_there(request_id, self.side.matcher.name, entry))
        self.erasures.change(replace(order, there=what))
        self.gone(request_id)
        log.info("erased everywhere", extra={"request": request_id.hex()})

    def _carry_out(self, order: Order) -> Order:
        event = audit_events.purged(order.request_id, order.reason, order.who)
        self.store.purge(order.request_id, lambda _: self.audit.note_signed(event))
        done = replace(order, here=True)
        try:
            self.erasures.change(done)
        except StoreError as fault:  # it is deleted all the same; the next start does it again
            log.warning("not kept that a case is deleted", extra={"reason": str(fault)})
            self.erasures.remember(done)
        self.gone(order.request_id)
        log.info("case deleted by order", extra={"request": order.request_id.hex()})
        return done

    def _given_up(self, order: Order) -> None:
        """Tell of an order that makes room unanswered. Raises StoreError: it stays."""
        self.audit.note(audit_events.order_given_up(order.request_id))
        log.warning("order to erase given up", extra={"request": order.request_id.hex()})
        self.notice(ORDER_GIVEN_UP)

    @staticmethod
    def _waits(order: Order) -> bool:
        return order.here and order.there is None

    def _pending(self, order: Order) -> Pending:
        now = self.side.now_ms()
        return Pending(order.request_id, Lane.NORMAL, now, now + LONGEST_LIFE_MS)
