"""Every reason code of the standard, said by a broker, does what its line in the table says."""

from collections.abc import Iterator

import msgspec
import pytest

from greenline.cli.site import KIOSK, Site
from greenline.link.reasons import Packet, Reaction, reason
from greenline.link.settings import Broker, LinkSettings
from tests.link.conftest import RunningLink, StartLink
from tests.link.packets import connack, disconnect
from tests.link.scripted_broker import Script, ScriptedBroker

REQUEST_TOPIC = f"greenline/1/request/{KIOSK}"
RESULT_TOPIC = f"greenline/1/result/{KIOSK}"

# OASIS MQTT 5.0, 3.2.2.2, 3.4.2.1, 3.9.3, 3.14.2.1: what a server may say.
CONNACK_CODES = {
    0x80: "Unspecified error", 0x81: "Malformed packet", 0x82: "Protocol error",
    0x83: "Implementation specific error", 0x84: "Unsupported protocol version",
    0x85: "Client identifier not valid", 0x86: "Bad user name or password",
    0x87: "Not authorized", 0x88: "Server unavailable", 0x89: "Server busy", 0x8A: "Banned",
    0x8C: "Bad authentication method", 0x90: "Topic name invalid", 0x95: "Packet too large",
    0x97: "Quota exceeded", 0x99: "Payload format invalid", 0x9A: "Retain not supported",
    0x9B: "QoS not supported", 0x9C: "Use another server", 0x9D: "Server moved",
    0x9F: "Connection rate exceeded",
}  # fmt: skip
PUBACK_CODES = {
    0x80: "Unspecified error", 0x83: "Implementation specific error", 0x87: "Not authorized",
    0x90: "Topic name invalid", 0x91: "Packet identifier in use", 0x97: "Quota exceeded",
    0x99: "Payload format invalid",
}  # fmt: skip
SUBACK_CODES = {
    0x80: "Unspecified error", 0x83: "Implementation specific error", 0x87: "Not authorized",
    0x8F: "Topic filter invalid", 0x91: "Packet identifier in use", 0x97: "Quota exceeded",
    0x9E: "Shared subscriptions not supported", 0xA1: "Subscription identifiers not supported",
    0xA2: "Wildcard subscriptions not supported",
}  # fmt: skip
DISCONNECT_CODES = {
    0x00: "Normal disconnection", 0x80: "Unspecified error", 0x81: "Malformed packet",
    0x82: "Protocol error", 0x83: "Implementation specific error", 0x87: "Not authorized",
    0x89: "Server busy", 0x8B: "Server shutting down", 0x8D: "Keep alive timeout",
    0x8E: "Session taken over", 0x8F: "Topic filter invalid", 0x90: "Topic name invalid",
    0x93: "Receive maximum exceeded", 0x94: "Topic alias invalid", 0x95: "Packet too large",
    0x96: "Message rate too high", 0x97: "Quota exceeded", 0x98: "Administrative action",
    0x99: "Payload format invalid", 0x9A: "Retain not supported", 0x9B: "QoS not supported",
    0x9C: "Use another server", 0x9D: "Server moved",
    0x9E: "Shared subscriptions not supported", 0x9F: "Connection rate exceeded",
    0xA0: "Maximum connect time", 0xA1: "Subscription identifiers not supported",
    0xA2: "Wildcard subscriptions not supported",
}  # fmt: skip


@pytest.fixture
def scripted(site: Site) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(site.folder) as broker:
        yield broker


@pytest.fixture
def settings(scripted: ScriptedBroker, kiosk_settings: LinkSettings) -> LinkSettings:
    return msgspec.structs.replace(kiosk_settings, port=scripted.port)


def down(kiosk: RunningLink) -> str:
    return str(kiosk.heard.next("down")[1])


@pytest.mark.parametrize(
    ("packet", "codes"),
    [
        (Packet.CONNACK, CONNACK_CODES),
        (Packet.PUBACK, PUBACK_CODES),
        (Packet.SUBACK, SUBACK_CODES),
        (Packet.DISCONNECT, DISCONNECT_CODES),
    ],
)
def test_the_table_knows_every_code_of_the_standard(packet: Packet, codes: dict[int, str]) -> None:
    assert {code: reason(packet, code).name for code in codes} == codes
    assert all(reason(packet, code).words for code in codes)


def test_a_code_that_nobody_knows_is_an_unspecified_error() -> None:
    assert reason(Packet.CONNACK, 0xEE) == reason(Packet.CONNACK, 0x80)


def test_what_no_waiting_cures_says_whom_to_call() -> None:
    told = [
        reason(packet, code)
        for packet, codes in (
            (Packet.CONNACK, CONNACK_CODES),
            (Packet.PUBACK, PUBACK_CODES),
            (Packet.SUBACK, SUBACK_CODES),
            (Packet.DISCONNECT, DISCONNECT_CODES),
        )
        for code in codes
        if reason(packet, code).reaction is Reaction.TECHNICIAN
    ]

    assert len(told) > 20
    assert all("call a technician" in each.advice for each in told)


def test_each_code_of_a_connack_is_told_counted_and_tried_again(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    for code in CONNACK_CODES:
        scripted.script = Script(connack=connack(code, reason="as the script says"))
        kiosk = start_link(settings, [RESULT_TOPIC])
        assert down(kiosk) == str(reason(Packet.CONNACK, code))
        assert down(kiosk) == str(reason(Packet.CONNACK, code))
        kiosk.stop()
        assert kiosk.link.counts().refused[f"CONNACK 0x{code:02X}"] >= 2
        assert kiosk.link.counts().connections == 0


def test_each_code_of_a_suback_ends_the_connection_with_its_words(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    for code in SUBACK_CODES:
        scripted.script = Script(suback=code)
        kiosk = start_link(settings, [RESULT_TOPIC])
        assert down(kiosk) == str(reason(Packet.SUBACK, code))
        kiosk.stop()
        assert kiosk.link.counts().refused[f"SUBACK 0x{code:02X}"] >= 1


def test_each_code_of_a_disconnect_is_told_and_the_link_comes_back(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    for code in DISCONNECT_CODES:
        scripted.script = Script(after=disconnect(code))
        kiosk = start_link(settings, [RESULT_TOPIC])
        kiosk.heard.next("up")
        assert down(kiosk) == str(reason(Packet.DISCONNECT, code))
        scripted.script = Script()
        kiosk.heard.next("up")
        kiosk.stop()
        assert kiosk.link.counts().refused[f"DISCONNECT 0x{code:02X}"] >= 1


def test_each_refusal_of_a_message_is_told_and_the_connection_stands(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    for code in PUBACK_CODES:
        scripted.script = Script(puback=code)
        kiosk.link.publish(b"token", REQUEST_TOPIC, b"sealed", 60)
        assert kiosk.heard.next("published") == (
            "published", b"token", reason(Packet.PUBACK, code).words,
        )  # fmt: skip
    kiosk.stop()

    assert kiosk.link.counts().refused == {f"PUBACK 0x{code:02X}": 1 for code in PUBACK_CODES}
    assert kiosk.link.counts().published == 0
    assert scripted.connections == 1


def test_a_message_that_nobody_listens_to_is_taken_and_told_where_that_matters(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    scripted.script = Script(puback=0x10)
    matcher = start_link(settings, [RESULT_TOPIC])
    matcher.heard.next("up")
    matcher.link.publish(b"answer", RESULT_TOPIC, b"sealed", 60)
    assert matcher.heard.next("published") == ("published", b"answer", "")
    matcher.stop()

    uplink = start_link(settings, [RESULT_TOPIC], nobody_listens="no matcher listens")
    uplink.heard.next("up")
    uplink.link.publish(b"request", REQUEST_TOPIC, b"sealed", 60)

    assert uplink.heard.next("published") == ("published", b"request", "no matcher listens")
    assert uplink.link.counts().unheard == uplink.link.counts().published == 1


def test_we_go_where_a_broker_sends_us_if_it_is_one_of_ours(
    site: Site, scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    with ScriptedBroker(site.folder) as second, ScriptedBroker(site.folder) as third:
        others = (Broker("127.0.0.1", second.port), Broker("127.0.0.1", third.port))
        scripted.script = Script(connack=connack(0x9C, server_reference=f"127.0.0.1:{third.port}"))
        kiosk = start_link(msgspec.structs.replace(settings, others=others), [RESULT_TOPIC])
        kiosk.heard.next("up")
        kiosk.stop()

        assert (second.connections, third.connections) == (0, 1)


@pytest.mark.parametrize("code", [0x9C, 0x9D])
def test_we_never_go_to_a_stranger_that_a_broker_sends_us_to(
    site: Site, scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink, code: int
) -> None:
    with ScriptedBroker(site.folder) as stranger:
        scripted.script = Script(
            connack=connack(code, server_reference=f"127.0.0.1:{stranger.port}")
        )
        kiosk = start_link(settings, [RESULT_TOPIC])
        for _ in range(3):
            kiosk.heard.next("down")
        kiosk.stop()

        assert stranger.connections == 0
