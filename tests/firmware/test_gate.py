"""The gate over a real socket, with the test as the uplink."""

import queue
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from greenline.firmware import pipe
from greenline.firmware.dispatch import Dispatcher
from greenline.firmware.errors import ConfigurationError, StoreFullError
from greenline.firmware.gate import Gate
from greenline.firmware.store import Pending, Store

NOW_MS = 10_000


class Listener:
    """Keeps what the gate tells; arrived() answers as the test sets it."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[object, ...]] = queue.Queue()
        self.leaving: bytes | None = None
        self.fault: Exception | None = None
        self.uplink = "nothing told yet"

    def link_changed(self, *, up: bool, detail: str) -> None:
        self.told.put(("link", up, detail))

    def uplink_changed(self, *, missing: str) -> None:
        self.uplink = missing

    def arrived(self, envelopes: Sequence[bytes]) -> list[bytes | None]:
        for envelope in envelopes:
            self.told.put(("arrived", envelope))
        if self.fault is not None:
            raise self.fault
        return [self.leaving for _ in envelopes]

    def offered(self, request_id: bytes) -> None:
        """The pipe shows it."""

    def published(self, request_id: bytes) -> None:
        self.told.put(("published", request_id))

    def housekeeping(self) -> list[Pending]:
        return []

    def next(self) -> tuple[object, ...]:
        return self.told.get(timeout=10)


class FakeUplink:
    """The other end of the socket, in the test's hands."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(10)
        self._socket.connect(str(path))
        self._decoder = pipe.Decoder()
        self._messages: list[pipe.Message] = []

    def send(self, *messages: pipe.Message) -> None:
        self._socket.sendall(b"".join(pipe.encode(message) for message in messages))

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> pipe.Message | None:
        """Return the next message, or None when the kiosk has hung up."""
        while not self._messages:
            data = self._socket.recv(65536)
            if not data:
                return None
            self._messages += self._decoder.feed(data)
        return self._messages.pop(0)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uplink.sock"


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def gate(path: Path, store: Store, listener: Listener) -> Iterator[Gate]:
    gate = Gate(path, store, listener, Dispatcher(lambda: 0.0), lambda: NOW_MS)
    gate.start()
    yield gate
    gate.stop()
    store.close()


@pytest.fixture
def uplink(gate: Gate, path: Path) -> Iterator[FakeUplink]:
    uplink = FakeUplink(path)
    uplink.send(pipe.Hello(pipe.VERSION))
    yield uplink
    uplink.close()


def add(store: Store, number: int) -> Pending:
    request = Pending(bytes([number]) * 16, 0, number, 60_000 + number)
    store.add_request(request, b"sealed %d" % number)
    return request


def offer(number: int) -> pipe.Offer:
    return pipe.Offer(bytes([number]) * 16, 50, b"sealed %d" % number)


def test_what_the_store_held_at_the_start_is_offered_when_a_link_comes(
    path: Path, store: Store, listener: Listener
) -> None:
    add(store, 1)
    gate = Gate(path, store, listener, Dispatcher(lambda: 0.0), lambda: NOW_MS)
    gate.start()
    uplink = FakeUplink(path)

    uplink.send(pipe.Hello(pipe.VERSION), pipe.LinkUp(4))

    assert uplink.receive() == offer(1)
    uplink.close()
    gate.stop()
    store.close()


def test_that_an_uplink_is_there_and_why_it_is_not_is_told_apart_from_the_link(
    gate: Gate, uplink: FakeUplink, listener: Listener
) -> None:
    uplink.send(pipe.LinkDown("the broker does not answer"))
    assert listener.next() == ("link", False, "the broker does not answer")
    assert listener.uplink == ""

    uplink.close()

    assert listener.next() == ("link", False, "the uplink process is not running")
    assert listener.uplink == "the uplink process is not running"


def test_a_new_request_is_offered_at_once(gate: Gate, uplink: FakeUplink, store: Store) -> None:
    uplink.send(pipe.LinkUp(4))
    gate.offer(add(store, 1))

    assert uplink.receive() == offer(1)


def test_a_delivery_is_confirmed_after_it_was_committed(
    gate: Gate, uplink: FakeUplink, listener: Listener
) -> None:
    uplink.send(pipe.Arrived(7, b"answer"))

    assert listener.next() == ("arrived", b"answer")
    assert uplink.receive() == pipe.Committed(7)


def test_deliveries_that_come_together_are_committed_together_and_each_confirmed(
    gate: Gate, uplink: FakeUplink, listener: Listener
) -> None:
    uplink.send(pipe.Hello(1), pipe.LinkUp(4), *(pipe.Arrived(n, b"answer") for n in range(5)))

    confirmed = [uplink.receive() for _ in range(5)]

    assert confirmed == [pipe.Committed(n) for n in range(5)]
    assert listener.next() == ("link", True, "")
    assert [listener.next() for _ in range(5)] == [("arrived", b"answer")] * 5


def test_a_delivery_that_cannot_be_committed_is_not_confirmed(
    gate: Gate, uplink: FakeUplink, listener: Listener
) -> None:
    listener.fault = StoreFullError("the disk is full")
    uplink.send(pipe.Arrived(7, b"answer"))

    assert uplink.receive() is None
    assert listener.next() == ("arrived", b"answer")
    assert listener.next() == ("link", False, "the disk is full")


def test_an_answered_request_is_not_offered_again(
    gate: Gate, uplink: FakeUplink, store: Store, listener: Listener
) -> None:
    uplink.send(pipe.LinkUp(4))
    gate.offer(add(store, 1))
    assert uplink.receive() == offer(1)
    listener.leaving = b"\1" * 16
    uplink.send(pipe.Arrived(1, b"answer"))
    assert uplink.receive() == pipe.Committed(1)

    uplink.send(pipe.LinkDown("gone"), pipe.LinkUp(4))
    gate.offer(add(store, 2))

    assert uplink.receive() == offer(2)


def test_after_a_lost_link_everything_unanswered_is_offered_again(
    gate: Gate, uplink: FakeUplink, store: Store
) -> None:
    uplink.send(pipe.LinkUp(4))
    gate.offer(add(store, 1))
    assert uplink.receive() == offer(1)
    uplink.send(pipe.Published(b"\1" * 16))

    uplink.send(pipe.LinkDown("gone"), pipe.LinkUp(4))

    assert uplink.receive() == offer(1)


def test_no_more_is_offered_than_the_window_allows(
    gate: Gate, uplink: FakeUplink, store: Store
) -> None:
    uplink.send(pipe.LinkUp(1))
    gate.offer(add(store, 1))
    assert uplink.receive() == offer(1)
    gate.offer(add(store, 2))

    uplink.send(pipe.Arrived(9, b"something"))

    assert uplink.receive() == pipe.Committed(9)
    uplink.send(pipe.Published(b"\1" * 16))
    assert uplink.receive() == offer(2)


def test_a_second_uplink_takes_the_place_of_a_hung_one(
    gate: Gate, uplink: FakeUplink, path: Path, store: Store
) -> None:
    uplink.send(pipe.LinkUp(4))
    gate.offer(add(store, 1))
    assert uplink.receive() == offer(1)

    second = FakeUplink(path)
    second.send(pipe.Hello(pipe.VERSION), pipe.LinkUp(4))

    assert second.receive() == offer(1)
    assert uplink.receive() is None
    second.close()


@pytest.mark.parametrize(
    "hostile",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\3abc",
        pipe.encode(pipe.Hello(99)),
        pipe.encode(pipe.Committed(1)),
    ],
    ids=["huge", "noise", "another version", "a kiosk's message"],
)
def test_an_uplink_that_speaks_nonsense_is_hung_up_on_and_the_next_is_served(
    gate: Gate, uplink: FakeUplink, path: Path, store: Store, hostile: bytes
) -> None:
    uplink.send_raw(hostile)
    assert uplink.receive() is None

    second = FakeUplink(path)
    second.send(pipe.Hello(pipe.VERSION), pipe.LinkUp(4))
    gate.offer(add(store, 1))
    assert second.receive() == offer(1)
    second.close()


def test_the_socket_is_not_open_to_everybody(gate: Gate, path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o660


@pytest.mark.parametrize("name", ["x" * 120, "nowhere/uplink.sock"])
def test_a_socket_that_cannot_be_made_is_named(
    tmp_path: Path, store: Store, listener: Listener, name: str
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be made"):
        Gate(tmp_path / name, store, listener, Dispatcher(lambda: 0.0), lambda: NOW_MS)


def test_an_uplink_that_takes_an_offer_and_hangs_is_given_up(
    path: Path, store: Store, listener: Listener
) -> None:
    clock = iter(range(0, 10_000, 10))
    add(store, 1)
    gate = Gate(
        path, store, listener, Dispatcher(lambda: float(next(clock))), lambda: NOW_MS, patience_s=5
    )
    gate.start()
    uplink = FakeUplink(path)
    uplink.send(pipe.Hello(pipe.VERSION), pipe.LinkUp(4))

    assert uplink.receive() == offer(1)
    assert uplink.receive() is None

    assert listener.next() == ("link", True, "")
    assert listener.next() == ("link", False, "the uplink process does not answer")
    uplink.close()
    gate.stop()
    store.close()
