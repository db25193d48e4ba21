"""How many bytes a request costs on the line, counted between link and real broker."""

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from greenline.cli.children import Child
from greenline.cli.site import KIOSK
from greenline.link.settings import LinkSettings
from greenline.protocol.keys import OpeningKey, SigningKey
from greenline.protocol.messages import RESULT_BYTES
from tests.link.conftest import RunningLink, StartLink
from tests.protocol.test_sizes import envelope, request

REQUEST_TOPIC = f"greenline/1/request/{KIOSK}"
RESULT_TOPIC = f"greenline/1/result/{KIOSK}"
ALL_REQUESTS = "greenline/1/request/+"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"

LIMIT = 6_000
SEGMENT = 1_400
"""Bytes of a TCP segment over a mobile network (its links carry 1,428 to 1,500 with headers)."""
HEADERS = 20 + 20 + 12
"""IPv4, TCP, and TCP's time stamps."""


@dataclass
class Counted:
    """A TCP proxy that counts what it carries. sent: to the broker; received: from it."""

    broker_port: int
    sent: int = 0
    received: int = 0
    _sockets: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets.append(self._listening)
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def since(self, before: tuple[int, int]) -> tuple[int, int]:
        """Return what was sent and received since a count."""
        return self.sent - before[0], self.received - before[1]

    @property
    def now(self) -> tuple[int, int]:
        return self.sent, self.received

    def close(self) -> None:
        for each in self._sockets:
            each.close()

    def _accept(self) -> None:
        visitor, _ = self._listening.accept()
        inside = socket.create_connection(("127.0.0.1", self.broker_port), 20)
        self._sockets += [visitor, inside]
        threading.Thread(target=self._carry, args=(inside, visitor), daemon=True).start()
        self._carry(visitor, inside)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        outwards = source.getpeername()[1] != self.broker_port
        try:
            while data := source.recv(65536):
                if outwards:
                    self.sent += len(data)
                else:
                    self.received += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return  # either side has hung up


@pytest.fixture
def counted(broker: Child, kiosk_settings: LinkSettings) -> Iterator[Counted]:
    counted = Counted(kiosk_settings.port)
    yield counted
    counted.close()


@pytest.fixture
def kiosk(counted: Counted, kiosk_settings: LinkSettings, start_link: StartLink) -> RunningLink:
    """A kiosk's link that has been used once: what comes at the beginning alone is over."""
    settings = msgspec.structs.replace(kiosk_settings, port=counted.port)
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    send(kiosk, b"first")
    return kiosk


def send(kiosk: RunningLink, payload: bytes) -> None:
    kiosk.link.publish(b"token", REQUEST_TOPIC, payload, 72 * 3600)
    assert kiosk.heard.next("published") == ("published", b"token", "")


def sealed(body: bytes) -> bytes:
    return envelope(body, SigningKey.generate(), OpeningKey.generate())


def stated(what: str) -> tuple[str, str]:
    """Return the numbers of a line of the document's table."""
    line = rf"^\| {re.escape(what)} \| ([\d,]+) \| ([\d,]+) \|$"
    found = re.search(line, DOCUMENT.read_text(), re.MULTILINE)
    assert found is not None, what
    return found[1], found[2]


def test_a_request_of_two_fingers_is_below_six_kilobytes_with_everything(
    kiosk: RunningLink, counted: Counted
) -> None:
    before = counted.now

    send(kiosk, sealed(request(2)))

    sent, received = counted.since(before)
    segments = -(-sent // SEGMENT) + -(-received // SEGMENT)
    with_headers = sent + received + 2 * segments * HEADERS  # as many acknowledgements at most
    assert with_headers <= LIMIT
    assert (f"{sent:,}", f"{received:,}") == stated("request, two fingers: PUBLISH, PUBACK")
    assert f"{with_headers:,} bytes" in DOCUMENT.read_text()


def test_a_result_costs_what_is_stated(
    kiosk: RunningLink,
    counted: Counted,
    start_link: StartLink,
    matcher_settings: LinkSettings,
) -> None:
    matcher = start_link(matcher_settings, [ALL_REQUESTS])
    matcher.heard.next("up")
    before = counted.now

    matcher.link.publish(b"token", RESULT_TOPIC, sealed(bytes(RESULT_BYTES)), 24 * 3600)
    kiosk.link.acknowledge(int(str(kiosk.heard.next("arrived")[1])))
    send(kiosk, b"after it")  # and with its PUBACK the acknowledgement has gone through

    both = counted.since(before)
    before = counted.now
    send(kiosk, b"after it")
    sent, received = (each - other for each, other in zip(both, counted.since(before), strict=True))
    assert (f"{sent:,}", f"{received:,}") == stated("result: PUBACK, PUBLISH")


def test_a_connection_costs_what_is_stated_within_the_length_of_signatures(
    counted: Counted, kiosk_settings: LinkSettings, start_link: StartLink
) -> None:
    settings = msgspec.structs.replace(kiosk_settings, port=counted.port)

    start_link(settings, [RESULT_TOPIC]).heard.next("up")

    said = [int(each.replace(",", "")) for each in stated("a new connection")]
    assert all(abs(now - then) <= 200 for now, then in zip(counted.now, said, strict=True))
