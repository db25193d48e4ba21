"""Questions about leads on their way through the matcher, and verdicts on theirs back."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_tables import open_examinations
from greenline.cli.review_desk import opened_desk
from greenline.link.connection import NotConnectedError
from greenline.matcher.answering import Answering
from greenline.matcher.errors import DatabaseError
from greenline.matcher.examination_arrivals import TOKEN, Decided, ExaminationArrivals
from greenline.matcher.tally import Tally
from greenline.protocol.audit import Event
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, kind_of
from greenline.protocol.examination import (
    VERDICT_BYTES,
    Examination,
    decode_examination,
    encode_examination,
    examination_id,
)
from greenline.protocol.messages import Candidate, Outcome, Result, SearchedList
from greenline.protocol.topics import request_topic
from tests.matcher.asking import HOUR_MS, NOW_MS, Clock, Kiosk, finger, request_body
from tests.matcher.serving import Start, Uplink

REQUEST = b"r" * 16
QUESTION = examination_id(REQUEST)
RESULT = Result(
    Outcome.CANDIDATES, (Candidate("case-17", "watch", 5.0, 2),), (SearchedList("watch", 3, 1),),
    1.0, 4.0, 1.0, NOW_MS, "test",
)  # fmt: skip
BODY = encode_examination(Examination(REQUEST, "border-check", RESULT, "4711"))


@dataclass
class Desk:
    """Keeps what is asked; says what it is told to say."""

    asked: dict[bytes, tuple[Header, bytes, tuple[int, int]]] = field(default_factory=dict)
    verdicts: list[Decided] = field(default_factory=list)
    sent_ones: list[bytes] = field(default_factory=list)
    full: bool = False
    broken: bool = False

    def ask(
        self, header: Header, body: bytes, times_ms: tuple[int, int], before: Callable[[], None]
    ) -> bool:
        if self.broken:
            raise DatabaseError("the disk is full")
        if self.full:
            return False
        if header.request_id not in self.asked:
            before()
            self.asked[header.request_id] = (header, body, times_ms)
        return True

    def decided(self, now_ms: int) -> Sequence[Decided]:
        return [each for each in self.verdicts if each.question not in self.sent_ones]

    def sent(self, question: bytes) -> None:
        self.sent_ones.append(question)

    def withdraw(self, question: bytes, kiosk: str, before: Callable[[], None]) -> bool:
        theirs = question in self.asked and self.asked[question][0].kiosk == kiosk
        if theirs:
            before()
            del self.asked[question]
        return theirs


@dataclass
class Noted:
    events: list[Event] = field(default_factory=list)

    def note(self, *events: Event) -> None:
        self.events += events


@dataclass
class Way:
    """The arrivals of one matcher, and all that leaves them."""

    taken: ExaminationArrivals
    desk: Desk
    noted: Noted
    acknowledged: list[int] = field(default_factory=list)
    published: list[tuple[bytes, str, bytes]] = field(default_factory=list)
    connected: bool = True
    seconds: float = 0.0

    def publish(self, token: bytes, kiosk: str, envelope: bytes) -> None:
        if not self.connected:
            raise NotConnectedError("no link")
        self.published.append((token, kiosk, envelope))

    def kinds(self) -> list[int]:
        return [kind_of(envelope) for _, _, envelope in self.published]


@pytest.fixture
def way(answering: Answering, now_ms: Clock) -> Way:
    desk, noted = Desk(), Noted()
    taken = ExaminationArrivals(
        desk, answering.sealing, noted, Tally(), lambda _: None, lambda *_: None, now_ms,
        lambda: 0.0,
    )  # fmt: skip
    found = Way(taken, desk, noted)
    taken.acknowledge, taken.publish = found.acknowledged.append, found.publish
    taken.clock = lambda: found.seconds
    return found


def asked(kiosk: Kiosk, body: bytes = BODY, question: bytes = QUESTION, **change: object) -> bytes:
    return kiosk.seal(
        body, request_id=question, kind=EnvelopeKind.EXAMINATION,
        expires_ms=NOW_MS + HOUR_MS, **change,  # type: ignore[arg-type]
    )  # fmt: skip


def verdict(kiosk: Kiosk) -> Decided:
    return Decided(QUESTION, kiosk.name, kiosk.matcher.seal.id, bytes(VERDICT_BYTES))


def test_a_question_is_kept_noted_and_receipted(way: Way, kiosk: Kiosk) -> None:
    for delivery in (1, 2):  # the broker may bring it twice
        assert way.taken.take(delivery, request_topic(kiosk.name), asked(kiosk))

    header, body, times_ms = way.desk.asked[QUESTION]
    assert (header.kiosk, times_ms) == (kiosk.name, (NOW_MS, NOW_MS + HOUR_MS))
    assert decode_examination(body).result == RESULT
    assert [(event.kind.value, dict(event.details)) for event in way.noted.events] == [
        ("disclose", {"what": "lead of kiosk-01", "to": "examiners", "lists": ("watch",)})
    ]
    assert way.acknowledged == [1, 2]
    assert way.kinds() == [EnvelopeKind.RECEIPT] * 2
    receipt = Envelope.from_bytes(way.published[0][2])
    assert receipt.header.request_id == QUESTION


def test_where_nobody_examines_a_question_is_left_alone(way: Way, kiosk: Kiosk) -> None:
    way.taken.desk = None

    assert way.taken.take(1, request_topic(kiosk.name), asked(kiosk))
    way.taken.step()

    assert (way.acknowledged, way.published, way.desk.asked) == ([1], [], {})


def test_what_no_known_kiosk_asked_is_refused(way: Way, kiosk: Kiosk) -> None:
    topic = request_topic(kiosk.name)
    stranger = Kiosk(kiosk.name, kiosk.matcher)
    elsewhere = Kiosk("kiosk-99", kiosk.matcher)
    hostile = [
        (topic, asked(stranger)),
        (request_topic("kiosk-02"), asked(kiosk)),
        (request_topic("kiosk-99"), asked(elsewhere)),
        (topic, asked(kiosk)[:-1] + b"x"),
        (topic, asked(kiosk, question=b"q" * 16)),
        (topic, asked(kiosk, body=b"junk")),
        (topic, asked(kiosk, recipient=kiosk.opener.public)),
        (topic, asked(kiosk, created_ms=NOW_MS - 100 * HOUR_MS)),
        (topic, b"GLN1\x0a"),
    ]

    for number, (where, data) in enumerate(hostile):
        assert way.taken.take(number, where, data)

    assert way.acknowledged == list(range(len(hostile)))
    assert (way.desk.asked, way.published, way.noted.events) == ({}, [], [])
    assert not way.taken.take(99, topic, kiosk.seal(request_body(finger(1))))


def test_a_desk_that_is_full_or_broken_gives_no_receipt(way: Way, kiosk: Kiosk) -> None:
    way.desk.full = True
    way.taken.take(1, request_topic(kiosk.name), asked(kiosk))
    way.desk.full, way.desk.broken = False, True
    way.taken.take(2, request_topic(kiosk.name), asked(kiosk))

    assert (way.published, way.acknowledged) == ([], [1, 2])


def test_a_verdict_goes_to_its_kiosk_alone_until_the_broker_has_it(way: Way, kiosk: Kiosk) -> None:
    way.desk.verdicts.append(verdict(kiosk))
    way.connected = False
    way.taken.step()
    way.connected, way.seconds = True, 1.0
    way.taken.step()
    way.seconds = 1.5
    way.taken.step()  # not twice on the wire
    way.seconds = 3.0
    way.taken.step()

    ((token, name, data),) = way.published
    envelope = Envelope.from_bytes(data)
    envelope.verify(kiosk.matcher.verify)
    assert (name, envelope.header.kind) == (kiosk.name, EnvelopeKind.VERDICT)
    assert envelope.header.request_id == QUESTION
    assert envelope.open(kiosk.opener) == bytes(VERDICT_BYTES)

    assert way.taken.is_ours(token)
    way.taken.settle(token, "quota exceeded")
    way.seconds = 5.0
    way.taken.step()
    assert len(way.published) == 2
    way.taken.settle(token, "")
    assert way.desk.sent_ones == [QUESTION]
    way.taken.settle(TOKEN, "")  # of a receipt
    assert way.desk.sent_ones == [QUESTION]


def test_a_new_link_brings_a_verdict_again(way: Way, kiosk: Kiosk) -> None:
    way.desk.verdicts.append(verdict(kiosk))
    way.taken.step()
    way.taken.link_up()
    way.seconds = 2.0
    way.taken.step()

    assert len(way.published) == 2


def test_a_verdict_for_a_kiosk_that_was_removed_goes_nowhere(way: Way, kiosk: Kiosk) -> None:
    way.desk.verdicts.append(replace(verdict(kiosk), kiosk="kiosk-99"))
    way.taken.step()

    assert way.published == []


def test_what_examiners_have_of_a_request_is_erased_for_its_kiosk_alone(
    way: Way, kiosk: Kiosk
) -> None:
    told: list[str] = []
    way.taken.take(1, request_topic(kiosk.name), asked(kiosk))

    assert not way.taken.withdraw(REQUEST, "kiosk-99", lambda: told.append("another's"))
    assert way.taken.withdraw(REQUEST, kiosk.name, lambda: told.append("erased"))
    assert not way.taken.withdraw(REQUEST, kiosk.name, lambda: told.append("again"))
    way.taken.desk = None
    assert not way.taken.withdraw(REQUEST, kiosk.name, lambda: told.append("nobody"))

    assert told == ["erased"]
    assert way.desk.asked == {}


def test_a_lead_that_its_erasure_has_overtaken_never_reaches_the_examiners(
    way: Way, kiosk: Kiosk, tmp_path: Path
) -> None:
    path = tmp_path / "examinations.db"
    open_examinations(path, create=True).close()
    with opened_desk(path) as desk, closing(open_examinations(path)) as database:
        way.taken.desk = desk
        assert not way.taken.withdraw(REQUEST, kiosk.name, lambda: None)  # nothing was there yet

        way.taken.take(1, request_topic(kiosk.name), asked(kiosk))

        assert Examinations(database).listed(all_of_them=True) == []
    assert way.noted.events == []
    assert way.acknowledged == [1]
    assert way.kinds() == [EnvelopeKind.RECEIPT]  # or the kiosk would offer it again and again


def test_over_a_real_broker_and_beside_requests(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    desk = Desk()
    running = start(answering)
    running.service.examine_at(desk)
    uplink.send(asked(kiosk))
    assert Envelope.from_bytes(uplink.next_receipt()).header.request_id == QUESTION

    desk.verdicts.append(verdict(kiosk))
    answer = uplink.next_answer()
    assert kind_of(answer) == EnvelopeKind.VERDICT
    assert kiosk.open(uplink.ask(kiosk.seal(request_body(finger(1))))).searched
    assert desk.sent_ones == [QUESTION]
