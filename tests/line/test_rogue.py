"""A broker or uplink in other hands says "none" to everything: nothing changes on the screen."""

import contextlib
import os
import queue
import threading
from dataclasses import dataclass, field

import pytest

from greenline.cli.demo_run import State, await_state
from greenline.cli.site import KIOSK, LIST, MATCHER
from greenline.firmware import pipe
from greenline.link.connection import NotConnectedError
from greenline.link.link import Link
from greenline.link.settings import LinkSettings
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.keys import Identity, OpeningKey, SigningKey
from greenline.protocol.kiosk_status import decode_status
from greenline.protocol.messages import Candidate, Outcome, Result, SearchedList, encode_result
from greenline.protocol.topics import ALL_REQUESTS, kiosk_of, result_topic
from tests.firmware.test_gate import FakeUplink
from tests.line.conftest import ENROLLED, Checkpoint
from tests.line.seen import certify_anew

NOT_CHECKED = "Not checked yet"
NONE = Result(
    outcome=Outcome.NONE,
    candidates=(),
    searched=(SearchedList(LIST, 2, 1),),
    coverage=1.0,
    threshold=4.0,
    search_ms=1.0,
    answered_ms=1,
    software="rogue",
)


@dataclass(frozen=True)
class Keys:
    """What a site knows, the secret halves too: to make what is genuine."""

    kiosk: Identity
    matcher_signer: SigningKey
    matcher_opener: OpeningKey

    @classmethod
    def of(cls, checkpoint: Checkpoint) -> "Keys":
        folder = checkpoint.site.folder
        return cls(
            Identity.from_json((folder / f"kiosks/{KIOSK}.json").read_bytes()),
            SigningKey.from_pem((folder / f"{MATCHER}.signing.pem").read_bytes()),
            OpeningKey.from_bytes((folder / f"{MATCHER}.opening.key").read_bytes()),
        )

    def answer(
        self,
        request_id: bytes,
        what: Result = NONE,
        kiosk: str = KIOSK,
        signer: SigningKey | None = None,
        kind: EnvelopeKind = EnvelopeKind.RESULT,
    ) -> bytes:
        header = Header(kind, Lane.PERSON_WAITING, request_id, kiosk, 1, 2**40)
        by = signer or self.matcher_signer
        return seal(header, encode_result(what), self.kiosk.seal, by).to_bytes()

    def forgeries(self, request_id: bytes) -> dict[str, bytes]:
        """Return every "none" that somebody can make or find who has no key of the matcher."""
        thief = SigningKey.generate()
        genuine = self.answer(os.urandom(16))  # of another request, caught on its way
        claimed = bytearray(self.answer(request_id, signer=thief))
        claimed[72:80] = self.matcher_signer.public.id
        unsigned = self.answer(request_id, signer=thief)[:-64] + bytes(64)
        return {
            "not signed": unsigned,
            "signed by another key": self.answer(request_id, signer=thief),
            "signed by another key under the matcher's name": bytes(claimed),
            "an old answer under this request's id": genuine[:8] + request_id + genuine[24:],
            "another kiosk's answer": self.answer(request_id, kiosk="kiosk-02"),
            "another kiosk's answer under this one's name": genuine[:24]
            + KIOSK.encode().ljust(32, b"\0")
            + self.answer(request_id, kiosk="kiosk-02")[56:],
            "signed as a receipt's kind": self.answer(request_id, kind=EnvelopeKind.REQUEST),
            "plain words": b"none",
            "nothing": b"",
        }


def words(check: State) -> tuple[str, str]:
    return check["words"], check["outcome"]


def test_a_rogue_uplink_changes_nothing_and_each_forgery_is_counted_shown_and_reported(
    checkpoint: Checkpoint,
) -> None:
    checkpoint.start("kiosk")
    request = checkpoint.take(ENROLLED)
    keys = Keys.of(checkpoint)
    forged = keys.forgeries(bytes.fromhex(request))
    # Genuine, of no use: an answer to a request that nobody here has made.
    forged["a genuine answer to another request"] = keys.answer(os.urandom(16))

    with contextlib.closing(FakeUplink(checkpoint.site.folder / "uplink.sock")) as rogue:
        rogue.send(pipe.Hello(pipe.VERSION))
        for delivery, envelope in enumerate(forged.values()):
            rogue.send(pipe.Arrived(delivery, envelope))
            assert rogue.receive() == pipe.Committed(delivery)
        seen = await_state(checkpoint.kiosk, lambda state: state["refused"] == len(forged) - 1)

        assert words(checkpoint.check(request)) == (NOT_CHECKED, "")
        assert seen["pending"] == 1
        rogue.send(pipe.LinkUp(16))
        assert reported(rogue, keys) == len(forged) - 1

        # The matcher's own answer is shown all the same, and what follows it changes nothing.
        found = Candidate(f"entry-{ENROLLED}", LIST, 9.0, 2)
        genuine = keys.answer(
            bytes.fromhex(request),
            Result(Outcome.CANDIDATES, (found,), NONE.searched, 1.0, 4.0, 1.0, 1, "test"),
        )
        rogue.send(pipe.Arrived(100, genuine))
        shown = checkpoint.answer(request)
        assert words(shown) == ("Possible match - must be verified", "candidates")
        for envelope in (*forged.values(), genuine, keys.answer(bytes.fromhex(request))):
            rogue.send(pipe.Arrived(101, envelope))
        await_state(checkpoint.kiosk, lambda state: state["refused"] == 2 * (len(forged) - 1))
        assert words(checkpoint.check(request)) == words(shown)


def reported(rogue: FakeUplink, keys: Keys) -> int:
    """Return how many refused answers the kiosk's status tells the centre."""
    while True:
        message = rogue.receive()
        if not isinstance(message, pipe.Offer):
            continue
        envelope = Envelope.from_bytes(message.envelope)
        if envelope.header.kind is EnvelopeKind.KIOSK_STATUS:
            envelope.verify(keys.kiosk.verify)
            return decode_status(envelope.open(keys.matcher_opener)).refused


@dataclass
class RogueMatcher:
    """Sits at the broker with the matcher's certificate, and answers what it cannot open."""

    keys: Keys
    settings: LinkSettings
    answered: "queue.Queue[bytes]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.link = Link(self.settings, [ALL_REQUESTS], self, jitter=lambda _: 0.05)
        self.thread = threading.Thread(target=self.link.run, daemon=True)

    def stop(self) -> None:
        self.link.stop()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()

    def link_up(self, window: int) -> None: ...

    def link_down(self, reason: str) -> None: ...

    def published(self, token: bytes, refusal: str) -> None: ...

    def arrived(self, delivery: int, topic: str, payload: bytes) -> None:
        self.link.acknowledge(delivery)
        envelope = Envelope.from_bytes(payload)
        if envelope.header.kind is not EnvelopeKind.REQUEST:
            return
        for forged in self.keys.forgeries(envelope.header.request_id).values():
            with contextlib.suppress(NotConnectedError):
                self.link.publish(b"t", result_topic(kiosk_of(topic)), forged, 60)
        self.answered.put(envelope.header.request_id)


@pytest.fixture
def matcher_link(checkpoint: Checkpoint) -> LinkSettings:
    certify_anew(checkpoint.site)
    folder = checkpoint.site.folder
    return LinkSettings(
        host="127.0.0.1",
        client_id=MATCHER,
        ca=folder / "ca.pem",
        certificate=folder / "matcher-link.pem",
        key=folder / "matcher-link.key",
        port=checkpoint.site.broker_port,
    )


def test_a_rogue_broker_that_says_none_to_everything_is_refused_until_the_real_matcher_answers(
    checkpoint: Checkpoint, matcher_link: LinkSettings
) -> None:
    """All of a broker's power: whoever has it can answer on every topic, but not sign."""
    checkpoint.start("broker", "kiosk", "uplink")
    rogue = RogueMatcher(Keys.of(checkpoint), matcher_link)
    rogue.thread.start()
    request = checkpoint.take(ENROLLED)

    for _ in range(3):  # the kiosk offers again, since nothing it got was an answer
        assert rogue.answered.get(timeout=60) == bytes.fromhex(request)
    rogue.stop()
    seen = await_state(checkpoint.kiosk, lambda state: state["refused"] > 0)
    assert words(checkpoint.check(request)) == (NOT_CHECKED, "")
    assert seen["pending"] == 1

    checkpoint.start("matcher")

    answer = checkpoint.answer(request)
    assert [candidate["reference"] for candidate in answer["candidates"]] == [f"entry-{ENROLLED}"]
