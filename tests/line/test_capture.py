"""Nothing of a print, and nobody's reference, is seen by the uplink, the broker or the store."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from greenline.cli.site import KIOSK, MATCHER
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.protocol.envelope import Envelope, EnvelopeKind
from greenline.protocol.keys import OpeningKey
from greenline.protocol.messages import Request, decode_request
from greenline.protocol.topics import request_topic, result_topic
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint
from tests.line.seen import Relay, Secrets, certify_anew, pieces, ways
from tests.link.conftest import Recorder

SPY = "spy"
RESULT_BYTES = 5388


@dataclass
class Spy:
    """Whoever reads everything at the broker."""

    heard: Recorder
    link: Link
    thread: threading.Thread

    @classmethod
    def start(cls, settings: LinkSettings) -> "Spy":
        heard = Recorder()
        link = Link(settings, ["#"], heard, jitter=lambda _: 0.05)
        thread = threading.Thread(target=link.run, daemon=True)
        thread.start()
        heard.next("up")
        return cls(heard, link, thread)

    def stop(self) -> list[tuple[str, bytes]]:
        """Return topic and payload of all that it heard."""
        self.link.stop()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()
        heard = []
        while not self.heard.events.empty():
            event = self.heard.events.get()
            if event[0] == "arrived":
                heard.append((str(event[2]), bytes(event[3])))  # type: ignore[arg-type]
        return heard


@pytest.fixture
def relay(checkpoint: Checkpoint) -> Iterator[Relay]:
    """Stands between kiosk and uplink: what passes is all that an uplink ever sees."""
    folder = checkpoint.site.folder
    config = folder / "uplink.toml"
    text = config.read_text()
    assert "uplink.sock" in text
    config.write_text(text.replace("uplink.sock", "relay.sock"))
    relay = Relay(folder / "relay.sock", folder / "uplink.sock")
    yield relay
    relay.stop()


def opened(checkpoint: Checkpoint, payload: bytes) -> Request:
    key = OpeningKey.from_bytes((checkpoint.site.folder / f"{MATCHER}.opening.key").read_bytes())
    return decode_request(Envelope.from_bytes(payload).open(key))


def stored(checkpoint: Checkpoint) -> bytes:
    """Return every byte of the store, of the audit log and of what was logged."""
    folder = checkpoint.site.folder
    paths = [*folder.glob("kiosk.store*"), *folder.glob("logs/*"), *folder.glob("audit/**/*")]
    assert folder / "kiosk.store" in paths
    return b"".join(path.read_bytes() for path in paths if path.is_file())


def test_uplink_broker_and_store_see_no_record_picture_or_reference_and_results_of_one_length(
    checkpoint: Checkpoint, relay: Relay
) -> None:
    links = certify_anew(checkpoint.site, SPY)
    checkpoint.start("broker")
    spy = Spy.start(links[SPY])
    checkpoint.start("matcher", "kiosk", "uplink")
    written = []

    for finger in (ENROLLED, UNKNOWN):
        request = checkpoint.take(finger)
        written.append(stored(checkpoint))
        answer = checkpoint.answer(request)
        assert bool(answer["candidates"]) == (finger == ENROLLED)
    checkpoint.stop_all()
    heard = spy.stop()

    written.append(stored(checkpoint))
    asked = {
        payload
        for topic, payload in heard
        if topic == request_topic(KIOSK) and payload[4] == EnvelopeKind.REQUEST
    }
    requests = [opened(checkpoint, payload) for payload in asked]
    assert len(requests) == 2, "the spy heard what was asked"
    answers = [p for topic, p in heard if topic == result_topic(KIOSK)]
    results = [payload for payload in answers if payload[4] == EnvelopeKind.RESULT]
    assert len(set(results)) == 2, "and what was answered"
    assert all(payload in relay.seen() for payload in (*asked, *results))

    secrets = Secrets(
        bodies=tuple(request.impressions[0].template for request in requests),
        words=(f"entry-{ENROLLED}".encode(),),
    )
    assert secrets.found_in(relay.seen()) == []
    assert secrets.found_in(b"".join(payload for _, payload in heard)) == []
    assert secrets.found_in(b"".join(written)) == []
    assert {len(payload) for payload in results} == {RESULT_BYTES}


def test_the_search_finds_each_of_them_in_whatever_way_it_is_written() -> None:
    """So that the test above is known to be able to fail."""
    body = bytes(range(7, 250))
    secrets = Secrets(bodies=(body,), words=(b"entry-1",))

    for way in ways(body[31:100]):
        assert secrets.found_in(b"noise" + way + b"noise") == ["body 0"]
    assert secrets.found_in(body[31:100].hex().upper().encode()) == ["body 0"]
    for way in ways(b"entry-1"):
        assert secrets.found_in(b"." + way) == ["entry-1"]
    assert secrets.found_in(b"..FMR\x00 20") == ["ISO record"]
    assert secrets.found_in(b"..\xff\xd8\xff\xe0") == ["JPEG"]
    assert secrets.found_in(b"..\xff\xa0\xff\xa8") == ["WSQ"]
    assert secrets.found_in(b"..\x89PNG\r\n\x1a\n") == ["PNG"]
    assert secrets.found_in(bytes(1000)) == []
    assert len(list(pieces(body))) == len(body) // 24


def test_the_store_is_searched_with_what_is_in_it(checkpoint: Checkpoint) -> None:
    """A record that lies there in clear is found: the search looks at the right files."""
    with contextlib.closing((checkpoint.site.folder / "kiosk.store-wal").open("wb")) as planted:
        planted.write(b"FMR\0")
    (checkpoint.site.folder / "kiosk.store").write_bytes(b"")

    assert Secrets((), ()).found_in(stored(checkpoint)) == ["ISO record"]
