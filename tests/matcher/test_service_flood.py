"""One kiosk floods the matcher over the real broker: another is answered after a few searches."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from greenline.cli.configuration import read_configuration
from greenline.cli.site import Site
from greenline.firmware.config import UplinkConfig
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.matcher.answering import Answering
from greenline.matcher.ledger import Ledger
from greenline.matcher.terms import Terms
from greenline.protocol.messages import Outcome
from greenline.protocol.topics import result_topic
from tests.line.seen import certify_anew
from tests.matcher.asking import NOW_MS, Kiosk, finger, id_of, request_body
from tests.matcher.serving import Log, Start, Uplink
from tests.matcher.test_service_crowd import Slow

FLOOD = 600
ROOM = 20
MOST_SEARCHES = 3
"""One that goes on when it comes, one turn of the loud kiosk, its own."""


@pytest.fixture
def both(site: Site) -> Iterator[tuple[Uplink, Uplink]]:
    """A loud and a quiet kiosk at the site's broker."""
    quiet = certify_anew(site, "kiosk-02")["kiosk-02"]
    loud = read_configuration(site.folder / "uplink.toml", UplinkConfig).broker
    broker = site.start("broker")
    running = [connected("kiosk-01", loud), connected("kiosk-02", quiet)]
    yield running[0][0], running[1][0]
    for uplink, thread in running:
        uplink.link.stop()
        thread.join(timeout=20)
    broker.stop()


def connected(name: str, settings: LinkSettings) -> tuple[Uplink, threading.Thread]:
    uplink = Uplink(name)
    link = Link(settings, [result_topic(name)], uplink, jitter=lambda _: 0.05)
    thread = threading.Thread(target=uplink.run, args=(link,), daemon=True)
    thread.start()
    uplink.ups.get(timeout=20)
    return uplink, thread


def test_a_quiet_kiosk_is_answered_after_a_few_searches_however_many_a_loud_one_sent(
    both: tuple[Uplink, Uplink],
    ledger: Ledger,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    log: Log,
) -> None:
    loud, quiet = both
    other = Kiosk("kiosk-02", kiosk.matcher)
    known = {each.name: each.identity for each in (kiosk, other)}
    slow = Slow(answering.engine)
    start(
        replace(answering, engine=slow, kiosks=known), terms=Terms(most_waiting=ROOM, retry_s=0.05)
    )
    body = request_body(finger(1))
    for number in range(FLOOD):
        loud.send(kiosk.seal(body, created_ms=NOW_MS - FLOOD + number))
    asked = other.seal(body)
    quiet.send(asked)

    while log.next("accepted").__dict__["kiosk"] != other.name:
        pass
    searches = 0
    while quiet.answers.empty():
        slow.permits.release()
        searches += 1
        log.next("searched")
        assert len(ledger.unanswered()) <= ROOM

    answer = quiet.next_answer()
    assert id_of(answer) == id_of(asked)
    assert other.open(answer).outcome is Outcome.NONE
    assert searches <= MOST_SEARCHES
    for _ in range(FLOOD):  # so that the engine does not hold up the end
        slow.permits.release()
