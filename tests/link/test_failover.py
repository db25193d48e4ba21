"""Several brokers: the next one when one is gone, the first one again only after a loss."""

from collections.abc import Iterator

import msgspec
import pytest

from greenline.cli.site import KIOSK, Site
from greenline.link.settings import Broker, LinkSettings
from tests.link.conftest import StartLink
from tests.link.packets import CONNECT, connack, disconnect
from tests.link.scripted_broker import Script, ScriptedBroker

REQUEST_TOPIC = f"greenline/1/request/{KIOSK}"
RESULT_TOPIC = f"greenline/1/result/{KIOSK}"


@pytest.fixture
def first(site: Site) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(site.folder) as broker:
        yield broker


@pytest.fixture
def second(site: Site) -> Iterator[ScriptedBroker]:
    with ScriptedBroker(site.folder) as broker:
        yield broker


@pytest.fixture
def settings(
    first: ScriptedBroker, second: ScriptedBroker, kiosk_settings: LinkSettings
) -> LinkSettings:
    others = (Broker("127.0.0.1", second.port),)
    return msgspec.structs.replace(kiosk_settings, port=first.port, others=others)


def test_the_first_broker_is_the_one_that_is_used(
    first: ScriptedBroker, second: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    assert kiosk.link.counts().broker == f"127.0.0.1:{first.port}"
    assert second.connections == 0


def test_when_the_first_is_gone_messages_go_over_the_next(
    site: Site,
    first: ScriptedBroker,
    second: ScriptedBroker,
    settings: LinkSettings,
    start_link: StartLink,
) -> None:
    kiosk = start_link(settings, [RESULT_TOPIC])
    kiosk.heard.next("up")

    first.close()
    kiosk.heard.next("up")
    kiosk.link.publish(b"token", REQUEST_TOPIC, b"sealed", 60)

    assert kiosk.heard.next("published") == ("published", b"token", "")
    assert kiosk.link.counts().broker == f"127.0.0.1:{second.port}"
    with ScriptedBroker(site.folder, first.port) as first_again:
        kiosk.link.publish(b"token", REQUEST_TOPIC, b"sealed", 60)
        kiosk.heard.next("published")
        assert first_again.connections == 0  # it is back, and nobody runs to it

        second.say(disconnect(0x8B))
        kiosk.heard.next("up")
        assert kiosk.link.counts().broker == f"127.0.0.1:{first.port}"
        kiosk.stop()
    assert kiosk.link.counts().reconnects == 2


def test_of_several_brokers_the_one_that_fails_is_named(
    first: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    first.script = Script(connack=connack(0x88))
    kiosk = start_link(settings, [RESULT_TOPIC])

    assert kiosk.heard.next("down")[1] == (f"127.0.0.1:{first.port}: the broker is not available")
    kiosk.heard.next("up")


def test_a_name_that_a_broker_gave_us_is_used_there_again(
    first: ScriptedBroker, settings: LinkSettings, start_link: StartLink
) -> None:
    first.script = Script(connack=connack(client_id="given-by-the-broker"))
    kiosk = start_link(msgspec.structs.replace(settings, others=()), [RESULT_TOPIC])
    kiosk.heard.next("up")
    assert b"kiosk-01" in first.next(CONNECT).body

    first.say(disconnect(0xA0))
    kiosk.heard.next("up")

    assert b"given-by-the-broker" in first.next(CONNECT).body
