"""The inbox: answers that the uplink hands over are checked, opened and committed, or refused.

Whatever is refused here changes nothing in the store and nothing on the screen: a rogue broker or
uplink can neither answer for the matcher nor repeat an old answer under a new request.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from greenline.firmware.retention import Retention
from greenline.firmware.store import Store
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.examination import SignedVerdict, decode_verdict
from greenline.protocol.keys import Identity, OpeningKey
from greenline.protocol.messages import Outcome, Result, decode_result, encode_result
from greenline.protocol.receipt import decode_receipt

log = logging.getLogger(__name__)

_OLDER = "older than one before"
_REPEATED = "repeated or expired"
_RECEIPT = "receipt of no use"
VERDICT = "verdict of no use"
_OF_NO_USE = frozenset({_OLDER, _REPEATED, _RECEIPT, VERDICT})
_MOST_RECEIPTS = 4096
"""Of so many requests the newest receipt's time is known; of more than that one may count twice."""


@dataclass(frozen=True)
class Received:
    """A new answer, committed. final: its request has left the store."""

    request_id: bytes
    result: Result
    final: bool


def _nobody_is_told(_signed_ms: int, _asked_ms: int | None) -> None:
    """Stand in for a clock."""


def _as_it_is(_: bytes, result: Result) -> Result:
    return result


def _nothing_waits(_: bytes) -> bool:
    return False


class Inbox:
    """Checks answers for one kiosk from one matcher.

    earlier: opening keys of this kiosk that were replaced; answers to them are still on their way.
    answer_lifetime_ms: of any answer; retention says which go sooner.
    waits_beside: says what else has a receipt, that does not lie in the store. as_shown: says what
    an answer comes to here; that is what is kept.
    vouched: is told each time that the matcher has signed, Unix milliseconds, and when it was asked
    for, see Store.asked_ms().
    """

    def __init__(
        self,
        kiosk: str,
        key: OpeningKey,
        matcher: Identity,
        store: Store,
        now_ms: Callable[[], int],
        answer_lifetime_ms: int,
        *,
        earlier: Sequence[OpeningKey] = (),
        vouched: Callable[[int, int | None], None] = _nobody_is_told,
    ) -> None:
        self._kiosk = kiosk
        self._keys = (key, *earlier)
        self._matcher = matcher
        self._store = store
        self._now_ms = now_ms
        self.retention = Retention(answer_lifetime_ms)
        self._vouched = vouched
        self.waits_beside: Callable[[bytes], bool] = _nothing_waits
        self.as_shown: Callable[[bytes, Result], Result] = _as_it_is
        self._provisional: dict[bytes, int] = {}
        self._receipts: dict[bytes, int] = {}
        self.refused: Counter[str] = Counter()

    def receive(self, data: bytes) -> Received | None:
        """Commit an answer; None: it was refused or is known. Raises StoreError: not committed."""
        try:
            envelope, result = self.open(data)
        except ProtocolError as fault:
            self.refuse("answer refused", fault)
            return None
        request_id = envelope.header.request_id
        self._vouched(envelope.header.created_ms, self._store.asked_ms(request_id))
        result = self.as_shown(request_id, result)
        final = result.outcome is not Outcome.INCOMPLETE
        if not final and envelope.header.created_ms < self._provisional.get(request_id, 0):
            self.leave(_OLDER, request_id)
            return None
        now = self._now_ms()
        added = self._store.add_answer(
            request_id,
            encode_result(result),
            final=final,
            arrived_ms=now,
            expires_ms=now + self.retention.lifetime_ms(result.outcome),
        )
        if not added:
            self._provisional.pop(request_id, None)
            self.leave(_REPEATED, request_id)
            return None
        if final:
            self._provisional.pop(request_id, None)
            self._receipts.pop(request_id, None)
        else:
            self._provisional[request_id] = envelope.header.created_ms
        return Received(request_id, result, final)

    def receipt(self, data: bytes) -> bytes | None:
        """Return the id of the waiting request that the matcher says it has; None: refused, known.

        Nothing is kept or removed: a receipt is no answer. Raises StoreError.
        """
        try:
            header = self._open_receipt(data)
        except ProtocolError as fault:
            self.refuse("receipt refused", fault)
            return None
        request_id, created_ms = header.request_id, header.created_ms
        self._vouched(created_ms, self._store.asked_ms(request_id))
        is_newer = created_ms > self._receipts.get(request_id, -1)
        waits = self._store.envelope(request_id) is not None or self.waits_beside(request_id)
        if not is_newer or not waits:
            self.leave(_RECEIPT, request_id)
            return None
        if request_id not in self._receipts and len(self._receipts) >= _MOST_RECEIPTS:
            del self._receipts[next(iter(self._receipts))]
        self._receipts[request_id] = created_ms
        return request_id

    def forged(self) -> int:
        """Return how many came that the matcher did not make for this kiosk."""
        return sum(self.refused[why] for why in self.refused if why not in _OF_NO_USE)

    def refuse(self, event: str, fault: Exception) -> None:
        """Count and log what came and was not taken. event: in the log."""
        self.refused[type(fault).__name__] += 1
        log.warning(event, extra={"reason": str(fault)})

    def verdict(self, data: bytes) -> tuple[Header, SignedVerdict]:
        """Check and open a verdict's envelope; who signed the verdict is not looked at yet.

        Raises ProtocolError.
        """
        envelope = self._verified(data, EnvelopeKind.VERDICT)
        return envelope.header, decode_verdict(envelope.open(*self._keys))

    def leave(self, why: str, request_id: bytes) -> None:
        """Count what is genuine and of no use; a broker that repeats itself is no attack."""
        self.refused[why] += 1
        log.info("not needed", extra={"request": request_id.hex(), "reason": why})

    def open(self, data: bytes, at_ms: int | None = None) -> tuple[Envelope, Result]:
        """Check and open an answer's envelope. Raises ProtocolError.

        at_ms: when it came, Unix milliseconds; None: now. A key of the matcher that was replaced
        counts for what came in its time.
        """
        envelope = self._verified(data, EnvelopeKind.RESULT, at_ms)
        return envelope, decode_result(envelope.open(*self._keys))

    def _open_receipt(self, data: bytes) -> Header:
        envelope = self._verified(data, EnvelopeKind.RECEIPT)
        decode_receipt(envelope.open(*self._keys))
        return envelope.header

    def _verified(self, data: bytes, kind: EnvelopeKind, at_ms: int | None = None) -> Envelope:
        envelope = Envelope.from_bytes(data)
        if envelope.header.kind is not kind:
            raise MalformedError("only results and receipts are meant for a kiosk")
        if envelope.header.kiosk != self._kiosk:
            raise WrongKeyError("this belongs to another kiosk")
        envelope.verify(*self._matcher.signing_keys(self._now_ms() if at_ms is None else at_ms))
        return envelope
