"""A matcher at two real brokers: a kiosk that changes from one to the other gets its answers."""

import socket
from collections.abc import Iterator
from threading import Thread

import msgspec
import pytest

from greenline.cli.children import Child, started
from greenline.cli.configuration import read_configuration
from greenline.cli.site import Site, find_mosquitto
from greenline.firmware.config import UplinkConfig
from greenline.link.link import Link
from greenline.link.settings import Broker, LinkSettings
from greenline.matcher.answering import Answering
from greenline.matcher.config import MatcherConfig
from greenline.protocol.messages import Outcome
from greenline.protocol.topics import result_topic
from tests.matcher.asking import Kiosk, finger, request_body
from tests.matcher.conftest import SOON_S
from tests.matcher.serving import Log, Start, Uplink, outcome


def ready(broker: Child) -> None:
    broker.wait_for(lambda event: "running" in str(event.get("event", "")), "running", 15)


def start_at(site: Site, port: int) -> Child:
    """Start a Mosquitto like the site's on another port."""
    path = site.folder / f"mosquitto-{port}.conf"
    text = (site.folder / "mosquitto.conf").read_text()
    path.write_text(text.replace(f"listener {site.broker_port} ", f"listener {port} "))
    log = site.folder / "logs" / f"broker-{port}.log"
    return started(f"broker-{port}", [find_mosquitto(), "-c", str(path)], log, ready, None)


@pytest.fixture
def other_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as briefly:
        return int(briefly.getsockname()[1])


@pytest.fixture
def other_broker(site: Site, other_port: int) -> Iterator[Child]:
    child = start_at(site, other_port)
    yield child
    child.stop()


@pytest.fixture
def settings(site: Site, other_port: int) -> LinkSettings:
    """The matcher's, with both brokers."""
    found = read_configuration(site.matcher_config, MatcherConfig).broker
    return msgspec.structs.replace(found, others=(Broker("127.0.0.1", other_port),))


@pytest.fixture
def kiosk_at_both(
    site: Site, broker: Child, other_broker: Child, other_port: int
) -> Iterator[Uplink]:
    """A kiosk's connection, to the first broker."""
    found = read_configuration(site.folder / "uplink.toml", UplinkConfig).broker
    wanted = msgspec.structs.replace(found, others=(Broker("127.0.0.1", other_port),))
    uplink = Uplink()
    link = Link(wanted, [result_topic(uplink.name)], uplink, jitter=lambda _: SOON_S)
    thread = Thread(target=uplink.run, args=(link,), daemon=True)
    thread.start()
    uplink.ups.get(timeout=20)
    yield uplink
    link.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_a_kiosk_is_answered_at_whichever_broker_it_is(
    broker: Child,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    kiosk_at_both: Uplink,
    log: Log,
) -> None:
    start(answering)
    log.next("connected")
    first, second = kiosk.seal(request_body(finger(1))), kiosk.seal(request_body(finger(2)))
    assert outcome(kiosk, kiosk_at_both.ask(first)) is Outcome.NONE

    broker.kill()
    kiosk_at_both.ups.get(timeout=20)

    assert outcome(kiosk, kiosk_at_both.ask(second)) is Outcome.NONE
    assert outcome(kiosk, kiosk_at_both.ask(first)) is Outcome.NONE


def test_an_answer_that_was_found_while_its_broker_died_reaches_the_kiosk_at_the_other(
    broker: Child,
    answering: Answering,
    kiosk: Kiosk,
    start: Start,
    kiosk_at_both: Uplink,
    log: Log,
) -> None:
    """The kiosk offers again what has no answer, and gets the stored one."""
    start(answering)
    log.next("connected")
    request = kiosk.seal(request_body(finger(1)))
    kiosk_at_both.send(request)
    log.next("accepted")

    broker.kill()
    kiosk_at_both.ups.get(timeout=20)

    assert outcome(kiosk, kiosk_at_both.ask(request)) is Outcome.NONE
