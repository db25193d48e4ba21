"""How the kiosk's audit log leaves to the centre, and what may be deleted when it is there.

The log itself is what waits: a report is cut from it when it is offered, always up to a signature,
and counts as arrived when the centre's signed receipt names an entry that is ours. The newest
receipt of a chain lies beside the log; lost, the centre is asked again and says what it has.
Used by the gate's thread alone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from greenline.firmware.audit import AuditLog
from greenline.firmware.audit_pieces import Piece, Pieces
from greenline.firmware.audit_segments import write_durably
from greenline.firmware.store import Pending
from greenline.protocol.audit import DEVICE, Event
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_report import (
    Receipt,
    Report,
    ReportOutcome,
    decode_receipt,
    encode_report,
    report_id,
)
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey, Signer

log = logging.getLogger(__name__)

_BROKER_KEEPS_MS = 10 * 60 * 1000
"""A broker without a matcher need not pile up reports: they are offered again."""


def _nobody_is_told(_: int) -> None:
    """Stand in for a clock."""


@dataclass
class AuditLeaving:
    """The reports of one kiosk to one matcher. keep_ms: how long a segment stays here at least.

    earlier: opening keys that were replaced. now_ms: Unix milliseconds. vouched: is told when the
    centre has signed. refused: what came as a receipt and was none, by reason.
    """

    log: AuditLog
    kiosk: str
    signer: Signer
    opener: OpeningKey
    matcher: Identity
    keep_ms: int
    now_ms: Callable[[], int]
    earlier: tuple[OpeningKey, ...] = ()
    vouched: Callable[[int], None] = _nobody_is_told
    refused: Counter[str] = field(default_factory=Counter)
    _arrived: dict[bytes, int] = field(default_factory=dict, init=False)
    _pieces: Pieces = field(init=False)

    def __post_init__(self) -> None:
        """Read the receipts of earlier runs."""
        self._pieces = Pieces(self.log.folder)
        for path in self.log.folder.glob("*.receipt"):
            try:
                self._note_arrived(self._open(path.read_bytes()))
            except (OSError, ProtocolError) as fault:
                # Then the centre is sent what it has, and says so.
                log.warning("audit receipt unreadable", extra={"reason": str(fault)})

    def pending(self) -> list[Pending]:
        """Return what is to be offered now, of each chain one report. Raises AuditError."""
        now = self.now_ms()
        names = [report_id(self.kiosk, piece.head.chain) for piece, _ in self._waiting()]
        return [Pending(name, Lane.BACKGROUND, now, now + _BROKER_KEEPS_MS) for name in names]

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return the report of this id, sealed, as it is now; None: there is none (any more).

        Raises AuditError.
        """
        for piece, oldest in self._waiting():
            chain = piece.head.chain
            if report_id(self.kiosk, chain) == request_id:
                report = piece.report(self._arrived.get(chain, 0), oldest)
                return None if report is None else self._sealed(request_id, report)
        return None

    def receive(self, data: bytes) -> bytes | None:
        """Take a receipt; return its id if the centre has taken something. Raises AuditError."""
        try:
            receipt = self._open(data)
        except ProtocolError as fault:
            self.refused[type(fault).__name__] += 1
            log.warning("audit receipt refused", extra={"reason": str(fault)})
            return None
        told = {"outcome": receipt.outcome.value, "last": receipt.last, "reason": receipt.reason}
        log.info("audit receipt", extra=told)
        match receipt.outcome:
            case ReportOutcome.REFUSED:
                return None
            case ReportOutcome.GAP:
                self._go_back(receipt)
            case ReportOutcome.FORK:
                details = {"what": "the centre had other entries", "reason": receipt.outcome.value}
                self.log.note(Event(Kind.ALARM, DEVICE, details=details))
        if receipt.outcome is not ReportOutcome.GAP and self._note_arrived(receipt):
            write_durably(self.log.folder / f"{receipt.chain.hex()}.receipt", data)
        return report_id(self.kiosk, receipt.chain)

    def tidy(self) -> None:
        """Delete old segments that the centre has, the oldest first. Raises AuditError."""
        for piece in self._pieces.all():
            arrived = self._arrived.get(piece.head.chain, 0)
            is_there = piece.signed is not None and piece.signed.number <= arrived
            is_old = piece.written_ms + self.keep_ms <= self.now_ms()
            if piece.sequence == self.log.sequence or not (piece.complete and is_there and is_old):
                return
            self.log.remove_oldest(piece.sequence)

    def _waiting(self) -> Iterator[tuple[Piece, int]]:
        """Yield of each chain the first segment that is not all there, and its oldest entry."""
        oldest: dict[bytes, int] = {}
        waiting: set[bytes] = set()
        for piece in self._pieces.all():
            chain = piece.head.chain
            oldest.setdefault(chain, piece.head.end.number + 1)
            arrived = self._arrived.get(chain, 0)
            if chain not in waiting and piece.signed is not None and piece.signed.number > arrived:
                waiting.add(chain)
                yield piece, oldest[chain]

    def _sealed(self, request_id: bytes, report: Report) -> bytes:
        now = self.now_ms()
        header = Header(
            EnvelopeKind.AUDIT_REPORT, Lane.BACKGROUND, request_id, self.kiosk, now,
            now + _BROKER_KEEPS_MS,
        )  # fmt: skip
        body = encode_report(report)
        return seal(header, body, self.matcher.seal, self.signer).to_bytes()

    def _open(self, data: bytes) -> Receipt:
        envelope = Envelope.from_bytes(data)
        if envelope.header.kind is not EnvelopeKind.AUDIT_RECEIPT:
            raise MalformedError("this is no receipt")
        if envelope.header.kiosk != self.kiosk:
            raise WrongKeyError("this receipt belongs to another kiosk")
        envelope.verify(*self.matcher.signing_keys(self.now_ms()))
        receipt = decode_receipt(envelope.open(self.opener, *self.earlier))
        self.vouched(envelope.header.created_ms)
        return receipt

    def _note_arrived(self, receipt: Receipt) -> bool:
        """Remember how far the centre is; False when that is nothing new, or not of our log."""
        if receipt.last <= self._arrived.get(receipt.chain, 0):
            return False
        if not self._is_ours(receipt):
            log.warning("audit receipt for other entries", extra={"last": receipt.last})
            self.refused["other entries"] += 1
            return False
        self._arrived[receipt.chain] = receipt.last
        return True

    def _go_back(self, receipt: Receipt) -> None:
        """Begin again behind what the centre has, or with the oldest entry when that differs."""
        self._arrived[receipt.chain] = receipt.last if self._is_ours(receipt) else 0

    def _is_ours(self, receipt: Receipt) -> bool:
        pieces = [piece for piece in self._pieces.all() if piece.head.chain == receipt.chain]
        return any(piece.digest(receipt.last) == receipt.digest for piece in pieces)
