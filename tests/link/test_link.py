"""The link over the real broker: each trap of paho-mqtt that could cost a message or a second."""

import datetime
import os
import signal
import socket
from pathlib import Path

import msgspec
import pytest

from greenline.centre.certificates import CertificateAuthority
from greenline.cli.children import Child
from greenline.cli.site import KIOSK, MATCHER, Site
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.settings import LinkError, LinkSettings, backoff_ceiling, tls_context
from tests.link.conftest import Recorder, StartLink

REQUEST_TOPIC = f"greenline/1/request/{KIOSK}"
RESULT_TOPIC = f"greenline/1/result/{KIOSK}"
ALL_REQUESTS = "greenline/1/request/+"

# paho leaves the socket of a failed TLS handshake to the garbage collector, which closes it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


def use(settings: LinkSettings, **changed: object) -> LinkSettings:
    return msgspec.structs.replace(settings, **changed)


def test_a_message_goes_from_kiosk_to_matcher_and_is_confirmed(
    broker: Child,
    start_link: StartLink,
    kiosk_settings: LinkSettings,
    matcher_settings: LinkSettings,
) -> None:
    matcher = start_link(matcher_settings, [ALL_REQUESTS])
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    matcher.heard.next("up")
    kiosk.heard.next("up")

    kiosk.link.publish(b"token", REQUEST_TOPIC, b"sealed", 60)

    assert kiosk.heard.next("published") == ("published", b"token", "")
    _, _, topic, payload = matcher.heard.next("arrived")
    assert (topic, payload) == (REQUEST_TOPIC, b"sealed")


def test_small_messages_are_not_held_back_by_nagle(
    broker: Child, start_link: StartLink, kiosk_settings: LinkSettings
) -> None:
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    assert kiosk.link._now is not None
    sock = kiosk.link._now._client.line()
    assert sock is not None

    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


def test_an_unacknowledged_message_comes_again_and_an_acknowledged_one_does_not(
    broker: Child,
    start_link: StartLink,
    kiosk_settings: LinkSettings,
    matcher_settings: LinkSettings,
) -> None:
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    first = start_link(matcher_settings, [ALL_REQUESTS])
    kiosk.heard.next("up")
    first.heard.next("up")
    kiosk.link.publish(b"1", REQUEST_TOPIC, b"acknowledged", 60)
    _, delivery, _, _ = first.heard.next("arrived")
    assert isinstance(delivery, int)
    first.link.acknowledge(delivery)
    kiosk.link.publish(b"2", REQUEST_TOPIC, b"not acknowledged", 60)
    first.heard.next("arrived")
    first.stop()

    second = start_link(matcher_settings, [ALL_REQUESTS])

    assert second.heard.next("arrived")[3] == b"not acknowledged"
    kiosk.link.publish(b"3", REQUEST_TOPIC, b"after", 60)
    assert second.heard.next("arrived")[3] == b"after"


def test_the_session_outlives_the_process_so_nothing_sent_meanwhile_is_missed(
    broker: Child,
    start_link: StartLink,
    kiosk_settings: LinkSettings,
    matcher_settings: LinkSettings,
) -> None:
    first = start_link(matcher_settings, [ALL_REQUESTS])
    first.heard.next("up")
    first.stop()
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    kiosk.link.publish(b"token", REQUEST_TOPIC, b"while away", 60)
    kiosk.heard.next("published")

    second = start_link(matcher_settings, [ALL_REQUESTS])

    assert second.heard.next("arrived")[3] == b"while away"


def test_a_refusal_by_the_broker_is_told_as_such(
    broker: Child, start_link: StartLink, kiosk_settings: LinkSettings
) -> None:
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    kiosk.link.publish(b"token", "greenline/1/request/another-kiosk", b"sealed", 60)

    assert kiosk.heard.next("published") == ("published", b"token", "Not authorized")


def test_the_brokers_receive_maximum_is_obeyed(
    site: Site, start_link: StartLink, kiosk_settings: LinkSettings
) -> None:
    configuration = site.folder / "mosquitto.conf"
    text = configuration.read_text()
    configuration.write_text(text.replace("max_inflight_messages 512", "max_inflight_messages 3"))
    broker = site.start("broker")
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    assert kiosk.heard.next("up") == ("up", 3)

    os.kill(broker.pid, signal.SIGSTOP)  # from now on nothing is confirmed
    for number in range(3):
        kiosk.link.publish(bytes([number]), REQUEST_TOPIC, b"sealed", 60)
    with pytest.raises(NotConnectedError):
        kiosk.link.publish(b"one too many", REQUEST_TOPIC, b"sealed", 60)
    os.kill(broker.pid, signal.SIGCONT)

    assert [kiosk.heard.next("published")[1] for _ in range(3)] == [b"\0", b"\1", b"\2"]
    kiosk.link.publish(b"now", REQUEST_TOPIC, b"sealed", 60)
    assert kiosk.heard.next("published")[1] == b"now"
    kiosk.stop()
    broker.stop()


def test_after_a_lost_broker_the_link_comes_back_and_floods_nothing(
    site: Site,
    start_link: StartLink,
    kiosk_settings: LinkSettings,
    matcher_settings: LinkSettings,
) -> None:
    broker = site.start("broker")
    kiosk = start_link(kiosk_settings, [RESULT_TOPIC])
    kiosk.heard.next("up")
    os.kill(broker.pid, signal.SIGSTOP)
    for number in range(5):
        kiosk.link.publish(bytes([number]), REQUEST_TOPIC, b"unconfirmed", 60)
    broker.kill()
    kiosk.heard.next("down")

    again = site.start("broker")
    matcher = start_link(matcher_settings, [ALL_REQUESTS])
    matcher.heard.next("up")
    kiosk.heard.next("up")
    kiosk.link.publish(b"fresh", REQUEST_TOPIC, b"offered by us", 60)

    assert matcher.heard.next("arrived")[3] == b"offered by us"
    kiosk.stop()
    matcher.stop()
    again.stop()


def test_without_a_link_nothing_is_taken(kiosk_settings: LinkSettings) -> None:
    link = Link(kiosk_settings, [], Recorder())

    with pytest.raises(NotConnectedError):
        link.publish(b"token", REQUEST_TOPIC, b"sealed", 60)


def test_a_broker_that_is_not_there_is_named_and_tried_again_with_growing_jitter(
    kiosk_settings: LinkSettings,
) -> None:
    heard = Recorder()
    ceilings: list[float] = []

    def jitter(ceiling: float) -> float:
        ceilings.append(ceiling)
        if len(ceilings) == 5:
            link.stop()
        return 0.0

    link = Link(use(kiosk_settings, backoff_longest_s=3.0), [], heard, jitter)
    link.run()

    assert ceilings == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert heard.next("down") == ("down", "there is no broker at this address")


def test_the_ceiling_never_overflows(kiosk_settings: LinkSettings) -> None:
    assert backoff_ceiling(kiosk_settings, 10**6) == 0.5


def test_a_broker_with_a_strangers_certificate_is_refused(
    broker: Child, start_link: StartLink, kiosk_settings: LinkSettings, tmp_path: Path
) -> None:
    stranger = CertificateAuthority.create("Somebody else", datetime.datetime.now(datetime.UTC))
    other = tmp_path / "other-ca.pem"
    other.write_bytes(stranger.credential.certificate_pem)

    kiosk = start_link(use(kiosk_settings, ca=other), [RESULT_TOPIC])

    assert "certificate is not one we trust" in str(kiosk.heard.next("down")[1])


def test_a_client_with_a_strangers_certificate_hears_nothing(
    site: Site, broker: Child, start_link: StartLink, kiosk_settings: LinkSettings
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    forged = CertificateAuthority.create("Greenline demo root", now).issue_client(MATCHER, now)
    (site.folder / "forged.pem").write_bytes(forged.certificate_pem)
    (site.folder / "forged.key").write_bytes(forged.key_pem)
    settings = use(
        kiosk_settings,
        certificate=site.folder / "forged.pem",
        key=site.folder / "forged.key",
        client_id="forger",
    )

    forger = start_link(settings, [ALL_REQUESTS])

    assert forger.heard.next("down")[0] == "down"
    assert not any(event[0] == "up" for event in list(forger.heard.events.queue))


@pytest.mark.parametrize("name", ["ca", "certificate", "key"])
def test_a_missing_file_is_named_with_what_to_do(
    kiosk_settings: LinkSettings, tmp_path: Path, name: str
) -> None:
    settings = use(kiosk_settings, **{name: tmp_path / "nowhere.pem"})

    with pytest.raises(LinkError, match=r"nowhere\.pem is missing: enrol"):
        tls_context(settings)


def test_a_key_that_does_not_fit_its_certificate_is_refused(
    kiosk_settings: LinkSettings, matcher_settings: LinkSettings
) -> None:
    with pytest.raises(LinkError, match="enrol this device again"):
        tls_context(use(kiosk_settings, key=matcher_settings.key))
