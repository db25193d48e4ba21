"""How the kiosk's status leaves: every few minutes while there is a link, made when it is offered.

Always under one id and never stored: what could not be sent is replaced by what is true now. Used
by the gate's thread alone.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from greenline.firmware.board import BoardState
from greenline.firmware.store import Pending
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, Signer
from greenline.protocol.kiosk_status import KioskStatus, encode_status

EVERY_S = 300.0
_BROKER_KEEPS_MS = 300_000
_ID_BYTES = 16


@dataclass
class StatusLeaving:
    """The status of one kiosk for one matcher.

    tell: what is true now. now_ms: Unix milliseconds; clock_doubtful: they may be far behind;
    clock: monotonic seconds. every_s: seconds from one status to the next.
    """

    kiosk: str
    signer: Signer
    matcher: Identity
    tell: Callable[[], KioskStatus]
    now_ms: Callable[[], int]
    clock_doubtful: Callable[[], bool]
    clock: Callable[[], float]
    every_s: float = EVERY_S
    _id: bytes = field(default_factory=lambda: os.urandom(_ID_BYTES), init=False)
    _sent_at: float = field(default=float("-inf"), init=False)

    def pending(self) -> list[Pending]:
        """Return what is to be offered now: one status when it is time, else nothing."""
        if not self._due():
            return []
        now = self.now_ms()
        return [Pending(self._id, Lane.BACKGROUND, now, now + _BROKER_KEEPS_MS)]

    def envelope(self, request_id: bytes) -> bytes | None:
        """Return the status of this id as it is now; None: that is none, or it is not due."""
        if request_id != self._id or not self._due():
            return None
        now = self.now_ms()
        header = Header(
            EnvelopeKind.KIOSK_STATUS, Lane.BACKGROUND, request_id, self.kiosk, now,
            now + _BROKER_KEEPS_MS, clock_doubtful=self.clock_doubtful(),
        )  # fmt: skip
        return seal(header, encode_status(self.tell()), self.matcher.seal, self.signer).to_bytes()

    def published(self, request_id: bytes) -> bool:
        """Note that a broker has it; False when that is no status."""
        if request_id != self._id:
            return False
        self._sent_at = self.clock()
        return True

    def _due(self) -> bool:
        return self.clock() - self._sent_at >= self.every_s


def status_of(
    board: BoardState, software: str, running_s: float, now_ms: int, *, clock_trusted: bool
) -> KioskStatus:
    """Return what the board's state is worth telling. now_ms: on the clock of the board."""
    return KioskStatus(
        software=software,
        running_ms=round(running_s * 1000),
        clock_trusted=clock_trusted,
        pending=board.pending,
        oldest_ms=max(0, now_ms - board.oldest_ms) if board.pending else 0,
        refused=board.refused,
        faults=tuple(device.code for device in board.devices if device.missing),
    )
