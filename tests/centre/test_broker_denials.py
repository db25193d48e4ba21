"""What a hostile kiosk tries at the real Mosquitto: it is not delivered, and what is right is."""

import datetime
import queue
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from paho.mqtt.client import Client, MQTTMessage

from greenline.centre.certificates import Credential
from greenline.cli.children import Child
from greenline.cli.site import find_mosquitto
from greenline.protocol.topics import (
    ALL_REQUESTS,
    ALL_STATUS,
    request_topic,
    result_topic,
    status_topic,
)
from tests.centre.conftest import FIRST, MATCHER, SECOND, Broker, Visit, Visitor, free_port, keep
from tests.centre.test_broker import NOT_AUTHORIZED, arrived

QUEUED, ON_THE_WAY = 2000, 512
"""What the shipped configuration lets wait for one client."""


def test_a_kiosks_status_reaches_the_matcher_and_nobody_else(visit: Visit) -> None:
    matcher, kiosk, spy = visit(MATCHER), visit(FIRST), visit(SECOND)
    matcher.subscribe(ALL_STATUS)
    spy.subscribe(ALL_STATUS)
    spy.subscribe(status_topic(FIRST))
    spy.subscribe(result_topic(SECOND))

    assert kiosk.publish(status_topic(FIRST), b"status") == "Success"
    assert matcher.next("arrived") == (status_topic(FIRST), b"status")
    matcher.publish(result_topic(SECOND), b"marker")

    assert arrived(spy, b"marker") == []


def test_nobody_speaks_on_the_status_topic_of_another(visit: Visit) -> None:
    matcher, kiosk = visit(MATCHER), visit(FIRST)
    matcher.subscribe(ALL_STATUS)

    assert kiosk.publish(status_topic(SECOND), b"forged") == NOT_AUTHORIZED
    assert matcher.publish(status_topic(FIRST), b"forged") == NOT_AUTHORIZED
    kiosk.publish(status_topic(FIRST), b"marker")

    assert arrived(matcher, b"marker") == []


def test_a_kiosk_hears_no_request_not_even_its_own(visit: Visit) -> None:
    matcher, kiosk = visit(MATCHER), visit(FIRST)
    matcher.subscribe(ALL_REQUESTS)
    for topic in (request_topic(FIRST), status_topic(FIRST), result_topic(FIRST)):
        kiosk.subscribe(topic)

    kiosk.publish(request_topic(FIRST), b"request")
    kiosk.publish(status_topic(FIRST), b"status")
    assert matcher.next("arrived")[1] == b"request"
    matcher.publish(result_topic(FIRST), b"marker")

    assert arrived(kiosk, b"marker") == []


@pytest.mark.parametrize("group", ["thieves", MATCHER])
def test_strangers_in_a_shared_subscription_swallow_not_one_of_many_requests(
    visit: Visit, group: str
) -> None:
    """Also those that came before the matcher: it subscribes to no share that could be joined."""
    thieves = [visit(SECOND)]
    for thief in thieves:
        thief.subscribe(f"$share/{group}/{ALL_REQUESTS}")
        thief.subscribe(f"$share/{group}/#")
        thief.subscribe(result_topic(SECOND))
    matcher, kiosk = visit(MATCHER), visit(FIRST)
    matcher.subscribe(ALL_REQUESTS)

    for number in range(100):
        assert kiosk.publish(request_topic(FIRST), b"%d" % number) == "Success"
    found = [matcher.next("arrived")[1] for _ in range(100)]
    matcher.publish(result_topic(SECOND), b"marker")

    assert found == [b"%d" % number for number in range(100)]
    assert arrived(thieves[0], b"marker") == []


def test_a_stranger_in_a_shared_subscription_to_results_swallows_none(visit: Visit) -> None:
    thief, kiosk, matcher = visit(SECOND), visit(FIRST), visit(MATCHER)
    thief.subscribe(f"$share/{FIRST}/{result_topic(FIRST)}")
    thief.subscribe(result_topic(SECOND))
    kiosk.subscribe(result_topic(FIRST))

    for number in range(100):
        matcher.publish(result_topic(FIRST), b"%d" % number)
    found = [kiosk.next("arrived")[1] for _ in range(100)]
    matcher.publish(result_topic(SECOND), b"marker")

    assert found == [b"%d" % number for number in range(100)]
    assert arrived(thief, b"marker") == []


def test_the_brokers_own_state_is_told_to_nobody_whom_the_list_does_not_name(
    broker: Broker, visit: Visit
) -> None:
    """On a broker that is made to tell it, and to tell one client, so that the test can fail."""
    configuration, port = broker.folder / "mosquitto.conf", free_port()
    text = configuration.read_text()
    assert "sys_interval 0\n" in text
    telling = broker.folder / "telling.conf"
    telling.write_text(
        text.replace("sys_interval 0", "sys_interval 1").replace(str(broker.port), str(port))
    )
    rules = broker.folder / "access.conf"
    rules.write_text(rules.read_text() + f"\nuser {SECOND}\ntopic read $SYS/#\n")
    child = Child("telling", [find_mosquitto(), "-c", str(telling)], broker.folder / "telling.log")
    try:
        child.wait_for(lambda event: event["event"].endswith("running"), "running", 15)
        told, spy = visit(SECOND, port=port), visit(FIRST, port=port)
        matcher = visit(MATCHER, port=port)
        spy.subscribe(result_topic(FIRST))
        for visitor in (spy, told):
            visitor.subscribe("$SYS/#")

        for _ in range(20):
            assert str(told.next("arrived")[0]).startswith("$SYS/broker/")
        matcher.publish(result_topic(FIRST), b"marker")
        assert arrived(spy, b"marker") == []
    finally:
        child.stop()


def test_a_last_will_that_should_be_kept_is_refused_at_once(visit: Visit) -> None:
    said = visit(FIRST, will=(request_topic(FIRST), b"to stay"), retain_will=True, up=False)

    assert said.next("up") == ("Retain not supported",)


@pytest.mark.parametrize("name", ["+", "#", f"{FIRST}/#", f"../{FIRST}", ""])
def test_a_certificate_whose_name_could_be_a_rule_hears_and_says_nothing(
    broker: Broker, visit: Visit, name: str
) -> None:
    """No authority of ours issues it; should one ever, the broker's patterns still hold."""
    keep(broker.folder, "odd", certificate_of(broker, name))
    matcher, kiosk = visit(MATCHER), visit(FIRST)
    matcher.subscribe(ALL_REQUESTS)
    kiosk.subscribe(result_topic(FIRST))
    odd = visit("odd", up=False)
    if odd.next("up") == ("Success",):
        for topic in ("#", result_topic(FIRST), "greenline/1/result/+"):
            odd.subscribe(topic)
        odd.publish(request_topic(FIRST), b"forged")

    kiosk.publish(request_topic(FIRST), b"marker")
    matcher.publish(result_topic(FIRST), b"for the first")

    assert arrived(matcher, b"marker") == []
    assert kiosk.next("arrived")[1] == b"for the first"
    assert odd.heard["arrived"].empty()


def certificate_of(broker: Broker, name: str) -> Credential:
    """Sign a client's certificate without any look at its name."""
    now, key = datetime.datetime.now(datetime.UTC), ec.generate_private_key(ec.SECP256R1())
    authority = broker.authority.credential
    names = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []
    signed = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return Credential(signed, key)


def test_a_flood_of_one_kiosk_takes_bounded_room_and_another_is_heard_after_it(
    visit: Visit,
) -> None:
    """While the matcher acknowledges nothing, 3,000 requests come: 2,512 at most are kept."""
    matcher, loud, quiet = visit(MATCHER), visit(FIRST), visit(SECOND)
    delivered = held_back(matcher)
    matcher.subscribe(ALL_REQUESTS)
    for _ in range(3_000):
        loud.client.publish(request_topic(FIRST), bytes(100), 1)
    for _ in range(3_000):
        loud.next("published")

    kept, offers = 0, 0
    while True:
        if kept >= offers * 500:  # as a kiosk does: what got no answer is offered again
            quiet.client.publish(request_topic(SECOND), b"request", 1)
            offers += 1
        mid, payload = delivered.get(timeout=15)
        matcher.client.ack(mid, 1)
        if payload == b"request":
            break
        kept += 1

    assert kept <= QUEUED + ON_THE_WAY
    assert offers > 1, "the first offer found the queue full, or the flood was none"


def held_back(visitor: Visitor) -> "queue.Queue[tuple[int, bytes]]":
    """Let a client acknowledge nothing by itself."""
    delivered: queue.Queue[tuple[int, bytes]] = queue.Queue()

    def on_message(_client: Client, _data: Any, message: MQTTMessage) -> None:
        delivered.put((message.mid, bytes(message.payload)))

    visitor.client.manual_ack_set(True)
    visitor.client.on_message = on_message
    return delivered
