"""Links to two brokers at once, as one: heard everywhere, answered where the kiosk is."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import pytest

from greenline.cli.site import Site
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.links import Links, link_to_all
from greenline.link.settings import Broker, LinkError, LinkSettings
from tests.link.conftest import Recorder
from tests.link.packets import PUBACK, PUBLISH, disconnect, publish
from tests.link.scripted_broker import Script, ScriptedBroker

ALL_REQUESTS = "greenline/1/request/+"
REQUEST = "greenline/1/request/kiosk-01"
RESULT = "greenline/1/result/kiosk-01"
RESULT_OF_ANOTHER = "greenline/1/result/kiosk-02"


@dataclass
class Both:
    """A matcher's links to two brokers, both up."""

    links: Links
    heard: Recorder
    first: ScriptedBroker
    second: ScriptedBroker

    def publish(self, topic: str = RESULT, token: bytes = b"token") -> None:
        self.links.publish(token, topic, b"sealed", 60)


@pytest.fixture
def settings(
    site: Site, matcher_settings: LinkSettings, two: tuple[ScriptedBroker, ScriptedBroker]
) -> LinkSettings:
    first, second = two
    others = (Broker("127.0.0.1", second.port),)
    return msgspec.structs.replace(matcher_settings, port=first.port, others=others)


@pytest.fixture
def two(site: Site) -> Iterator[tuple[ScriptedBroker, ScriptedBroker]]:
    with ScriptedBroker(site.folder) as first, ScriptedBroker(site.folder) as second:
        yield first, second


@pytest.fixture
def both(settings: LinkSettings, two: tuple[ScriptedBroker, ScriptedBroker]) -> Iterator[Both]:
    heard = Recorder()
    links = Links(settings, [ALL_REQUESTS], heard, lambda ceiling: min(ceiling, 0.05))
    thread = threading.Thread(target=links.run, daemon=True)
    thread.start()
    for _ in range(2):
        heard.next("up")
    yield Both(links, heard, *two)
    links.stop()
    thread.join(timeout=20)
    assert not thread.is_alive()


def stays_quiet(broker: ScriptedBroker, kind: int) -> bool:
    """Return whether no packet of a kind has come that has not been looked at."""
    return not any(came.kind == kind for came in list(broker.came.queue))


def test_an_answer_goes_where_its_kiosk_was_heard(both: Both) -> None:
    both.second.say(publish(REQUEST, b"asks", 7))
    _, _, topic, payload = both.heard.next("arrived")
    assert (topic, payload) == (REQUEST, b"asks")

    both.publish()

    assert both.heard.next("published") == ("published", b"token", "")
    assert (both.first.publishes, both.second.publishes) == (0, 1)


def test_an_acknowledgement_goes_to_the_broker_that_delivered_and_once(both: Both) -> None:
    both.second.say(publish(REQUEST, b"asks", 7))
    delivery = both.heard.next("arrived")[1]
    assert isinstance(delivery, int)

    both.links.acknowledge(delivery)
    both.links.acknowledge(delivery)

    assert both.second.next(PUBACK).body[:2] == (7).to_bytes(2)
    both.second.say(publish(REQUEST, b"asks", 8))
    both.links.acknowledge(int(str(both.heard.next("arrived")[1])))
    assert both.second.next(PUBACK).body[:2] == (8).to_bytes(2)
    assert stays_quiet(both.first, PUBACK)


def test_what_is_for_somebody_not_heard_goes_everywhere_and_is_told_once(both: Both) -> None:
    both.publish(RESULT_OF_ANOTHER, b"everywhere")
    assert both.heard.next("published") == ("published", b"everywhere", "")
    assert (both.first.publishes, both.second.publishes) == (1, 1)

    both.publish(RESULT_OF_ANOTHER, b"again")
    assert both.heard.next("published") == ("published", b"again", "")


def test_what_one_broker_takes_is_taken_though_another_refuses(both: Both) -> None:
    both.second.script = Script(puback=0x97)

    both.publish()

    assert both.heard.next("published") == ("published", b"token", "")


def test_what_all_brokers_refuse_is_refused(both: Both) -> None:
    both.first.script = both.second.script = Script(puback=0x97)

    both.publish()

    assert both.heard.next("published") == (
        "published", b"token", "the broker has no room (quota exceeded)",
    )  # fmt: skip


def test_when_a_kiosks_broker_is_gone_its_answers_go_over_those_that_stand(both: Both) -> None:
    both.second.say(publish(REQUEST, b"asks", 7))
    both.heard.next("arrived")
    both.second.script = Script(puback=None)
    both.publish(token=b"on its way")
    both.second.next(PUBLISH)

    both.second.close()

    assert both.heard.next("published") == (
        "published", b"on its way", "the connection was lost",
    )  # fmt: skip
    both.publish(token=b"later")
    assert both.heard.next("published") == ("published", b"later", "")
    assert both.first.publishes == 1


def test_the_listener_hears_of_no_loss_while_another_broker_serves(both: Both) -> None:
    both.second.close()
    both.first.say(publish(REQUEST, b"asks", 7))
    both.heard.next("arrived")
    both.first.close()

    down = both.heard.next("down")

    assert str(down[1]).startswith("127.0.0.1:")
    with pytest.raises(NotConnectedError):
        both.publish()


def test_a_link_that_comes_up_leaves_nothing_of_another_unacknowledged_for_ever(
    both: Both,
) -> None:
    """Its listener forgets what it holds when a link comes up; the other broker would wait."""
    both.first.say(publish(REQUEST, b"held", 7))
    delivery = both.heard.next("arrived")[1]

    both.second.say(disconnect(0xA0))
    both.heard.next("up")

    assert both.first.next(PUBACK).body[:2] == (7).to_bytes(2)
    assert isinstance(delivery, int)
    both.links.acknowledge(delivery)
    both.first.say(publish(REQUEST, b"next", 8))
    both.links.acknowledge(int(str(both.heard.next("arrived")[1])))
    assert both.first.next(PUBACK).body[:2] == (8).to_bytes(2)


def test_of_a_flood_over_both_nothing_is_missing(both: Both) -> None:
    flood = b"".join(publish(REQUEST, b"%d" % number, 1 + number) for number in range(1500))
    for broker in (both.first, both.second):
        threading.Thread(target=broker.say, args=(flood,), daemon=True).start()

    found = Counter(both.heard.next("arrived")[3] for _ in range(3000))

    assert found == {b"%d" % number: 2 for number in range(1500)}


def test_counts_are_those_of_all_links(both: Both) -> None:
    both.publish()
    both.heard.next("published")

    counts = both.links.counts()

    assert sorted(counts.broker.split()) == sorted(
        f"127.0.0.1:{broker.port}" for broker in (both.first, both.second)
    )
    assert (counts.connections, counts.published) == (2, 2)


def test_with_one_broker_it_is_a_plain_link(matcher_settings: LinkSettings) -> None:
    assert isinstance(link_to_all(matcher_settings, [ALL_REQUESTS], Recorder()), Link)


def test_files_that_cannot_be_used_end_all_links(settings: LinkSettings) -> None:
    missing = msgspec.structs.replace(settings, ca=settings.ca.with_name("nowhere.pem"))

    with pytest.raises(LinkError, match="missing"):
        Links(missing, [ALL_REQUESTS], Recorder()).run()
