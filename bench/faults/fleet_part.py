"""A part of a fleet: many kiosks in one process, each with its own keys, certificate and link.

The real link and the real order of offers; their envelopes are held in memory, since 500 stores on
one disk would measure the disk. A process holds a hundred at most: paho waits with select(), which
knows 1,024 descriptors.
"""

import os
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bench.faults.post import asked, now_ms
from greenline.cli.site import MATCHER
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.store import Pending
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, kind_of, seal
from greenline.protocol.errors import ProtocolError
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.messages import Outcome, decode_result
from greenline.protocol.topics import request_topic, result_topic

_LIFETIME_MS = 24 * 3600 * 1000

Work = queue.SimpleQueue[Callable[[], None] | None]


@dataclass(frozen=True)
class Place:
    """Where a part's broker is, and its files. backoff_longest_s: of its links."""

    folder: Path
    port: int
    backoff_longest_s: float


@dataclass(frozen=True)
class Standing:
    """Where a part stands. linked: the fewest times that one of its kiosks was linked.

    left: captures without an answer; most_left: of one kiosk. twice: effects that came twice.
    """

    linked: int
    acknowledged: int
    left: int
    most_left: int
    twice: int


class Far:
    """One kiosk of the fleet. What its link tells is done on the fleet's one thread."""

    def __init__(self, name: str, matcher: Identity, work: Work) -> None:
        self.name = name
        self.signer, self.opener = SigningKey.generate(), OpeningKey.generate()
        self._matcher = matcher
        self._work = work
        self._dispatcher = Dispatcher(time.monotonic, resend_first_s=15.0)
        self._envelopes: dict[bytes, bytes] = {}
        self.link: Link | None = None
        self.ups = 0
        self.acknowledged: set[bytes] = set()
        self.shown: Counter[bytes] = Counter()
        self.finals: set[bytes] = set()

    def submit(self, body: bytes) -> None:
        created = now_ms()
        pending = Pending(os.urandom(16), Lane.PERSON_WAITING, created, created + _LIFETIME_MS)
        header = Header(
            EnvelopeKind.REQUEST,
            Lane.PERSON_WAITING,
            pending.request_id,
            self.name,
            created,
            pending.expires_ms,
        )
        envelope = seal(header, body, self._matcher.seal, self.signer).to_bytes()
        self._envelopes[pending.request_id] = envelope
        self.acknowledged.add(pending.request_id)
        self._work.put(lambda: self._dispatcher.add([pending]))
        self._work.put(self.offer)

    @property
    def left(self) -> int:
        return len(self.acknowledged) - len(self.shown)

    def offer(self) -> None:
        """Offer what is due, as the gate does."""
        while self.link is not None and (pending := self._dispatcher.next_offer()) is not None:
            request_id = pending.request_id
            try:
                self.link.publish(
                    request_id, request_topic(self.name), self._envelopes[request_id], 86_400
                )
            except NotConnectedError:
                self._dispatcher.confirmed(request_id, taken=False)
                return

    # What the link tells, on its own thread.

    def link_up(self, window: int) -> None:
        self.ups += 1
        self._work.put(lambda: self._dispatcher.link_up(window))
        self._work.put(self.offer)

    def link_down(self, reason: str) -> None:  # noqa: ARG002 - the link's interface
        self._work.put(self._dispatcher.link_down)

    def published(self, token: bytes, refusal: str) -> None:
        self._work.put(lambda: self._dispatcher.confirmed(token, taken=not refusal))
        self._work.put(self.offer)

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:  # noqa: ARG002 - the same
        self._work.put(lambda: self._take(delivery, payload))

    def _take(self, delivery: int, payload: bytes) -> None:
        if kind_of(payload) == EnvelopeKind.RESULT:
            self._take_result(payload)
        elif kind_of(payload) == EnvelopeKind.RECEIPT:
            self._dispatcher.received(Envelope.from_bytes(payload).header.request_id)
        if self.link is not None:
            self.link.acknowledge(delivery)

    def _take_result(self, payload: bytes) -> None:
        try:
            envelope = Envelope.from_bytes(payload)
            envelope.verify(self._matcher.verify)
            result = decode_result(envelope.open(self.opener))
        except ProtocolError:
            return
        request_id = envelope.header.request_id
        if result.outcome is Outcome.INCOMPLETE or request_id not in self.acknowledged:
            return
        if self._envelopes.pop(request_id, None) is not None:
            self.shown[request_id] += 1
            self._dispatcher.remove(request_id)
        self.finals.add(payload)


class Part:
    """The kiosks of one process, and the thread that does their work."""

    def __init__(self, place: Place, names: list[str]) -> None:
        self._place = place
        self._work = Work()
        self._body = asked(1)
        matcher = Identity.from_json((place.folder / f"{MATCHER}.json").read_bytes())
        self._kiosks = [Far(name, matcher, self._work) for name in names]
        for kiosk in self._kiosks:
            identity = Identity(kiosk.name, kiosk.signer.public, kiosk.opener.public)
            path = place.folder / "kiosks" / f"{kiosk.name}.json"
            path.write_bytes(identity.to_json())
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()

    def start(self) -> None:
        self._run(self._work_off)
        self._run(self._tick)
        for kiosk in self._kiosks:
            kiosk.link = Link(self._settings(kiosk), [result_topic(kiosk.name)], kiosk)
            self._run(kiosk.link.run)

    def submit(self, captures: int) -> None:
        for kiosk in self._kiosks:
            for _ in range(captures):
                kiosk.submit(self._body)

    def standing(self) -> Standing:
        kiosks = self._kiosks
        return Standing(
            min(kiosk.ups for kiosk in kiosks),
            sum(len(kiosk.acknowledged) for kiosk in kiosks),
            sum(kiosk.left for kiosk in kiosks),
            max(kiosk.left for kiosk in kiosks),
            sum(len(kiosk.finals) - len(kiosk.shown) for kiosk in kiosks),
        )

    def stop(self) -> None:
        self._stopping.set()
        for kiosk in self._kiosks:
            if kiosk.link is not None:
                kiosk.link.stop()
        self._work.put(None)
        for thread in self._threads:
            thread.join(30)

    def _settings(self, kiosk: Far) -> LinkSettings:
        folder = self._place.folder
        return LinkSettings(
            "127.0.0.1",
            kiosk.name,
            folder / "ca.pem",
            folder / f"{kiosk.name}.pem",
            folder / f"{kiosk.name}.key",
            self._place.port,
            backoff_longest_s=self._place.backoff_longest_s,
        )

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work_off(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _tick(self) -> None:
        while not self._stopping.wait(1.0):
            for kiosk in self._kiosks:
                self._work.put(kiosk.offer)


def serve(asked_by: Connection, place: Place, names: list[str]) -> None:
    """Run a part in a process of its own; do and answer what the other side asks for."""
    part = Part(place, names)
    try:
        while (call := asked_by.recv()) is not None:
            asked_by.send(getattr(part, call[0])(*call[1:]))
    finally:
        part.stop()
