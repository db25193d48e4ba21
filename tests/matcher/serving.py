"""What the tests of the service share: its log, its process, and the kiosk's side of the broker."""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.matcher.ledger import Accepted
from greenline.matcher.service import Service
from greenline.protocol.envelope import Envelope, EnvelopeKind, kind_of
from greenline.protocol.messages import Outcome, Result
from greenline.protocol.topics import request_topic, result_topic
from tests.matcher.asking import Kiosk, id_of


class Log(logging.Handler):
    """Keeps what the service logs; next(event) waits for the next line of this event."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: queue.Queue[logging.LogRecord] = queue.Queue()
        self.kept: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.kept.append(record)
        self.lines.put(record)

    def next(self, event: str) -> logging.LogRecord:
        while (line := self.lines.get(timeout=20)).getMessage() != event:
            pass
        return line

    def count(self, event: str, request_id: bytes) -> int:
        name = request_id.hex()
        return sum(
            line.getMessage() == event and line.__dict__.get("request") == name
            for line in self.kept
        )


@dataclass
class Running:
    service: Service
    thread: threading.Thread

    def stop(self) -> None:
        self.service.stop()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


Start = Callable[..., Running]


@dataclass
class Uplink:
    """The kiosk's side of the broker: a listener that keeps what it is told, by kind."""

    name: str = "kiosk-01"
    ups: "queue.Queue[int]" = field(default_factory=queue.Queue)
    confirmed: "queue.Queue[str]" = field(default_factory=queue.Queue)
    answers: "queue.Queue[tuple[int, bytes]]" = field(default_factory=queue.Queue)
    receipts: "queue.Queue[bytes]" = field(default_factory=queue.Queue)

    def run(self, link: Link) -> None:
        self.link = link
        link.run()

    def link_up(self, window: int) -> None:
        self.ups.put(window)

    def link_down(self, reason: str) -> None:
        """Nothing is sent again: the tests keep their broker."""

    def published(self, token: bytes, refusal: str) -> None:
        self.confirmed.put(refusal)

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        assert topic == result_topic(self.name)
        if kind_of(payload) == EnvelopeKind.RECEIPT:
            self.link.acknowledge(delivery)  # most tests do not look at them
            self.receipts.put(payload)
        else:
            self.answers.put((delivery, payload))

    def send(self, envelope: bytes) -> None:
        while True:
            try:
                self.link.publish(b"token", request_topic(self.name), envelope, 60)
            except NotConnectedError:
                self.confirmed.get(timeout=20)
            else:
                return

    def next_answer(self) -> bytes:
        delivery, payload = self.answers.get(timeout=20)
        self.link.acknowledge(delivery)
        return payload

    def next_receipt(self) -> bytes:
        return self.receipts.get(timeout=20)

    def ask(self, envelope: bytes) -> bytes:
        """Send a request; return the next answer, which must be its own."""
        self.send(envelope)
        answer = self.next_answer()
        assert id_of(answer) == id_of(envelope)
        return answer


def accepted(envelope: bytes, kiosk: str = "kiosk-01") -> Accepted:
    header = Envelope.from_bytes(envelope).header
    return Accepted(
        header.request_id, kiosk, header.lane, header.created_ms, header.expires_ms, envelope
    )


def outcome(kiosk: Kiosk, answer: bytes) -> Outcome:
    return kiosk.open(answer).outcome


def final(uplink: Uplink, kiosk: Kiosk) -> Result:
    """Wait for the first answer that is not provisional."""
    while (result := kiosk.open(uplink.next_answer())).outcome is Outcome.INCOMPLETE:
        pass
    return result
