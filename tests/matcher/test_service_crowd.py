"""The service when more comes than it can search: bounded, in order of urgency, nothing lost."""

import threading
from dataclasses import dataclass, field, replace

from greenline.matcher.answering import Answering
from greenline.matcher.engine import Engine, Query, Search
from greenline.matcher.gallery import ListInfo
from greenline.matcher.ledger import Ledger
from greenline.matcher.terms import Terms
from greenline.protocol.envelope import Lane
from tests.matcher.asking import NOW_MS, Kiosk, finger, id_of, request_body
from tests.matcher.serving import Log, Start, Uplink

WAITING = 3


@dataclass
class Slow:
    """An engine that searches only when the test lets it."""

    engine: Engine
    permits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def refresh(self) -> object:
        return self.engine.refresh()

    def lists(self) -> dict[str, ListInfo]:
        return self.engine.lists()

    def search(self, query: Query) -> Search:
        assert self.permits.acquire(timeout=20)
        return self.engine.search(query)


def test_the_ledger_never_holds_more_than_the_bound_and_each_is_answered_in_the_end(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    slow = Slow(answering.engine)
    start(replace(answering, engine=slow), terms=Terms(most_waiting=WAITING))
    sent = [kiosk.seal(request_body(finger(1)), created_ms=NOW_MS + at) for at in range(40)]
    for envelope in sent:
        uplink.send(envelope)

    answers, unanswered = [], []
    for _ in sent:
        slow.permits.release()
        answers.append(id_of(uplink.next_answer()))
        unanswered.append(len(ledger.unanswered()))

    assert sorted(answers) == sorted(map(id_of, sent))
    assert max(unanswered) <= WAITING + 1  # and the one that is being searched
    assert unanswered[-1] == 0


def test_a_person_who_waits_comes_before_what_has_time(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink, log: Log
) -> None:
    slow = Slow(answering.engine)
    start(replace(answering, engine=slow))
    body = request_body(finger(1))
    first = kiosk.seal(body)
    lanes = (Lane.BACKGROUND, Lane.NORMAL, Lane.PERSON_WAITING, Lane.NORMAL, Lane.PERSON_WAITING)
    later = [
        kiosk.seal(body, lane=lane, created_ms=NOW_MS + at) for at, lane in enumerate(lanes, 1)
    ]
    for envelope in (first, *later):
        uplink.send(envelope)
        log.next("accepted")

    for _ in range(6):
        slow.permits.release()
    answers = [id_of(uplink.next_answer()) for _ in range(6)]

    assert answers == list(map(id_of, [first, *(later[at] for at in (2, 4, 1, 3, 0))]))
