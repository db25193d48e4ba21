"""Lists of operators through the real Mosquitto: each reaches its kiosk, and nobody else."""

import datetime
from pathlib import Path

import pytest

from greenline.centre.broker import operators_client
from greenline.centre.operators_sending import Letter, Sending
from greenline.link.settings import LinkSettings
from greenline.protocol.errors import MalformedError
from greenline.protocol.topics import ALL_REQUESTS, ALL_STATUS, request_topic, result_topic
from tests.centre.conftest import FIRST, MATCHER, SECOND, Broker, Visit, Visitor, free_port, keep

SENDER = operators_client(MATCHER)
MARKER = b"marker"
PATIENCE_S = 20.0


@pytest.fixture
def link(broker: Broker) -> LinkSettings:
    """The sender's link, with a certificate of its own."""
    now = datetime.datetime.now(datetime.UTC)
    keep(broker.folder, SENDER, broker.authority.issue_client(SENDER, now, days=1))
    return settings(broker.folder, broker.port)


def settings(folder: Path, port: int) -> LinkSettings:
    return LinkSettings(
        "127.0.0.1",
        SENDER,
        folder / "ca.pem",
        folder / f"{SENDER}.pem",
        folder / f"{SENDER}.key",
        port,
        backoff_longest_s=0.2,
    )


def letter(kiosk: str, number: int = 1) -> Letter:
    return Letter(kiosk, f"list {number} of {kiosk}".encode(), 3600)


def arrived(visitor: Visitor, marker: bytes = MARKER) -> list[object]:
    """Everything before the marker: what was kept from the visitor would have come earlier."""
    found = []
    while (event := visitor.next("arrived"))[1] != marker:
        found.append(event[1])
    return found


def test_each_kiosk_hears_its_own_list_alone(link: LinkSettings, visit: Visit) -> None:
    first, second, matcher = visit(FIRST), visit(SECOND), visit(MATCHER)
    for kiosk, name in ((first, FIRST), (second, SECOND)):
        kiosk.subscribe(result_topic(name))
        kiosk.subscribe("greenline/1/#")

    assert Sending(link, [letter(FIRST), letter(SECOND)], PATIENCE_S).run() == {}

    for name in (FIRST, SECOND):
        matcher.publish(result_topic(name), MARKER)
    # Two subscriptions fit: Mosquitto delivers once for each.
    assert set(arrived(first)) == {b"list 1 of kiosk-01"}
    assert set(arrived(second)) == {b"list 1 of kiosk-02"}


def test_more_lists_than_the_window_all_arrive(link: LinkSettings, visit: Visit) -> None:
    first = visit(FIRST)
    first.subscribe(result_topic(FIRST))
    many = [letter(f"kiosk-{number:03}") for number in range(60)]

    assert Sending(link, [*many, letter(FIRST)], PATIENCE_S).run() == {}
    assert first.next("arrived")[1] == b"list 1 of kiosk-01"


def test_who_sends_lists_reads_nothing(link: LinkSettings, visit: Visit) -> None:
    sender, kiosk, matcher = visit(SENDER), visit(FIRST), visit(MATCHER)
    kiosk.subscribe(result_topic(FIRST))
    matcher.subscribe(ALL_REQUESTS)
    for topic in (ALL_REQUESTS, ALL_STATUS, "greenline/1/result/+", "#"):
        sender.subscribe(topic)

    kiosk.publish(request_topic(FIRST), b"request")
    matcher.publish(result_topic(FIRST), b"result")
    assert matcher.next("arrived")[1] == b"request"
    assert kiosk.next("arrived")[1] == b"result"
    assert sender.publish(request_topic(FIRST), b"asks") == "Not authorized"
    # There is no marker that it could hear; but what was sent to it came before this answer.
    sender.subscribe("greenline/1/nothing")
    assert sender.heard["arrived"].empty()


def test_a_kiosk_cannot_send_lists(broker: Broker, visit: Visit) -> None:
    first, second, matcher = visit(FIRST), visit(SECOND), visit(MATCHER)
    second.subscribe(result_topic(SECOND))

    assert first.publish(result_topic(SECOND), b"a list") == "Not authorized"
    matcher.publish(result_topic(SECOND), MARKER)
    assert arrived(second) == []


def test_what_the_broker_refuses_is_told(link: LinkSettings, broker: Broker) -> None:
    access = broker.folder / "access.conf"
    now = datetime.datetime.now(datetime.UTC)
    keep(broker.folder, "other", broker.authority.issue_client("other", now, days=1))
    other = LinkSettings(
        "127.0.0.1",
        "other",
        broker.folder / "ca.pem",
        broker.folder / "other.pem",
        broker.folder / "other.key",
        broker.port,
    )

    assert SENDER in access.read_text()
    assert Sending(other, [letter(FIRST)], PATIENCE_S).run() == {FIRST: "Not authorized"}


def test_a_broker_that_is_not_there_is_told(link: LinkSettings, broker: Broker) -> None:
    nowhere = settings(broker.folder, free_port())

    assert Sending(nowhere, [letter(FIRST), letter(SECOND)], 1.0).run() == dict.fromkeys(
        (FIRST, SECOND), "there is no broker at this address"
    )


def test_a_matcher_with_a_name_that_leaves_no_room_is_told() -> None:
    with pytest.raises(MalformedError, match="is not a name"):
        operators_client("m" * 30)
