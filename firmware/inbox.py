"""The inbox: what the uplink hands over is checked, opened and committed, or refused and counted.

Whatever is refused here changes nothing in the store and nothing on the screen: a rogue broker or
uplink can neither answer for the matcher nor repeat an old answer under a new request.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from greenline.firmware.store import Store
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity, OpeningKey
from greenline.protocol.messages import Outcome, Result, decode_result

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """A new answer, committed. final: its request has left the store."""

    request_id: bytes
    result: Result
    final: bool


class Inbox:
    """Checks answers for one kiosk from one matcher."""

    def __init__(
        self,
        kiosk: str,
        key: OpeningKey,
        matcher: Identity,
        store: Store,
        now_ms: Callable[[], int],
        answer_lifetime_ms: int,
    ) -> None:
        self._kiosk = kiosk
        self._key = key
        self._matcher = matcher
        self._store = store
        self._now_ms = now_ms
        self._answer_lifetime_ms = answer_lifetime_ms
        self.refused: Counter[str] = Counter()

    def receive(self, data: bytes) -> Received | None:
        """Commit an answer; None: it was refused or is known. Raises StoreError: not committed."""
        try:
            envelope, result = self.open(data)
        except ProtocolError as fault:
            self.refused[type(fault).__name__] += 1
            log.warning("answer refused", extra={"reason": str(fault)})
            return None
        request_id = envelope.header.request_id
        final = result.outcome is not Outcome.INCOMPLETE
        now = self._now_ms()
        added = self._store.add_answer(
            request_id,
            data,
            final=final,
            arrived_ms=now,
            expires_ms=now + self._answer_lifetime_ms,
        )
        if not added:
            self.refused["repeated or expired"] += 1
            log.info("answer not needed", extra={"request": request_id.hex()})
            return None
        return Received(request_id, result, final)

    def open(self, data: bytes) -> tuple[Envelope, Result]:
        """Check and open an answer's envelope. Raises ProtocolError."""
        envelope = Envelope.from_bytes(data)
        if envelope.header.kind is not EnvelopeKind.RESULT:
            raise MalformedError("only results are meant for a kiosk")
        if envelope.header.kiosk != self._kiosk:
            raise WrongKeyError("this result belongs to another kiosk")
        envelope.verify(self._matcher.verify)
        return envelope, decode_result(envelope.open(self._key))
