"""The service in bad times: nothing is lost, nothing blocks the rest, and it always stops."""

import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from greenline.link.settings import LinkError, LinkSettings
from greenline.matcher.answering import Answering
from greenline.matcher.gallery import Gallery
from greenline.matcher.ledger import Known, Ledger, State
from greenline.matcher.service import Service
from greenline.protocol.envelope import Lane
from greenline.protocol.messages import Outcome
from greenline.protocol.topics import request_topic
from tests.matcher.asking import (
    HOUR_MS,
    Clock,
    Kiosk,
    enrol,
    finger,
    id_of,
    mate,
    request_body,
)
from tests.matcher.serving import Log, Start, Uplink, accepted, outcome
from tests.matcher.test_gallery import tamper

DAY_MS = 24 * HOUR_MS


def test_what_is_refused_is_counted_and_acknowledged_so_that_it_holds_up_nothing(
    answering: Answering, kiosk: Kiosk, ledger: Ledger, start: Start, uplink: Uplink
) -> None:
    """More of each than the broker lets be unacknowledged at a time."""
    body = request_body(finger(1))
    impostor = Kiosk(kiosk.name, kiosk.matcher)
    service = start(answering).service
    for _ in range(17):
        uplink.send(b"no envelope at all")
        uplink.send(impostor.seal(body))
        uplink.send(kiosk.seal(body, name="kiosk-02"))
        uplink.send(kiosk.seal(body, expires_ms=2**64 - 1))
        forged = bytearray(kiosk.seal(body))
        forged[-1] ^= 1
        uplink.send(bytes(forged))

    good = kiosk.seal(body)

    assert outcome(kiosk, uplink.ask(good)) is Outcome.NONE
    assert service.refused == {"WrongKeyError": 34, "MalformedError": 34, "ForgedError": 17}
    assert ledger.unanswered() == []


def test_a_gallery_that_fails_for_a_while_delays_an_answer_and_no_more(
    gallery: Gallery,
    gallery_path: Path,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    uplink: Uplink,
    log: Log,
) -> None:
    enrol(gallery, 1)
    tamper(gallery_path, "ALTER TABLE entry RENAME TO hidden")
    start(answering)
    uplink.send(kiosk.seal(request_body(mate(finger(1)))))
    assert "no such table" in log.next("tried again later").__dict__["reason"]

    tamper(gallery_path, "ALTER TABLE hidden RENAME TO entry")

    assert outcome(kiosk, uplink.next_answer()) is Outcome.CANDIDATES


def test_what_was_accepted_before_a_crash_is_searched_after_the_restart(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    waiting, begun = (kiosk.seal(request_body(finger(seed))) for seed in (1, 2))
    for envelope in (waiting, begun):
        ledger.accept(accepted(envelope))
    ledger.searching(id_of(begun))

    start(answering)

    assert {id_of(uplink.next_answer()) for _ in range(2)} == {id_of(waiting), id_of(begun)}


def test_an_answer_that_the_broker_never_had_is_delivered_after_the_restart(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    request = kiosk.seal(request_body(finger(1)))
    ledger.accept(accepted(request))
    ledger.answer(id_of(request), answering.answer(request, kiosk.name).envelope)

    start(answering)

    assert id_of(uplink.next_answer()) == id_of(request)


def test_a_service_that_is_replaced_by_another_loses_nothing(
    answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    first = start(answering)
    uplink.ask(kiosk.seal(request_body(finger(1))))
    first.stop()
    meanwhile = [kiosk.seal(request_body(finger(seed))) for seed in range(2, 6)]
    for envelope in meanwhile:
        uplink.send(envelope)

    start(answering)

    left = set(map(id_of, meanwhile))
    while left:  # the answer that the first was just delivering may come again
        left.discard(id_of(uplink.next_answer()))


def test_a_request_that_nobody_could_read_the_answer_of_is_dropped(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    """Its kiosk was removed between the request and the restart."""
    removed = Kiosk("kiosk-99", kiosk.matcher)
    orphan = removed.seal(request_body(finger(1)), lane=Lane.PERSON_WAITING)
    ledger.accept(accepted(orphan, removed.name))

    service = start(answering).service
    uplink.ask(kiosk.seal(request_body(finger(2)), lane=Lane.NORMAL))

    assert ledger.unanswered() == []
    assert ledger.undelivered_answer(id_of(orphan)) is None
    assert service.refused == {"WrongKeyError": 1}


def test_another_kiosks_request_id_is_refused_and_does_not_touch_the_first(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink
) -> None:
    other = Kiosk("kiosk-02", kiosk.matcher)
    both = {kiosk.name: kiosk.identity, other.name: other.identity}
    service = start(replace(answering, kiosks=both)).service
    mine = kiosk.seal(request_body(finger(1)))
    first = uplink.ask(mine)

    stolen = other.seal(request_body(finger(1)), request_id=id_of(mine))
    service.arrived(0, request_topic(other.name), stolen)

    assert service.refused == {"WrongKeyError": 1}
    assert uplink.ask(mine) == first


def test_while_the_ledger_is_full_requests_wait_and_are_answered_once_there_is_room(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, uplink: Uplink, log: Log
) -> None:
    """More than the broker lets be unacknowledged: none may be stuck there for ever."""
    database = ledger._db  # the limit is per connection, so it is set on the ledger's own
    start(answering)
    uplink.ask(kiosk.seal(request_body(finger(1))))
    (pages,) = database.read("PRAGMA page_count")[0]
    database.read(f"PRAGMA max_page_count = {pages}")
    large = bytes(8_000)  # its content does not matter: to be refused is an answer too
    waiting = [kiosk.seal(large) for _ in range(18)]
    for envelope in waiting:
        uplink.send(envelope)
    for _ in range(16):
        assert "the disk is full" in log.next("ledger failed").__dict__["reason"]
    assert ledger.unanswered() == []

    database.read("PRAGMA max_page_count = 100000")

    assert {id_of(uplink.next_answer()) for _ in waiting} == set(map(id_of, waiting))


def test_what_is_long_over_leaves_the_ledger_while_the_service_runs(
    ledger: Ledger,
    answering: Answering,
    kiosk: Kiosk,
    now_ms: Clock,
    start: Start,
    uplink: Uplink,
    log: Log,
) -> None:
    """However far in the future the kiosk let it expire."""
    start(answering)
    old = kiosk.seal(request_body(finger(1)), expires_ms=2**62)
    uplink.ask(old)

    now_ms.now_ms += 39 * DAY_MS
    for seed in range(2, 100):
        uplink.ask(kiosk.seal(request_body(finger(seed)), expires_ms=now_ms.now_ms + HOUR_MS))
        if ledger.accept(accepted(old)) is None:
            break
    else:
        pytest.fail("the ledger still knows the old request")


def test_without_a_broker_what_is_there_is_searched_and_stop_ends_it_at_once(
    ledger: Ledger, answering: Answering, kiosk: Kiosk, start: Start, log: Log
) -> None:
    request = kiosk.seal(request_body(finger(1)))
    ledger.accept(accepted(request))
    running = start(answering, connected=False)
    log.next("searched")

    running.stop()

    assert ledger.accept(accepted(request)) == Known(kiosk.name, State.ANSWERED)
    assert ledger.undelivered() == [id_of(request)]


def test_a_service_that_is_stopped_before_it_runs_returns_at_once(
    settings: LinkSettings, ledger: Ledger, answering: Answering, now_ms: Clock
) -> None:
    service = Service(settings, ledger, answering, now_ms)
    service.stop()

    thread = threading.Thread(target=service.run, daemon=True)
    thread.start()
    thread.join(timeout=20)

    assert not thread.is_alive()


def test_a_missing_certificate_ends_the_service_with_what_to_do(
    settings: LinkSettings, ledger: Ledger, answering: Answering, now_ms: Clock, tmp_path: Path
) -> None:
    missing = msgspec.structs.replace(settings, certificate=tmp_path / "missing.pem")

    with pytest.raises(LinkError, match=r"missing\.pem is missing: enrol this device"):
        Service(missing, ledger, answering, now_ms).run()
