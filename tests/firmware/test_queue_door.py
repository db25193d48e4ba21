"""The queue's door over a real socket: what is answered, and whom it drops."""

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.firmware import queue_messages as messages
from greenline.firmware.errors import StoreError
from greenline.firmware.queue_door import QueueDoor, door_beside, through
from greenline.firmware.queue_messages import (
    ITEMS_A_FRAME,
    Done,
    Export,
    Item,
    Items,
    List,
    Question,
    Reply,
    Retry,
    Sealed,
    Sorry,
)

ID = bytes(range(16))


def item(number: int) -> Item:
    return Item(number.to_bytes(16), "request", 0, "queued", 0, 9_000, 1.0, 8.0, 1_770, 0, 1.0)


class Waiting:
    """A queue of so many; it may fail."""

    def __init__(self, count: int = 2) -> None:
        self.listed = [item(number) for number in range(count)]
        self.retried: list[bytes | None] = []
        self.fault = ""

    def items(self) -> list[Item]:
        if self.fault:
            raise StoreError(self.fault)
        return self.listed

    def retry(self, request_id: bytes | None) -> int:
        self.retried.append(request_id)
        return len(self.listed)

    def export(self) -> Iterator[Sealed]:
        for each in self.listed:
            yield Sealed(each.request_id, 0, 0, 9_000, b"sealed")
            if self.fault:
                raise StoreError(self.fault)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Longer than the 107 bytes that the kernel takes for a socket's name.
    folder = tmp_path / ("a" * 100)
    folder.mkdir()
    return door_beside(folder / "kiosk.store")


@pytest.fixture
def door(path: Path, waiting: Waiting) -> Iterator[QueueDoor]:
    door = QueueDoor(path, waiting, patience_s=0.5)
    door.start()
    yield door
    door.stop()


def connected(path: Path) -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    folder = os.open(path.parent, os.O_PATH)
    client.connect(through(folder, path))
    os.close(folder)
    return client


def ended(client: socket.socket) -> bytes:
    """Return what comes until the kiosk hangs up."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := client.recv(65536):
            received += data
    return received


def asked(path: Path, question: Question) -> list[Reply]:
    with contextlib.closing(connected(path)) as client:
        client.sendall(messages.encode(question))
        return list(messages.replies().feed(ended(client)))


@pytest.mark.usefixtures("door")
def test_what_waits_is_listed(path: Path, waiting: Waiting) -> None:
    assert asked(path, List()) == [Items(tuple(waiting.listed)), Done(2)]


@pytest.mark.usefixtures("door")
def test_an_empty_queue_is_an_answer_too(path: Path, waiting: Waiting) -> None:
    waiting.listed = []

    assert asked(path, List()) == [Done(0)]


@pytest.mark.usefixtures("door")
def test_a_long_list_comes_in_parts(path: Path, waiting: Waiting) -> None:
    waiting.listed = [item(number) for number in range(10_000)]

    *parts, done = asked(path, List())

    assert [len(each.items) for each in parts if isinstance(each, Items)] == [ITEMS_A_FRAME] * 50
    assert done == Done(10_000)


@pytest.mark.usefixtures("door")
def test_one_or_all_are_offered_again(path: Path, waiting: Waiting) -> None:
    assert asked(path, Retry(ID)) == [Done(2)]
    assert asked(path, Retry()) == [Done(2)]

    assert waiting.retried == [ID, None]


@pytest.mark.usefixtures("door")
def test_the_sealed_requests_are_handed_out_one_by_one(path: Path, waiting: Waiting) -> None:
    *sealed, done = asked(path, Export())

    expected = [Sealed(each.request_id, 0, 0, 9_000, b"sealed") for each in waiting.listed]
    assert (sealed, done) == (expected, Done(2))


@pytest.mark.usefixtures("door")
def test_a_store_that_fails_is_told_in_words_also_halfway(path: Path, waiting: Waiting) -> None:
    waiting.fault = "the store failed"

    assert asked(path, List()) == [Sorry("the store failed")]
    assert asked(path, Export())[1:] == [Sorry("the store failed")]


@pytest.mark.usefixtures("door")
@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 100,
        (5).to_bytes(4) + b"hello",
        messages.encode(Done(1)),
        b"",
    ],
    ids=["http", "too large", "no MessagePack", "a reply", "nothing"],
)
def test_garbage_closes_the_connection_and_hurts_nothing(path: Path, garbage: bytes) -> None:
    with contextlib.closing(connected(path)) as client:
        client.sendall(garbage)
        client.shutdown(socket.SHUT_WR)
        assert ended(client) == b""

    assert asked(path, Retry()) == [Done(2)]


@pytest.mark.usefixtures("door")
def test_who_hangs_is_dropped_and_the_next_is_served(path: Path) -> None:
    with contextlib.closing(connected(path)) as silent:
        silent.sendall(messages.encode(List())[:3])

        assert asked(path, List())[-1] == Done(2)
        assert ended(silent) == b""


@pytest.mark.usefixtures("door")
def test_who_asks_and_does_not_listen_is_dropped(path: Path, waiting: Waiting) -> None:
    waiting.listed = [item(number) for number in range(20_000)]
    with contextlib.closing(connected(path)) as deaf:
        deaf.sendall(messages.encode(List()))

        assert asked(path, Retry())[-1] == Done(20_000)


@pytest.mark.usefixtures("door")
def test_only_its_own_account_can_open_it(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_killed_kiosk_left_is_replaced_and_the_end_removes_it(
    path: Path, waiting: Waiting
) -> None:
    folder = os.open(path.parent, os.O_PATH)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(through(folder, path))
    os.close(folder)
    assert path.is_socket()
    door = QueueDoor(path, waiting)
    door.start()
    assert asked(path, Retry()) == [Done(2)]

    door.stop()

    assert not path.exists()


def test_a_door_that_cannot_be_made_does_not_keep_the_kiosk_from_starting(
    path: Path, waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_text("a file that is in the way")
    door = QueueDoor(path, waiting)

    door.start()
    door.stop()

    assert path.read_text() == "a file that is in the way"
    assert "no door to the queue" in caplog.text


def test_it_ends_while_somebody_hangs(path: Path, waiting: Waiting) -> None:
    door = QueueDoor(path, waiting, patience_s=60)
    door.start()
    with contextlib.closing(connected(path)):
        door.stop()

    assert not path.exists()
