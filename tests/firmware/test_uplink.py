"""The uplink between a kiosk's socket and a broker that does what the test wants."""

import os
import queue
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from greenline.cli.configuration import read_configuration
from greenline.cli.site import KIOSK, Site
from greenline.firmware import pipe
from greenline.firmware.config import UplinkConfig
from greenline.firmware.uplink import Uplink
from greenline.link.settings import Broker, LinkSettings
from greenline.protocol.envelope import MAGIC, EnvelopeKind, Lane
from tests.link.packets import PUBACK, PUBLISH, connack, publish
from tests.link.scripted_broker import Script, ScriptedBroker

Wanted = TypeVar("Wanted")

RESULT_TOPIC = f"greenline/1/result/{KIOSK}"


def envelope(name: bytes, lane: Lane = Lane.NORMAL) -> bytes:
    """Return as much of an envelope as an uplink looks at."""
    return MAGIC + bytes([EnvelopeKind.REQUEST, lane]) + name


@dataclass
class Gate:
    """The kiosk's side of the socket."""

    path: Path
    said: "queue.Queue[pipe.Message]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(self.path))
        self._listening.listen(1)
        self._uplink: socket.socket | None = None
        self._reader: threading.Thread | None = None

    def accept(self) -> None:
        """Take an uplink's connection, and hang up on the one before."""
        self.hang_up()
        self._listening.settimeout(20)
        self._uplink, _ = self._listening.accept()
        self._reader = threading.Thread(target=self._read, args=(self._uplink,), daemon=True)
        self._reader.start()

    def hang_up(self) -> None:
        if self._uplink is not None and self._reader is not None:
            self._uplink.shutdown(socket.SHUT_RDWR)
            self._reader.join(timeout=20)
            self._uplink.close()
            self._uplink = None

    def close(self) -> None:
        self.hang_up()
        self._listening.close()

    def say(self, message: pipe.FromKiosk) -> None:
        assert self._uplink is not None
        self._uplink.sendall(pipe.encode(message))

    def offer(self, name: bytes, lane: Lane = Lane.NORMAL) -> None:
        self.say(pipe.Offer(name.ljust(16), 60, envelope(name, lane)))

    def next(self, kind: type[Wanted]) -> Wanted:
        while not isinstance(message := self.said.get(timeout=20), kind):
            pass
        return message

    def _read(self, uplink: socket.socket) -> None:
        decoder = pipe.Decoder()
        while data := uplink.recv(65536):
            for message in decoder.feed(data):
                self.said.put(message)


@pytest.fixture
def scripted(site: Site) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(site.folder) as broker:
        yield broker


@pytest.fixture
def settings(site: Site, scripted: ScriptedBroker) -> LinkSettings:
    found = read_configuration(site.folder / "uplink.toml", UplinkConfig).broker
    return msgspec.structs.replace(found, port=scripted.port)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "uplink.sock")
    yield gate
    gate.close()


@pytest.fixture
def uplink(gate: Gate, settings: LinkSettings) -> Iterator[Uplink]:
    """A running uplink whose kiosk has taken its connection."""
    uplink = Uplink(KIOSK, gate.path, settings, jitter=lambda ceiling: min(ceiling, 0.05))
    thread = threading.Thread(target=uplink.run, daemon=True)
    thread.start()
    gate.accept()
    yield uplink
    uplink.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_an_offer_is_published_and_a_delivery_acknowledged_when_it_is_committed(
    uplink: Uplink, gate: Gate, scripted: ScriptedBroker
) -> None:
    assert gate.next(pipe.LinkUp) == pipe.LinkUp(16)
    gate.offer(b"one")
    assert gate.next(pipe.Published) == pipe.Published(b"one".ljust(16))

    scripted.say(publish(RESULT_TOPIC, b"a result", 9))
    arrived = gate.next(pipe.Arrived)
    assert arrived.envelope == b"a result"
    gate.say(pipe.Committed(arrived.delivery))

    assert scripted.next(PUBACK).body[:2] == (9).to_bytes(2)


def test_what_a_person_waits_for_overtakes_the_backlog_of_a_new_link(
    uplink: Uplink, gate: Gate, scripted: ScriptedBroker
) -> None:
    scripted.script = Script(puback=None)
    gate.next(pipe.LinkUp)

    for number in range(6):
        gate.offer(b"backlog %d" % number)
    gate.offer(b"a person waits", Lane.PERSON_WAITING)

    came = [scripted.next(PUBLISH).body for _ in range(3)]
    assert came[2].endswith(b"a person waits")
    assert uplink.counts().published == 0


def test_where_no_matcher_listens_the_kiosk_is_told(
    uplink: Uplink, gate: Gate, scripted: ScriptedBroker
) -> None:
    gate.next(pipe.LinkUp)
    scripted.script = Script(puback=0x10)

    gate.offer(b"one")

    refusal = gate.next(pipe.Published).refusal
    assert refusal == "no matcher listens there now; it is sent again"
    assert uplink.counts().unheard == 1


def test_what_the_broker_does_not_take_is_refused_with_the_reason(
    gate: Gate, scripted: ScriptedBroker, settings: LinkSettings
) -> None:
    scripted.script = Script(connack=connack(maximum_packet_size=500))
    uplink = Uplink(KIOSK, gate.path, settings)
    thread = threading.Thread(target=uplink.run, daemon=True)
    thread.start()
    gate.accept()
    gate.next(pipe.LinkUp)

    gate.offer(os.urandom(1000)[:16])
    assert gate.next(pipe.Published).refusal == ""
    gate.say(pipe.Offer(bytes(16), 60, envelope(bytes(1000))))

    assert "more than this broker takes (500)" in gate.next(pipe.Published).refusal
    uplink.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_counts_outlive_the_kiosks_connection(
    uplink: Uplink, gate: Gate, scripted: ScriptedBroker
) -> None:
    gate.next(pipe.LinkUp)
    gate.offer(b"one")
    gate.next(pipe.Published)

    gate.accept()
    gate.next(pipe.LinkUp)
    gate.offer(b"two")
    gate.next(pipe.Published)

    counts = uplink.counts()
    assert (counts.published, counts.connections, counts.reconnects) == (2, 2, 1)


def test_when_its_broker_is_gone_the_kiosk_hears_of_the_next(
    site: Site, gate: Gate, scripted: ScriptedBroker, settings: LinkSettings
) -> None:
    with ScriptedBroker(site.folder) as second:
        both = msgspec.structs.replace(settings, others=(Broker("127.0.0.1", second.port),))
        uplink = Uplink(KIOSK, gate.path, both, jitter=lambda ceiling: min(ceiling, 0.05))
        thread = threading.Thread(target=uplink.run, daemon=True)
        thread.start()
        gate.accept()
        gate.next(pipe.LinkUp)

        scripted.close()

        assert gate.next(pipe.LinkDown).reason.startswith(f"127.0.0.1:{scripted.port}: ")
        gate.next(pipe.LinkUp)
        gate.offer(b"one")
        assert second.next(PUBLISH).body.endswith(b"one")
        uplink.stop()
        thread.join(timeout=20)
        assert not thread.is_alive()
