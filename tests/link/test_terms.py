"""What a broker lays down when it lets us in, and how long we wait for one that goes silent."""

import time
from collections.abc import Iterator

import msgspec
import pytest

from greenline.cli.site import KIOSK, Site
from greenline.link.connection import NotConnectedError
from greenline.link.settings import LinkSettings
from greenline.link.terms import publish_bytes
from tests.link.conftest import StartLink
from tests.link.packets import CONNECT, PINGREQ, PUBLISH, connack, disconnect, packet
from tests.link.scripted_broker import Script, ScriptedBroker

REQUEST_TOPIC = f"greenline/1/request/{KIOSK}"
RESULT_TOPIC = f"greenline/1/result/{KIOSK}"


@pytest.fixture
def scripted(site: Site) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(site.folder) as broker:
        yield broker


@pytest.fixture
def settings(scripted: ScriptedBroker, kiosk_settings: LinkSettings) -> LinkSettings:
    """Return settings with the shortest times there are."""
    return msgspec.structs.replace(
        kiosk_settings, port=scripted.port, keepalive_s=1, connect_timeout_s=1.0
    )


@pytest.mark.parametrize("payload_bytes", [0, 80, 90, 16_300, 16_400, 131_072])
def test_the_size_of_a_message_is_known_before_it_is_sent(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink, payload_bytes: int
) -> None:
    kiosk = start_link(settings, [])
    kiosk.heard.next("up")

    kiosk.link.publish(b"token", REQUEST_TOPIC, bytes(payload_bytes), 60)

    came = scripted.next(PUBLISH)
    assert publish_bytes(REQUEST_TOPIC, payload_bytes) == len(packet(came.first, came.body))


def test_what_is_larger_than_the_broker_takes_is_refused_before_it_is_sent(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    largest = publish_bytes(REQUEST_TOPIC, 100)
    scripted.script = Script(connack=connack(maximum_packet_size=largest))
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    kiosk.link.publish(b"large", REQUEST_TOPIC, bytes(101), 60)
    kiosk.link.publish(b"fits", REQUEST_TOPIC, bytes(100), 60)

    told = {kiosk.heard.next("published") for _ in range(2)}
    words = f"{largest + 1} bytes are more than this broker takes ({largest})"
    assert told == {("published", b"large", words), ("published", b"fits", "")}
    assert scripted.publishes == 1


def test_a_broker_that_takes_one_at_a_time_gets_one_at_a_time(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    scripted.script = Script(connack=connack(receive_maximum=1), puback=None)
    kiosk = start_link(settings, [RESULT_TOPIC])
    assert kiosk.heard.next("up") == ("up", 1)

    kiosk.link.publish(b"1", REQUEST_TOPIC, b"sealed", 60)

    with pytest.raises(NotConnectedError):
        kiosk.link.publish(b"2", REQUEST_TOPIC, b"sealed", 60, urgent=True)


def test_a_new_link_begins_with_two_messages_and_a_person_goes_before_the_rest(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    scripted.script = Script(puback=None)
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    for number in range(5):
        kiosk.link.publish(b"token", REQUEST_TOPIC, b"backlog %d" % number, 60)
    kiosk.link.publish(b"token", REQUEST_TOPIC, b"a person waits", 60, urgent=True)

    came = [scripted.next(PUBLISH).body for _ in range(3)]

    assert [body[-9:] for body in came] == [b"backlog 0", b"backlog 1", b"son waits"]


@pytest.mark.parametrize(("code", "at_once"), [(0xA0, 16), (0x89, 2)])
def test_only_after_a_long_outage_or_where_it_is_busy_a_link_begins_with_little(
    scripted: ScriptedBroker,
    settings: LinkSettings,
    start_link: StartLink,
    code: int,
    at_once: int,
) -> None:
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    scripted.script = Script(puback=None)
    scripted.say(disconnect(code))
    kiosk.heard.next("up")

    for number in range(16):
        kiosk.link.publish(b"token", REQUEST_TOPIC, b"%02d" % number, 60)

    kiosk.heard.next("down")  # nothing is confirmed, so after a second and a half
    came = [each.body for each in list(scripted.came.queue) if each.kind == PUBLISH]
    assert [body[-2:] for body in came] == [b"%02d" % number for number in range(at_once)]


def test_a_broker_without_confirmations_is_of_no_use(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    scripted.script = Script(connack=connack(maximum_qos=0))
    kiosk = start_link(settings, [RESULT_TOPIC])

    assert "does not confirm messages" in str(kiosk.heard.next("down")[1])


@pytest.mark.parametrize("theirs", [0, 600])
def test_the_line_is_tested_in_time_whatever_the_broker_wishes(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink, theirs: int
) -> None:
    scripted.script = Script(connack=connack(server_keep_alive=theirs))
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    assert scripted.next(PINGREQ, timeout_s=5).kind == PINGREQ


def test_a_broker_that_wishes_to_hear_from_us_more_often_does(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    scripted.script = Script(connack=connack(server_keep_alive=1))
    kiosk = start_link(msgspec.structs.replace(settings, keepalive_s=600), [RESULT_TOPIC])
    kiosk.heard.next("up")

    assert scripted.next(PINGREQ, timeout_s=5).kind == PINGREQ


def test_a_dead_line_is_noticed_after_twice_the_keepalive(
    scripted: ScriptedBroker,
    settings: LinkSettings,
    kiosk_settings: LinkSettings,
    start_link: StartLink,
) -> None:
    """So with 20 s, the default, after 42 s; what is on its way unacknowledged, after 15 s."""
    scripted.script = Script(pingresp=False)
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    began = time.monotonic()

    assert kiosk.heard.next("down")[1] == "the line is dead: nothing came back"
    assert time.monotonic() - began < 2 * settings.keepalive_s + 2.5
    assert 2 * kiosk_settings.keepalive_s + 2 <= 45


@pytest.mark.parametrize("script", [Script(connack=None), Script(suback=None)])
def test_a_broker_that_never_answers_is_given_up(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink, script: Script
) -> None:
    scripted.script = script
    kiosk = start_link(settings, [RESULT_TOPIC])

    assert kiosk.heard.next("down", timeout_s=10)[1] == "the broker does not answer"


def test_a_broker_that_takes_messages_and_confirms_none_is_given_up(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    scripted.script = Script(puback=None)
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    kiosk.link.publish(b"token", REQUEST_TOPIC, b"sealed", 60)

    assert kiosk.heard.next("down", timeout_s=10)[1] == (
        "the broker takes messages and does not confirm them"
    )


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff\xff\xff\xff\xff",  # no packet at all
        packet(0x20, b"\x00"),  # a CONNACK cut short
        packet(0x40, b"\x00"),  # a PUBACK cut short
        packet(0x20, b"\x00\xee\x00"),  # a code that nobody knows
        connack(),  # a second welcome
        packet(0x32, b"\x00\x02\xff\xfe\x00\x01\x00"),  # a topic that is no text
        b"\x32\xff\xff\xff\x7f",  # a message of 256 MB
    ],
)
def test_a_broker_that_talks_nonsense_is_told_and_left(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink, garbage: bytes
) -> None:
    scripted.script = Script(after=garbage)
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    assert "no proper broker" in str(kiosk.heard.next("down")[1])
    scripted.script = Script()
    kiosk.heard.next("up")


def test_the_broker_is_told_what_we_take(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    body = scripted.next(CONNECT).body

    assert b"\x27" + (262_144).to_bytes(4) in body  # Maximum Packet Size
    assert b"\x21" + (16).to_bytes(2) in body  # Receive Maximum


def test_round_trips_and_bytes_are_counted(
    scripted: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    for _ in range(3):
        kiosk.link.publish(b"token", REQUEST_TOPIC, bytes(1000), 60)
        kiosk.heard.next("published")
    scripted.next(PINGREQ)  # a second later
    counts = kiosk.link.counts()

    assert (counts.connections, counts.published, counts.refused) == (1, 3, {})
    assert counts.window == 5
    assert counts.rtt_last_s is not None
    assert counts.rtt_smoothed_s is not None
    assert 0 < counts.rtt_last_s < 5
    assert 0 < counts.rtt_smoothed_s < 5
    assert 3 * 1000 < counts.bytes_out < 12_000
    assert 0 < counts.bytes_in < 12_000
