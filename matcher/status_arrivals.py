"""What kiosks say of themselves, from a delivery of the broker to a line in the log.

A status is never answered. One that is not newer than the last is a replay, which could make a dead
kiosk look alive: it is refused, unless the kiosk itself doubts its clock.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from greenline.matcher.generations import Generation, asked
from greenline.matcher.split import Split
from greenline.matcher.tally import Tally
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, kind_of
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.keys import Identity
from greenline.protocol.kiosk_status import KioskStatus, decode_status
from greenline.protocol.topics import status_topic

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StatusArrivals:
    """Used by the link's thread. kiosks: by name. now_ms: Unix milliseconds.

    acknowledge: tell the broker that a delivery is done with.
    """

    kiosks: Mapping[str, Identity]
    generations: Sequence[Generation]
    split: Split
    tally: Tally
    acknowledge: Callable[[int], None]
    now_ms: Callable[[], int]
    _newest_ms: dict[str, int] = field(default_factory=dict, init=False)
    _refused: dict[str, int] = field(default_factory=dict, init=False)

    def take(self, delivery: int, topic: str, payload: bytes) -> bool:
        """Take a status; False when it is none, and somebody else's affair."""
        if kind_of(payload) != EnvelopeKind.KIOSK_STATUS:
            return False
        if self.split.takes(payload):
            self._take(topic, payload)
        self.acknowledge(delivery)
        return True

    def _take(self, topic: str, payload: bytes) -> None:
        try:
            header, status = self._open(topic, payload)
        except ProtocolError as fault:
            self.tally.refuse(type(fault).__name__)
            log.warning("status refused", extra={"source": topic, "reason": str(fault)})
            return
        self._newest_ms[header.kiosk] = header.created_ms
        self.tally.request("status reports")
        told = {"kiosk": header.kiosk, "created_ms": header.created_ms}
        log.info("kiosk status", extra=told | msgspec.structs.asdict(status))
        if status.refused > self._refused.get(header.kiosk, 0):
            log.warning("kiosk refused answers", extra=told | {"refused": status.refused})
        self._refused[header.kiosk] = status.refused

    def _open(self, topic: str, payload: bytes) -> tuple[Header, KioskStatus]:
        envelope = Envelope.from_bytes(payload)
        header = envelope.header
        if topic != status_topic(header.kiosk):
            raise WrongKeyError("the envelope names another kiosk than its topic")
        kiosk = self.kiosks.get(header.kiosk)
        if kiosk is None:
            raise WrongKeyError(f"the kiosk {header.kiosk!r} is not enrolled here")
        now = self.now_ms()
        envelope.verify(*kiosk.signing_keys(now))
        newest = self._newest_ms.get(header.kiosk, -1)
        if header.created_ms <= newest and not header.clock_doubtful:
            raise MalformedError("this status is not newer than the one before")
        opener = asked(self.generations, header.recipient, now).opener
        return header, decode_status(envelope.open(opener))
