"""What the matcher takes for a kiosk's status, over the broker and from hostile hands."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from greenline.link.connection import NotConnectedError
from greenline.matcher.answering import Answering
from greenline.matcher.split import ALL
from greenline.matcher.status_arrivals import StatusArrivals
from greenline.matcher.tally import Tally
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.kiosk_status import KioskStatus, encode_status
from greenline.protocol.topics import request_topic, status_topic
from tests.matcher.asking import NOW_MS, Clock, Kiosk
from tests.matcher.serving import Log, Start, Uplink


@dataclass
class Arrivals:
    taken: StatusArrivals
    acknowledged: list[int] = field(default_factory=list)


@pytest.fixture
def arrivals(answering: Answering, now_ms: Clock) -> Arrivals:
    acknowledged: list[int] = []
    taken = StatusArrivals(
        answering.kiosks, answering.generations, ALL, Tally(), acknowledged.append, now_ms
    )
    return Arrivals(taken, acknowledged)


def status(
    kiosk: Kiosk, created_ms: int = NOW_MS, refused: int = 0, *, clock_doubtful: bool = False
) -> bytes:
    told = KioskStatus("test", 5, clock_trusted=True, pending=2, oldest_ms=9, refused=refused)
    return kiosk.seal(
        encode_status(told), kind=EnvelopeKind.KIOSK_STATUS, created_ms=created_ms,
        expires_ms=created_ms + 1_000, clock_doubtful=clock_doubtful,
    )  # fmt: skip


def test_a_status_is_said_in_the_log_and_answered_with_nothing(
    arrivals: Arrivals, kiosk: Kiosk, log: Log
) -> None:
    assert arrivals.taken.take(1, status_topic(kiosk.name), status(kiosk))

    line = log.next("kiosk status").__dict__
    assert (line["kiosk"], line["pending"], line["refused"]) == (kiosk.name, 2, 0)
    assert arrivals.acknowledged == [1]
    assert arrivals.taken.tally.words()["requests"] == "status reports 1"


def test_refused_answers_at_a_kiosk_are_a_warning_once_for_each_more(
    arrivals: Arrivals, kiosk: Kiosk, log: Log
) -> None:
    for at, refused in enumerate((0, 4, 4, 5)):
        arrivals.taken.take(at, status_topic(kiosk.name), status(kiosk, NOW_MS + at, refused))

    warned = [each for each in log.kept if each.getMessage() == "kiosk refused answers"]
    assert [each.__dict__["refused"] for each in warned] == [4, 5]


def test_an_old_status_cannot_make_a_dead_kiosk_look_alive(
    arrivals: Arrivals, kiosk: Kiosk
) -> None:
    old, new = status(kiosk, NOW_MS), status(kiosk, NOW_MS + 1)
    for at, each in enumerate((old, new, old, new)):
        assert arrivals.taken.take(at, status_topic(kiosk.name), each)

    assert arrivals.taken.tally.refused() == {"MalformedError": 2}
    assert arrivals.acknowledged == [0, 1, 2, 3]


def test_a_kiosk_that_woke_up_in_the_past_is_still_heard(arrivals: Arrivals, kiosk: Kiosk) -> None:
    for each in (status(kiosk), status(kiosk, 1_000, clock_doubtful=True)):
        arrivals.taken.take(1, status_topic(kiosk.name), each)

    assert arrivals.taken.tally.refused() == {}


Wrong = Callable[[Kiosk], tuple[str, bytes]]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda kiosk: (status_topic("kiosk-02"), status(kiosk)),
        lambda kiosk: (request_topic(kiosk.name), status(kiosk)),
        lambda kiosk: (status_topic(kiosk.name), status(Kiosk(kiosk.name, kiosk.matcher))),
        lambda kiosk: (status_topic("kiosk-02"), status(replace(kiosk, name="kiosk-02"))),
        lambda kiosk: (status_topic(kiosk.name), status(kiosk)[:-1]),
        lambda kiosk: (
            status_topic(kiosk.name), kiosk.seal(b"junk", kind=EnvelopeKind.KIOSK_STATUS),
        ),
    ],
    ids=["another's topic", "request topic", "forged", "unknown", "cut", "undecodable"],
)  # fmt: skip
def test_what_is_wrong_is_refused_and_counted(
    arrivals: Arrivals, kiosk: Kiosk, log: Log, wrong: Wrong
) -> None:
    topic, data = wrong(kiosk)

    assert arrivals.taken.take(1, topic, data)

    assert sum(arrivals.taken.tally.refused().values()) == 1
    assert arrivals.acknowledged == [1]
    assert "kiosk status" not in [each.getMessage() for each in log.kept]


def test_what_is_no_status_is_left_to_others(arrivals: Arrivals, kiosk: Kiosk) -> None:
    request = kiosk.seal(os.urandom(100))

    assert not arrivals.taken.take(1, status_topic(kiosk.name), request)
    assert arrivals.acknowledged == []


def test_a_request_on_the_topic_of_a_status_is_refused(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink, log: Log
) -> None:
    """Over the broker; and a status there is heard, which shows that the topic is listened to."""
    service = start(answering).service
    published(uplink, status_topic(kiosk.name), kiosk.seal(b"body"))
    published(uplink, status_topic(kiosk.name), status(kiosk))

    assert log.next("kiosk status").__dict__["kiosk"] == kiosk.name
    assert service.refused == {"MalformedError": 1}


def published(uplink: Uplink, topic: str, payload: bytes) -> None:
    while True:
        try:
            uplink.link.publish(b"token", topic, payload, 60)
        except NotConnectedError:
            uplink.confirmed.get(timeout=20)
        else:
            assert Envelope.from_bytes(payload)
            return
