"""The matcher erases what a kiosk orders, proves it, and never touches another kiosk's."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.link.connection import NotConnectedError
from greenline.matcher.answering import Answering
from greenline.matcher.audit import AuditLog
from greenline.matcher.audit_database import open_audit, read_chains
from greenline.matcher.audit_reports import Reports
from greenline.matcher.erasing import ErasureArrivals
from greenline.matcher.errors import DatabaseError
from greenline.matcher.ledger import Known, Ledger, State
from greenline.matcher.split import ALL, Split
from greenline.matcher.tally import Tally
from greenline.protocol.audit import Entry, pseudonym
from greenline.protocol.audit_details import Kind
from greenline.protocol.audit_verify import Walk
from greenline.protocol.deletion_receipt import (
    COPY_FOR_EXAMINERS,
    COPY_OF_ANSWER,
    COPY_OF_REQUEST,
)
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.erasure import (
    ANSWER,
    EXAMINATION,
    REQUEST,
    Erase,
    Erased,
    decode_erased,
    encode_erase,
)
from greenline.protocol.keys import SigningKey, VerifyKey
from greenline.protocol.messages import Outcome
from greenline.protocol.topics import request_topic
from tests.firmware.audit_logs import Clocks
from tests.matcher.asking import NOW_MS, Clock, Kiosk, MatcherKeys, finger, id_of, request_body
from tests.matcher.serving import Start, Uplink, accepted

REQUEST_ID = b"r" * 16


@dataclass
class Desk:
    """The arrivals of one matcher, and what they did."""

    taken: ErasureArrivals
    audit: AuditLog
    path: Path
    acknowledged: list[int] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    down: bool = False

    def order(self, kiosk: Kiosk, payload: bytes) -> bool:
        return self.taken.take(7, request_topic(kiosk.name), payload)

    def events(self) -> list[tuple[Kind, bytes, dict[str, object]]]:
        """What the audit log tells, once it is checked."""
        found = []
        for own in read_chains(self.path):
            walk = Walk(None)
            for name, data in own.items():
                for record in walk.segment(name, data):
                    if isinstance(record.link, Entry):
                        event = record.link.event
                        found.append((event.kind, event.case, dict(event.details)))
        return found


@pytest.fixture
def desk(
    tmp_path: Path, answering: Answering, ledger: Ledger, matcher_keys: MatcherKeys, now_ms: Clock
) -> Iterator[Desk]:
    path = tmp_path / "audit.db"
    with contextlib.closing(open_audit(path)) as database:
        audit = AuditLog(database, "matcher-01", matcher_keys.signer, Clocks())
        acknowledged: list[int] = []
        sent: list[tuple[str, bytes]] = []
        made = ErasureArrivals(
            answering.kiosks, answering.generations, ledger, audit, audit, ALL, Tally(),
            acknowledged.append, lambda kiosk, data: sent.append((kiosk, data)),
            lambda _: None, now_ms,
        )  # fmt: skip
        yield Desk(made, audit, path, acknowledged, sent)


def order(kiosk: Kiosk, request_id: bytes = REQUEST_ID, **changed: object) -> bytes:
    values: dict[str, object] = {"kind": EnvelopeKind.ERASE, "request_id": request_id, **changed}
    return kiosk.seal(encode_erase(Erase("minor")), **values)  # type: ignore[arg-type]


def word(kiosk: Kiosk, envelope: bytes) -> Erased:
    """Read the matcher's word as a kiosk does."""
    opened = Envelope.from_bytes(envelope)
    assert (opened.header.kind, opened.header.kiosk) == (EnvelopeKind.ERASED, kiosk.name)
    opened.verify(*kiosk.matcher.signing_keys(NOW_MS))
    return decode_erased(opened.open(kiosk.opener))


def take(ledger: Ledger, kiosk: Kiosk, request_id: bytes = REQUEST_ID) -> None:
    envelope = kiosk.seal(request_body(finger(1)), request_id=request_id)
    assert ledger.accept(accepted(envelope, kiosk.name)) is None


@pytest.mark.parametrize("answered", [False, True])
def test_request_or_answer_are_erased_and_the_word_names_the_signed_entry(
    desk: Desk, ledger: Ledger, kiosk: Kiosk, *, answered: bool
) -> None:
    take(ledger, kiosk)
    if answered:
        ledger.answer(REQUEST_ID, b"an answer")

    assert desk.order(kiosk, order(kiosk))

    ((name, envelope),) = desk.sent
    told = word(kiosk, envelope)
    assert (name, told.what) == (kiosk.name, (ANSWER,) if answered else (REQUEST,))
    assert desk.acknowledged == [7]
    assert ledger.held(REQUEST_ID) == (False, False)
    assert ledger.unanswered() == ledger.undelivered() == []
    details = {"what": COPY_OF_ANSWER if answered else COPY_OF_REQUEST, "reason": "minor"}
    assert desk.events() == [(Kind.ERASE, pseudonym(REQUEST_ID), details)]
    (own,) = read_chains(desk.path)
    walk = Walk([desk_key(desk)])
    entries = [each for name, data in own.items() for each in walk.segment(name, data)]
    walk.finish()
    assert walk.fault is None  # signed to its end
    assert (entries[0].link.number, entries[0].digest) == (told.entry, told.digest)
    assert told.chain == desk.audit.chain


def desk_key(desk: Desk) -> VerifyKey:
    return desk.taken.generations[0].signer.public


def test_an_erased_request_is_never_searched_however_it_comes_again(
    desk: Desk, ledger: Ledger, kiosk: Kiosk
) -> None:
    envelope = kiosk.seal(request_body(finger(1)), request_id=REQUEST_ID)
    desk.order(kiosk, order(kiosk))  # it has overtaken the request

    assert word(kiosk, desk.sent[0][1]).what == ()
    assert ledger.accept(accepted(envelope)) == Known(kiosk.name, State.PAST)
    assert ledger.unanswered() == []


def test_an_order_that_comes_again_gets_the_same_word_and_no_second_entry(
    desk: Desk, ledger: Ledger, kiosk: Kiosk
) -> None:
    take(ledger, kiosk)
    for _ in range(3):
        desk.order(kiosk, order(kiosk))

    words = [word(kiosk, envelope) for _, envelope in desk.sent]
    assert words[0].what == (REQUEST,)
    assert words == [words[0]] * 3
    assert len(desk.events()) == 1


def test_what_no_order_may_do_changes_nothing(desk: Desk, ledger: Ledger, kiosk: Kiosk) -> None:
    take(ledger, kiosk)
    ledger.accept(accepted(kiosk.seal(b"", request_id=b"o" * 16), "kiosk-02"))
    forged = dataclasses.replace(kiosk, signer=SigningKey.generate())
    for wrong in (
        order(forged),  # not the kiosk's signature
        order(kiosk, b"o" * 16),  # another kiosk's request
        order(kiosk, name="kiosk-02"),  # a kiosk that is not known here, on this one's topic
        order(kiosk, recipient=kiosk.opener.public),  # sealed to somebody else
        kiosk.seal(b"no order", kind=EnvelopeKind.ERASE, request_id=REQUEST_ID),
        bytes([*order(kiosk)[:30], 0, *order(kiosk)[31:]]),  # changed on the way
    ):
        assert desk.order(kiosk, wrong)
        desk.taken.take(8, request_topic("kiosk-09"), order(kiosk))  # on another kiosk's topic

    assert desk.sent == []
    assert ledger.held(REQUEST_ID) == (True, False)
    assert ledger.held(b"o" * 16) == (True, False)
    assert desk.events() == []


def test_other_envelopes_and_another_processs_orders_are_left_alone(
    desk: Desk, ledger: Ledger, kiosk: Kiosk
) -> None:
    take(ledger, kiosk)
    assert not desk.order(kiosk, kiosk.seal(b"", kind=EnvelopeKind.REQUEST))
    theirs = dataclasses.replace(desk.taken, split=Split(1, 64))
    assert not theirs.split.takes(order(kiosk))

    assert theirs.take(9, request_topic(kiosk.name), order(kiosk))

    assert ledger.held(REQUEST_ID) == (True, False)
    assert desk.acknowledged == [9]


def test_what_examiners_were_shown_is_erased_too_whoever_takes_the_request(
    desk: Desk, ledger: Ledger, kiosk: Kiosk
) -> None:
    shown: list[bytes] = [REQUEST_ID]

    def examined(request_id: bytes, name: str, before: Callable[[], None]) -> bool:
        assert name == kiosk.name
        if request_id not in shown:
            return False
        before()
        shown.remove(request_id)
        return True

    take(ledger, kiosk)
    theirs = dataclasses.replace(desk.taken, split=Split(1, 64), examined=examined)
    theirs.take(1, request_topic(kiosk.name), order(kiosk))
    assert (shown, desk.sent) == ([], [])
    shown.append(REQUEST_ID)
    ours = dataclasses.replace(desk.taken, examined=examined)
    ours.take(2, request_topic(kiosk.name), order(kiosk))

    assert shown == []
    assert word(kiosk, desk.sent[0][1]).what == (REQUEST, EXAMINATION)
    told = [details["what"] for _, _, details in desk.events()]
    assert told == [COPY_FOR_EXAMINERS, COPY_FOR_EXAMINERS, COPY_OF_REQUEST]


@dataclass
class Examiners:
    """The file of examinations of another process: it cannot be written at first."""

    broken: bool = True
    withdrawn: list[bytes] = field(default_factory=list)

    def withdraw(self, request_id: bytes, _name: str, before: Callable[[], None]) -> bool:
        if self.broken:
            raise DatabaseError("the disk is full")
        before()
        self.withdrawn.append(request_id)
        return True


def test_another_processs_order_is_acknowledged_only_once_its_examiners_have_nothing(
    desk: Desk, kiosk: Kiosk
) -> None:
    topic, examiners = request_topic(kiosk.name), Examiners()
    theirs = dataclasses.replace(desk.taken, split=Split(1, 64), examined=examiners.withdraw)

    assert theirs.take(1, topic, order(kiosk))
    assert desk.acknowledged == []
    theirs.take(2, topic, order(kiosk))  # asked once more: held once
    theirs.withdraw_held()
    assert (desk.acknowledged, desk.events()) == ([2], [])
    examiners.broken = False
    theirs.withdraw_held()
    theirs.withdraw_held()

    assert desk.acknowledged == [2, 1]
    assert examiners.withdrawn == [REQUEST_ID]
    assert [details["what"] for _, _, details in desk.events()] == [COPY_FOR_EXAMINERS]


def test_orders_that_cannot_be_done_never_fill_the_brokers_window(desk: Desk, kiosk: Kiosk) -> None:
    split = Split(1, 64)
    theirs = dataclasses.replace(desk.taken, split=split, examined=Examiners().withdraw)
    payloads = (order(kiosk, number.to_bytes(16)) for number in range(140))
    for delivery, payload in enumerate([each for each in payloads if not split.takes(each)]):
        theirs.take(delivery, request_topic(kiosk.name), payload)

    assert desk.acknowledged
    assert desk.acknowledged[0] == 128


def test_without_a_link_the_word_waits_for_the_next_order(
    desk: Desk, ledger: Ledger, kiosk: Kiosk
) -> None:
    def no_link(_kiosk: str, _data: bytes) -> None:
        raise NotConnectedError

    take(ledger, kiosk)
    dataclasses.replace(desk.taken, publish=no_link).take(
        1, request_topic(kiosk.name), order(kiosk)
    )
    desk.order(kiosk, order(kiosk))

    assert word(kiosk, desk.sent[0][1]).what == (REQUEST,)
    assert len(desk.events()) == 1


def test_answers_whose_time_is_over_are_noted_before_they_go(
    desk: Desk, ledger: Ledger, kiosk: Kiosk
) -> None:
    take(ledger, kiosk)
    ledger.answer(REQUEST_ID, b"an answer")

    desk.taken.forget_old(NOW_MS)
    assert ledger.held(REQUEST_ID) == (False, True)
    desk.taken.forget_old(2**60)

    assert ledger.held(REQUEST_ID) == (False, False)
    details = {"what": COPY_OF_ANSWER, "reason": "expired"}
    assert desk.events() == [(Kind.ERASE, pseudonym(REQUEST_ID), details)]


def test_over_the_broker_a_kiosk_asks_and_has_it_erased(
    tmp_path: Path,
    answering: Answering,
    kiosk: Kiosk,
    ledger: Ledger,
    matcher_keys: MatcherKeys,
    start: Start,
    uplink: Uplink,
) -> None:
    with contextlib.closing(open_audit(tmp_path / "centre.db")) as database:
        own = AuditLog(database, "matcher-01", matcher_keys.signer, Clocks())
        kiosks = {kiosk.name: kiosk.identity}
        start(
            dataclasses.replace(answering, audit=own),
            reports=Reports(database, kiosks, answering.generations, own, Clock()),
        )
        asked = kiosk.seal(request_body(finger(1)))
        assert kiosk.open(uplink.ask(asked)).outcome is Outcome.NONE

        told = word(kiosk, uplink.ask(order(kiosk, id_of(asked))))

    assert told.what == (ANSWER,)
    assert ledger.held(id_of(asked)) == (False, False)
