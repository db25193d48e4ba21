"""A kiosk without its sensor: the real store, gate, order of offers and inbox, and what they owe.

What add_request() has returned for is acknowledged: it has to be answered, once.
"""

import contextlib
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from greenline.firmware.clock import Instant
from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.gate import Gate
from greenline.firmware.inbox import Inbox, Received
from greenline.firmware.store import Pending, Store
from greenline.firmware.vault import Vault, keys_beside
from greenline.prints import fmr
from greenline.prints.template import Template
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, kind_of, seal
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.messages import ImpressionMessage, Outcome, Request, encode_request

PURPOSE, LIST, MODEL = "border-check", "demo-list", "campaign"
_LIFETIME_MS = 24 * 3600 * 1000
_WIDTH, _HEIGHT, _MINUTIAE = 256, 288, 40


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _instant() -> Instant:
    return Instant(time.monotonic_ns() // 1_000_000, now_ms(), 0, trusted=True)


def strewn(seed: int) -> bytes:
    """Return the record of a finger that is nobody's: minutiae at random."""
    rng = np.random.default_rng(seed)
    template = Template(
        _WIDTH,
        _HEIGHT,
        500.0,
        rng.uniform(10, _WIDTH - 10, _MINUTIAE).astype(np.float32),
        rng.uniform(10, _HEIGHT - 10, _MINUTIAE).astype(np.float32),
        rng.uniform(0, 2 * np.pi, _MINUTIAE).astype(np.float32),
        rng.integers(1, 3, _MINUTIAE).astype(np.uint8),
        rng.integers(40, 100, _MINUTIAE).astype(np.uint8),
    )
    return fmr.from_template(template)


def asked(seed: int, fingers: int = 1) -> bytes:
    """Return the body of a request."""
    impressions = tuple(
        ImpressionMessage(2 + number, strewn(seed + number), 70, MODEL, MODEL)
        for number in range(fingers)
    )
    return encode_request(Request(PURPOSE, (LIST,), impressions, "campaign 1"))


@dataclass(frozen=True)
class Resending:
    """When an offer without a final answer goes again. Seconds."""

    first_s: float = 0.5
    longest_s: float = 4.0


class Post:
    """One kiosk of the campaign; it listens to its own gate.

    keeps: final answers are compared with one another, which costs time.
    """

    def __init__(
        self, name: str, folder: Path, matcher: Identity, resending: Resending = Resending()
    ) -> None:
        self.name = name
        self.signer, self.opener = SigningKey.generate(), OpeningKey.generate()
        self.socket = folder / f"{name}.sock"
        self._matcher = matcher
        self._body = asked(1)
        path = folder / f"{name}.store"
        vault = Vault(keys_beside(path), SecretDeviceKey.generate(), PURPOSE)
        self.store = Store(path, vault, _instant)
        self._inbox = Inbox(name, self.opener, matcher, self.store, now_ms, _LIFETIME_MS)
        dispatcher = Dispatcher(
            time.monotonic, resend_first_s=resending.first_s, resend_longest_s=resending.longest_s
        )
        self.gate = Gate(self.socket, self, self, dispatcher, now_ms)
        self._changed = threading.Condition()
        self.acknowledged: dict[bytes, float] = {}
        self.answered: dict[bytes, float] = {}
        self.shown: Counter[bytes] = Counter()
        self.finals: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self.search_ms: dict[bytes, float] = {}
        self.keeps = True
        self._started = False
        self.link = "not yet"
        self.ups = self.receipts = 0
        self.refusals: Counter[str] = Counter()

    @property
    def identity(self) -> Identity:
        return Identity(self.name, self.signer.public, self.opener.public)

    def start(self) -> None:
        self._started = True
        self.gate.start()

    def stop(self) -> None:
        if self._started:
            self.gate.stop()
        self.store.close()

    def sealed(self, lane: Lane = Lane.PERSON_WAITING, body: bytes = b"") -> tuple[Pending, bytes]:
        """Return a request as it would lie in the store."""
        created = now_ms()
        pending = Pending(os.urandom(16), lane, created, created + _LIFETIME_MS)
        header = Header(
            EnvelopeKind.REQUEST, lane, pending.request_id, self.name, created, pending.expires_ms
        )
        envelope = seal(header, body or self._body, self._matcher.seal, self.signer)
        return pending, envelope.to_bytes()

    def submit(self, lane: Lane = Lane.PERSON_WAITING) -> bytes:
        """Take a capture: when this returns it is promised. Raises StoreError."""
        pending, envelope = self.sealed(lane)
        self.store.add_request(pending, envelope)
        with self._changed:
            self.acknowledged[pending.request_id] = time.monotonic()
        self.gate.offer(pending)
        return pending.request_id

    def wait(self, request_ids: list[bytes], longest_s: float) -> bool:
        """Wait until all are answered; False when time was up."""
        with self._changed:
            return self._changed.wait_for(
                lambda: all(each in self.answered for each in request_ids), longest_s
            )

    def wait_link(self, longest_s: float, *, after: int = 0) -> bool:
        """Wait for the next link after so many; False when time was up."""
        with self._changed:
            return self._changed.wait_for(lambda: self.link == "up" and self.ups > after, longest_s)

    @property
    def lost(self) -> list[bytes]:
        """What was acknowledged and is not answered."""
        with self._changed:
            return [each for each in self.acknowledged if each not in self.answered]

    @property
    def duplicates(self) -> int:
        """Answers shown more than once, and requests with more than one final answer."""
        twice = sum(count - 1 for count in self.shown.values())
        return twice + sum(len(each) - 1 for each in self.finals.values())

    # What the gate takes and tells.

    def pending(self) -> list[Pending]:
        return self.store.pending()

    def envelope(self, request_id: bytes) -> bytes | None:
        return self.store.envelope(request_id)

    def link_changed(self, *, up: bool, detail: str) -> None:
        with self._changed:
            self.ups += up and self.link != "up"
            self.link = "up" if up else detail
            self._changed.notify_all()

    def uplink_changed(self, *, missing: str) -> None:
        """The uplink is the campaign's own."""

    def offered(self, request_id: bytes) -> None:
        """Nor does an offer."""

    def published(self, request_id: bytes) -> None:
        """A PUBACK changes nothing."""

    def arrived(self, envelopes: Sequence[bytes]) -> list[bytes | None]:
        # What is shown is shown once it is committed.
        received = self.store.together(lambda: [self._received(each) for each in envelopes])
        for envelope in envelopes if self.keeps else ():
            with contextlib.suppress(ProtocolError):
                self._keep(envelope)
        left = [each.request_id if each and each.final else None for each in received]
        with self._changed:
            for each in filter(None, received):
                self.search_ms[each.request_id] = each.result.search_ms
            for request_id in filter(None, left):
                self.shown[request_id] += 1
                self.answered[request_id] = time.monotonic()
            self._changed.notify_all()
        return left

    def _received(self, envelope: bytes) -> Received | None:
        if kind_of(envelope) != EnvelopeKind.RECEIPT:
            return self._inbox.receive(envelope)
        request_id = self._inbox.receipt(envelope)
        if request_id is not None:
            self.gate.received(request_id)
            self.receipts += 1
        return None

    def _keep(self, envelope: bytes) -> None:
        opened, result = self._inbox.open(envelope)
        if result.outcome is not Outcome.INCOMPLETE:
            self.finals[opened.header.request_id].add(envelope)
        if result.outcome is Outcome.REFUSED:
            self.refusals[result.reason] += 1

    def housekeeping(self) -> list[Pending]:
        return list(self.store.expire().requests)
