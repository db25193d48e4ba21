"""Questions about leads, from a kiosk to the examiners' file, and verdicts from there to the kiosk.

    arrived -> check (kiosk, signature, seal, time) -> desk, durable -> receipt
    desk: decided -> seal, sign -> publish

The matcher decides nothing and keeps nothing of it: where examiners work is the desk's affair,
which is given to it (import rules: centre and matcher do not know each other).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from greenline.link.connection import NotConnectedError
from greenline.matcher.audit_events import Audit, disclosed_lead
from greenline.matcher.errors import DatabaseError
from greenline.matcher.generations import asked
from greenline.matcher.sealing import Sealing
from greenline.matcher.tally import Tally
from greenline.matcher.timely import ends_ms, untimely
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, kind_of
from greenline.protocol.errors import MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.examination import Examination, decode_examination, examination_id
from greenline.protocol.receipt import RequestReceipt, encode_receipt
from greenline.protocol.topics import request_topic

log = logging.getLogger(__name__)

TOKEN = b"verdict "
"""With a question's id behind it, it names a verdict to the link; no request id has this length."""

_RECEIPT_MS = 60_000
_VERDICT_MS = 24 * 3600 * 1000
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True)
class Decided:
    """A verdict to be sent. recipient: the key of ours that was asked; body: not sealed yet."""

    question: bytes
    kiosk: str
    recipient: bytes
    body: bytes


class ReviewDesk(Protocol):
    """Where examiners work. Each method raises DatabaseError: then nothing has changed."""

    def ask(
        self, header: Header, body: bytes, times_ms: tuple[int, int], before: Callable[[], None]
    ) -> bool:
        """Keep a question, once; False: there is no room for it now.

        times_ms: when it came, and when it is over. before: is called for one that is new.
        """

    def decided(self, now_ms: int) -> Sequence[Decided]:
        """Return the verdicts that have to leave; end what is past its time."""

    def sent(self, question: bytes) -> None:
        """Note that the broker has a verdict."""

    def withdraw(self, question: bytes, kiosk: str, before: Callable[[], None]) -> bool:
        """Erase a kiosk's question and its verdict; False: neither was there (any more).

        before: is called when one is.
        """


@dataclass
class ExaminationArrivals:
    """Used by the link's thread and the search thread. desk: None: nobody examines here.

    acknowledge: tell the broker that a delivery is done with. publish: hands token, kiosk and
    envelope to the link. now_ms: Unix milliseconds; clock: monotonic seconds.
    """

    desk: ReviewDesk | None
    sealing: Sealing
    audit: Audit
    tally: Tally
    acknowledge: Callable[[int], None]
    publish: Callable[[bytes, str, bytes], None]
    now_ms: Callable[[], int]
    clock: Callable[[], float]
    _look_at: float = field(default=float("-inf"), init=False)
    _on_the_wire: set[bytes] = field(default_factory=set, init=False)

    def take(self, delivery: int, topic: str, payload: bytes) -> bool:
        """Take a question; False when it is none, and somebody else's affair."""
        if kind_of(payload) != EnvelopeKind.EXAMINATION:
            return False
        if self.desk is not None:
            self._take(self.desk, topic, payload)
        self.acknowledge(delivery)
        return True

    def withdraw(self, request_id: bytes, kiosk: str, before: Callable[[], None]) -> bool:
        """Erase what examiners have of a request; False: nothing. Raises DatabaseError."""
        if self.desk is None:
            return False
        return self.desk.withdraw(examination_id(request_id), kiosk, before)

    def link_up(self) -> None:
        """Begin anew on a new link."""
        self._on_the_wire.clear()

    def is_ours(self, token: bytes) -> bool:
        """Say whether a token that the link was given is of a verdict or a receipt from here."""
        return token.startswith(TOKEN)

    def settle(self, token: bytes, refusal: str) -> None:
        """Note what became of a verdict. Raises DatabaseError."""
        question = token.removeprefix(TOKEN)
        self._on_the_wire.discard(question)
        if refusal:
            log.warning("verdict refused", extra={"reason": refusal})
        elif question and self.desk is not None:
            self.desk.sent(question)

    def step(self) -> None:
        """Send what was decided. Raises DatabaseError."""
        now = self.clock()
        if self.desk is None or now < self._look_at:
            return
        self._look_at = now + _LOOK_EVERY_S
        for each in self.desk.decided(self.now_ms()):
            if each.question not in self._on_the_wire:
                self._send(each)

    def _take(self, desk: ReviewDesk, topic: str, payload: bytes) -> None:
        try:
            header, examination = self._open(topic, payload)
            late = untimely(header, self.now_ms())
            if late is not None:
                raise MalformedError(late.words)
            self._keep(desk, header, examination, payload)
        except ProtocolError as fault:
            self.tally.refuse(type(fault).__name__)
            log.warning("examination refused", extra={"source": topic, "reason": str(fault)})
        except DatabaseError as fault:
            log.warning("examination not kept", extra={"reason": str(fault)})

    def _keep(
        self, desk: ReviewDesk, header: Header, examination: Examination, payload: bytes
    ) -> None:
        now = self.now_ms()
        body = self._body(payload)

        def note() -> None:
            self.audit.note(disclosed_lead(header.kiosk, examination))

        if not desk.ask(header, body, (now, ends_ms(header, now)), note):
            log.warning("examination turned away", extra={"kiosk": header.kiosk})
            return
        self.tally.request("examinations")
        receipt = self.sealing.back(
            header, EnvelopeKind.RECEIPT, encode_receipt(RequestReceipt(now)), now, _RECEIPT_MS
        )
        try:
            self.publish(TOKEN, header.kiosk, receipt)
        except NotConnectedError:
            log.info("receipt not sent: no link")

    def _open(self, topic: str, payload: bytes) -> tuple[Header, Examination]:
        """Check that a known kiosk sent it, and open it. Raises ProtocolError."""
        envelope = Envelope.from_bytes(payload)
        header = envelope.header
        if topic != request_topic(header.kiosk):
            raise WrongKeyError("the envelope names another kiosk than its topic")
        kiosk = self.sealing.kiosks.get(header.kiosk)
        if kiosk is None:
            raise WrongKeyError(f"the kiosk {header.kiosk!r} is not enrolled here")
        envelope.verify(*kiosk.signing_keys(self.now_ms()))
        examination = decode_examination(self._body(payload))
        if header.request_id != examination_id(examination.request_id):
            raise MalformedError("the examination does not fit its envelope")
        return header, examination

    def _body(self, payload: bytes) -> bytes:
        envelope = Envelope.from_bytes(payload)
        generation = asked(self.sealing.generations, envelope.header.recipient, self.now_ms())
        return envelope.open(generation.opener)

    def _send(self, verdict: Decided) -> None:
        header = Header(
            EnvelopeKind.EXAMINATION, Lane.PERSON_WAITING, verdict.question, verdict.kiosk, 0, 0,
            recipient=verdict.recipient,
        )  # fmt: skip
        try:
            envelope = self.sealing.back(
                header, EnvelopeKind.VERDICT, verdict.body, self.now_ms(), _VERDICT_MS
            )
            self.publish(TOKEN + verdict.question, verdict.kiosk, envelope)
        except ProtocolError as fault:
            log.warning("verdict not sent", extra={"reason": str(fault)})
        except NotConnectedError:
            return
        else:
            self._on_the_wire.add(verdict.question)
            log.info("verdict", extra={"kiosk": verdict.kiosk})
