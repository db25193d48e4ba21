"""One connection under what threads, strangers and bad moments do to it."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest

from greenline.cli.children import Child
from greenline.cli.site import KIOSK, Site
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from tests.link.conftest import Recorder, StartLink
from tests.link.packets import PUBACK, publish
from tests.link.scripted_broker import Script, ScriptedBroker

REQUEST_TOPIC = f"greenline/1/request/{KIOSK}"
RESULT_TOPIC = f"greenline/1/result/{KIOSK}"
ALL_REQUESTS = "greenline/1/request/+"


@dataclass
class Flow:
    """Confirms whatever arrives and counts; told_down holds why connections ended."""

    link: Link | None = None
    arrivals: int = 0

    def __post_init__(self) -> None:
        self.up = threading.Event()
        self.room = threading.Semaphore(0)
        self.told_down: list[str] = []

    def link_up(self, window: int) -> None:
        for _ in range(window):
            self.room.release()
        self.up.set()

    def link_down(self, reason: str) -> None:
        self.told_down.append(reason)

    def published(self, token: bytes, refusal: str) -> None:
        self.room.release()

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        self.arrivals += 1
        assert self.link is not None
        self.link.acknowledge(delivery)


def test_several_threads_may_publish_large_messages_while_others_arrive(
    broker: Child, kiosk_settings: LinkSettings, matcher_settings: LinkSettings
) -> None:
    """TLS connections are not safe to share: only one thread may ever write."""
    kiosk, matcher = Flow(), Flow()
    threads = []
    for flow, settings, topic in (
        (kiosk, kiosk_settings, RESULT_TOPIC),
        (matcher, matcher_settings, ALL_REQUESTS),
    ):
        flow.link = Link(settings, [topic], flow)
        threads.append(threading.Thread(target=flow.link.run, daemon=True))
        threads[-1].start()
        assert flow.up.wait(20)

    def pump(flow: Flow, topic: str, size: int) -> None:
        assert flow.link is not None
        for _ in range(300):
            assert flow.room.acquire(timeout=20)
            flow.link.publish(b"token", topic, bytes(size), 60)

    pumps = [threading.Thread(target=pump, args=(kiosk, REQUEST_TOPIC, 100_000)) for _ in range(3)]
    pumps.append(threading.Thread(target=pump, args=(matcher, RESULT_TOPIC, 5_300)))
    for one in pumps:
        one.start()
    for one in pumps:
        one.join()
    downs = kiosk.told_down + matcher.told_down
    for flow in (kiosk, matcher):
        assert flow.link is not None
        flow.link.stop()
    for thread in threads:
        thread.join(20)

    assert downs == []
    assert min(kiosk.arrivals, matcher.arrivals) > 0


def test_a_message_without_guarantee_is_passed_on_and_confirming_it_harms_nothing(
    broker: Child,
    start_link: StartLink,
    kiosk_settings: LinkSettings,
    matcher_settings: LinkSettings,
) -> None:
    """A kiosk that publishes at QoS 0 could else throw the matcher off the broker."""
    matcher, kiosk = start_link(matcher_settings, [ALL_REQUESTS]), start_link(kiosk_settings, [])
    matcher.heard.next("up")
    kiosk.heard.next("up")
    assert kiosk.link._now is not None
    kiosk.link._now._client.publish(REQUEST_TOPIC, b"fire and forget", 0)
    _, delivery, _, payload = matcher.heard.next("arrived")
    assert isinstance(delivery, int)

    matcher.link.acknowledge(delivery)
    for _ in range(3):
        kiosk.link.publish(b"token", REQUEST_TOPIC, b"after", 60)
        event = matcher.heard.events.get(timeout=20)
        assert event[0] == "arrived"
        matcher.link.acknowledge(int(str(event[1])))

    assert payload == b"fire and forget"


@pytest.fixture
def doorman(broker: Child, kiosk_settings: LinkSettings) -> Iterator["Doorman"]:
    doorman = Doorman(kiosk_settings.port)
    yield doorman
    doorman.close()


class Doorman:
    """Stands before the broker and lets a connection through only when told."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listening]
        self.port = int(self._listening.getsockname()[1])

    def receive(self) -> socket.socket:
        self._listening.settimeout(20)
        visitor, _ = self._listening.accept()
        self._sockets.append(visitor)
        return visitor

    def let_in(self, visitor: socket.socket) -> None:
        inside = socket.create_connection(("127.0.0.1", self._broker_port), 20)
        self._sockets.append(inside)
        for source, target in ((visitor, inside), (inside, visitor)):
            threading.Thread(target=_carry, args=(source, target), daemon=True).start()

    def close(self) -> None:
        for one in self._sockets:
            one.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # either side has hung up


def test_a_stop_that_comes_while_connecting_is_not_forgotten(
    doorman: Doorman, kiosk_settings: LinkSettings
) -> None:
    settings = msgspec.structs.replace(kiosk_settings, port=doorman.port)
    link = Link(settings, [RESULT_TOPIC], Recorder())
    thread = threading.Thread(target=link.run, daemon=True)
    thread.start()
    visitor = doorman.receive()

    link.stop()
    doorman.let_in(visitor)

    thread.join(timeout=20)
    assert not thread.is_alive()
    with pytest.raises(NotConnectedError):
        link.publish(b"token", REQUEST_TOPIC, b"late", 60)


PATIENCE_S = 1.0


@dataclass
class Backlog:
    """Messages for as long as it takes: twice as long as the link waits for a silent broker."""

    made: list[bytes] = field(default_factory=list)
    began: float | None = None

    def __call__(self, number: int) -> bytes | None:
        """Return the packet of a number, as Script.kept does."""
        self.began = time.monotonic() if self.began is None else self.began
        if time.monotonic() - self.began > 2 * PATIENCE_S:
            return None
        self.made.append(b"kept %d" % number)
        return publish(RESULT_TOPIC, self.made[-1], packet_id(number))


def packet_id(number: int) -> int:
    return number % 0xFFFF + 1


@dataclass
class Keeping(Flow):
    """Keeps what arrives, too."""

    came: list[bytes] = field(default_factory=list)

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        self.came.append(payload)
        super().arrived(delivery, topic, payload)


def test_what_a_session_has_kept_comes_whole_however_long_the_suback_has_to_wait_for_it(
    site: Site, kiosk_settings: LinkSettings
) -> None:
    """A broker sends it first. Given up in the middle, the link would never come up again."""
    backlog, flow = Backlog(), Keeping()
    with ScriptedBroker(site.folder) as broker:
        broker.script = Script(kept=backlog)
        settings = msgspec.structs.replace(
            kiosk_settings, port=broker.port, connect_timeout_s=PATIENCE_S
        )
        flow.link = Link(settings, [RESULT_TOPIC], flow)
        thread = threading.Thread(target=flow.link.run, daemon=True)
        thread.start()

        came_up = flow.up.wait(20)
        downs = list(flow.told_down)
        flow.link.stop()
        thread.join(timeout=20)

    assert (came_up, downs, broker.connections) == (True, [], 1)
    assert flow.came == backlog.made
    confirmed = [each.body[:2] for each in broker.came.queue if each.kind == PUBACK]
    assert confirmed == [packet_id(n).to_bytes(2) for n in range(len(backlog.made))]
