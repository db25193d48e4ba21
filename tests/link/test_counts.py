"""What a meter counts, over connections that come and go."""

import socket
from collections.abc import Iterator

import pytest

from greenline.link.counts import Counts, Meter


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        near = socket.create_connection(listening.getsockname())
        far, _ = listening.accept()
    with near, far:
        yield near, far


def test_before_anything_has_happened_all_is_zero() -> None:
    assert Meter().counts() == Counts()


def test_connections_are_counted_and_the_broker_of_now_is_named() -> None:
    meter = Meter()
    meter.up(1, "a:1", 2)
    meter.down(1, "lost")
    meter.up(1, "b:1", 2)
    meter.window(1, 7)
    counts = meter.counts()

    assert (counts.broker, counts.window) == ("b:1", 7)
    assert (counts.connections, counts.reconnects) == (2, 1)
    assert counts.failures == {"lost": 1}
    meter.down(1, "lost")
    meter.window(1, 7)
    assert (meter.counts().broker, meter.counts().window) == ("", 0)


def test_bytes_are_those_that_went_over_the_line_and_stay_when_it_is_gone(
    line: tuple[socket.socket, socket.socket],
) -> None:
    near, far = line
    near.sendall(bytes(1000))
    assert far.recv(1000, socket.MSG_WAITALL) == bytes(1000)
    far.sendall(bytes(300))
    assert near.recv(300, socket.MSG_WAITALL) == bytes(300)
    meter = Meter()

    for _ in range(2):
        meter.traffic(1, near)
    meter.down(1, "lost")
    near.close()
    meter.traffic(1, near)

    counts = meter.counts()
    assert counts.bytes_in == 300
    assert 1000 <= counts.bytes_out <= 1001  # the kernel counts the SYN


def test_the_smoothed_round_trip_follows_slowly() -> None:
    meter = Meter()
    meter.published(0.8, heard=True)
    meter.published(1.6, heard=False)
    counts = meter.counts()

    assert (counts.published, counts.unheard) == (2, 1)
    assert counts.rtt_last_s == 1.6
    assert counts.rtt_smoothed_s == pytest.approx(0.9)


def test_however_many_kinds_of_failures_there_are_few_are_kept() -> None:
    meter = Meter()
    for number in range(1000):
        meter.down(1, f"failure {number}")
    failures = meter.counts().failures

    assert len(failures) == 65
    assert sum(failures.values()) == 1000


def test_what_was_read_does_not_change_any_more() -> None:
    meter = Meter()
    meter.code("CONNACK 0x89")
    before = meter.counts()
    meter.code("CONNACK 0x89")

    assert before.refused == {"CONNACK 0x89": 1}
    with pytest.raises(TypeError):
        before.refused["CONNACK 0x89"] = 5  # type: ignore[index]
