"""The broker's configuration, tried on the real Mosquitto: who gets in, and what passes."""

import contextlib
import datetime
import socket
import ssl
from pathlib import Path

import pytest

from greenline.centre.broker import write_configuration
from greenline.centre.certificates import CertificateAuthority
from greenline.protocol.errors import MalformedError
from greenline.protocol.topics import ALL_REQUESTS, request_topic, result_topic
from tests.centre.conftest import FIRST, MATCHER, SECOND, Broker, Visit, Visitor, handshake, keep

NOT_AUTHORIZED = "Not authorized"


def read_once(port: int, context: ssl.SSLContext) -> bytes:
    with contextlib.closing(handshake(port, context)) as secure:
        return secure.recv(1)


def arrived(visitor: Visitor, marker: bytes) -> list[tuple[object, ...]]:
    """Everything that arrived before the marker: what was kept from it would have come earlier."""
    found = []
    while (event := visitor.next("arrived"))[1] != marker:
        found.append(event)
    return found


def test_a_client_of_tls_1_2_is_refused(broker: Broker) -> None:
    context = broker.context(FIRST)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        read_once(broker.port, context)


def test_a_client_of_tls_1_3_gets_in(broker: Broker) -> None:
    with contextlib.closing(handshake(broker.port, broker.context(FIRST))) as secure:
        assert secure.version() == "TLSv1.3"


def test_a_client_without_a_certificate_is_refused(broker: Broker) -> None:
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
        read_once(broker.port, broker.context())


def test_a_certificate_of_another_root_of_the_same_name_is_refused(broker: Broker) -> None:
    now = datetime.datetime.now(datetime.UTC)
    stranger = CertificateAuthority.create("Test root", now)
    keep(broker.folder, "stranger", stranger.issue_client(FIRST, now))

    with pytest.raises(ssl.SSLError, match=r"DECRYPT_ERROR|UNKNOWN_CA"):
        read_once(broker.port, broker.context("stranger"))


def test_an_expired_certificate_is_refused(broker: Broker) -> None:
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=3)
    keep(broker.folder, "expired", broker.authority.issue_client(FIRST, past, days=1))

    with pytest.raises(ssl.SSLError, match="CERTIFICATE_EXPIRED"):
        read_once(broker.port, broker.context("expired"))


def test_the_brokers_own_certificate_opens_no_client_connection(broker: Broker) -> None:
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_CERTIFICATE"):
        read_once(broker.port, broker.context("broker"))


def test_plain_text_is_not_spoken(broker: Broker) -> None:
    connect = bytes.fromhex("100d00044d5154540502003c000000")  # MQTT 5, clean start, no name
    with contextlib.closing(socket.create_connection(("127.0.0.1", broker.port), 15)) as plain:
        plain.sendall(connect)
        with pytest.raises(ConnectionResetError):
            plain.recv(64)


def test_a_request_reaches_the_matcher_and_a_result_its_kiosk(visit: Visit) -> None:
    matcher, kiosk = visit(MATCHER), visit(FIRST)
    matcher.subscribe(ALL_REQUESTS)
    kiosk.subscribe(result_topic(FIRST))

    assert kiosk.publish(request_topic(FIRST), b"request") == "Success"
    assert matcher.next("arrived") == (request_topic(FIRST), b"request")
    assert matcher.publish(result_topic(FIRST), b"result") == "Success"
    assert kiosk.next("arrived") == (result_topic(FIRST), b"result")


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_kiosk_speaks_on_its_own_request_topic_alone(visit: Visit, qos: int) -> None:
    matcher, kiosk, other = visit(MATCHER), visit(FIRST), visit(SECOND)
    for visitor in (matcher, other):
        visitor.subscribe("#")

    for topic in (
        request_topic(SECOND),
        result_topic(SECOND),
        result_topic(FIRST),
        "greenline/1/request",
        f"greenline/1/request/{FIRST}/deeper",
        "anything",
    ):
        kiosk.publish(topic, b"forged", qos)
    kiosk.publish(request_topic(FIRST), b"marker")
    matcher.publish(result_topic(SECOND), b"marker")

    assert arrived(matcher, b"marker") == []
    assert arrived(other, b"marker") == []


def test_what_is_not_allowed_is_refused_in_so_many_words(visit: Visit) -> None:
    kiosk, matcher = visit(FIRST), visit(MATCHER)

    assert kiosk.publish(request_topic(SECOND), b"forged") == NOT_AUTHORIZED
    assert kiosk.publish(result_topic(FIRST), b"forged") == NOT_AUTHORIZED
    assert matcher.publish(request_topic(FIRST), b"forged") == NOT_AUTHORIZED


@pytest.mark.parametrize(
    "topic",
    [
        "#",
        "greenline/1/result/+",
        result_topic(FIRST),
        ALL_REQUESTS,
        f"$share/thieves/{ALL_REQUESTS}",
        f"$share/thieves/{result_topic(FIRST)}",
    ],
)
def test_a_kiosk_hears_nothing_of_another(visit: Visit, topic: str) -> None:
    """Mosquitto grants the subscription and then delivers nothing: proved by non-delivery."""
    matcher, kiosk, spy = visit(MATCHER), visit(FIRST), visit(SECOND)
    matcher.subscribe(ALL_REQUESTS)
    kiosk.subscribe(result_topic(FIRST))
    spy.subscribe(result_topic(SECOND))
    spy.subscribe(topic)

    kiosk.publish(request_topic(FIRST), b"request of the first")
    assert matcher.next("arrived")[1] == b"request of the first"
    matcher.publish(result_topic(FIRST), b"result of the first")
    assert kiosk.next("arrived")[1] == b"result of the first"
    matcher.publish(result_topic(SECOND), b"marker")

    assert arrived(spy, b"marker") == []


def test_a_kiosk_that_takes_the_matchers_client_id_disturbs_nobody(visit: Visit) -> None:
    matcher = visit(MATCHER)
    matcher.subscribe(ALL_REQUESTS)
    kiosk = visit(FIRST)

    thief = visit(SECOND, client_id=MATCHER)
    kiosk.publish(request_topic(FIRST), b"request")

    assert matcher.next("arrived")[1] == b"request"
    assert thief.client.is_connected()
    assert matcher.client.is_connected()


def test_a_certificate_has_one_session_however_many_ids_it_gives(visit: Visit) -> None:
    first = visit(FIRST, client_id="one")

    second = visit(FIRST, client_id="two")

    first.next("down")
    assert second.client.is_connected()


def test_a_retained_message_is_refused_and_kept_for_nobody(visit: Visit) -> None:
    kiosk, matcher = visit(FIRST), visit(MATCHER)

    kiosk.client.publish(request_topic(FIRST), b"to stay", 1, retain=True)
    assert kiosk.next("down") == ("Retain not supported",)

    matcher.subscribe(ALL_REQUESTS)
    visit(FIRST).publish(request_topic(FIRST), b"marker")
    assert arrived(matcher, b"marker") == []


def test_the_largest_request_passes_and_a_larger_packet_ends_its_connection(visit: Visit) -> None:
    matcher, kiosk = visit(MATCHER), visit(FIRST)
    matcher.subscribe(ALL_REQUESTS)

    largest = bytes(128 * 1024)
    assert kiosk.publish(request_topic(FIRST), largest) == "Success"
    assert matcher.next("arrived")[1] == largest

    kiosk.client.publish(request_topic(FIRST), bytes(150_000), 1)
    kiosk.next("down")
    visit(SECOND).publish(request_topic(SECOND), b"marker")
    assert arrived(matcher, b"marker") == []


def test_a_kiosks_last_will_cannot_speak_for_another(visit: Visit) -> None:
    matcher = visit(MATCHER)
    matcher.subscribe(ALL_REQUESTS)
    dying = visit(FIRST, will=(request_topic(SECOND), b"forged will"))

    visit(FIRST)  # takes over, which ends the other without a farewell: its will is due
    dying.next("down")
    visit(SECOND).publish(request_topic(SECOND), b"marker")

    assert arrived(matcher, b"marker") == []


def test_a_last_will_on_its_own_topic_does_pass(visit: Visit) -> None:
    """So that the test above is known to be able to fail."""
    matcher = visit(MATCHER)
    matcher.subscribe(ALL_REQUESTS)
    visit(FIRST, will=(request_topic(FIRST), b"own will"))

    visit(FIRST)

    assert matcher.next("arrived") == (request_topic(FIRST), b"own will")


def test_a_matcher_whose_name_could_be_a_rule_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="is not a name"):
        write_configuration(tmp_path, 1, "matcher\ntopic readwrite #")
    assert list(tmp_path.iterdir()) == []
