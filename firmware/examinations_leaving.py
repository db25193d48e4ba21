"""How questions to the centre leave, and verdicts come in: "please examine this lead".

A question is not stored: that it is asked is durable with its lead, and what it says is made of the
answer under the case's key whenever it is offered. So it ends with the case, and nothing of it is
left. Used by the gate's thread, but for pending().
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from greenline.firmware.inbox import VERDICT, Inbox
from greenline.firmware.store_rows import Answer, Pending
from greenline.firmware.verification import Lead, Refused, confirm_at_centre, reject_at_centre
from greenline.firmware.verification_desk import VerificationDesk
from greenline.firmware.verification_file import Record
from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.envelope import EnvelopeKind, Header, Lane, seal
from greenline.protocol.errors import ForgedError, MalformedError, ProtocolError, WrongKeyError
from greenline.protocol.examination import (
    Decision,
    Examination,
    SignedVerdict,
    Verdict,
    encode_examination,
    examination_id,
    lead_digest,
)
from greenline.protocol.keys import Identity, Signer, VerifyKey
from greenline.protocol.messages import Result, decode_result
from greenline.protocol.operators import EXAMINING, OperatorEntry

log = logging.getLogger(__name__)

_NOT_KNOWN = "not-known"


def _nothing_is(_: bytes) -> bool:
    """Stand in where nothing is deleted by order."""
    return False


@dataclass
class ExaminationsLeaving:
    """The questions of one kiosk. who_is: finds an operator in the list that holds.

    purpose: of a lead that is not known to have another; empty: it is not told. inbox: checks what
    comes. refused: is told how many forged things came so far.
    now_ms: Unix milliseconds; clock_doubtful: they may be far behind. withheld: of which case
    nothing may leave any more.
    """

    kiosk: str
    signer: Signer
    matcher: Identity
    purpose: str
    desk: VerificationDesk
    inbox: Inbox
    who_is: Callable[[str], OperatorEntry | None]
    now_ms: Callable[[], int]
    clock_doubtful: Callable[[], bool]
    refused: Callable[[int], None]
    withheld: Callable[[bytes], bool] = _nothing_is
    _asked: dict[bytes, bytes] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.inbox.waits_beside = self._is_question

    def pending(self) -> list[Pending]:
        """Return the questions that have no verdict yet."""
        found = []
        for request_id, _, answer in self._waiting():
            question = examination_id(request_id)
            self._asked[question] = request_id
            found.append(
                Pending(question, Lane.PERSON_WAITING, answer.arrived_ms, answer.expires_ms)
            )
        return found

    def envelope(self, question: bytes) -> bytes | None:
        """Return a question's envelope; None: there is no such question (any more)."""
        for request_id, record, answer in self._waiting():
            if examination_id(request_id) == question:
                result = decode_result(answer.body)
                lifetime_ms = answer.expires_ms - answer.arrived_ms
                return self._seal(request_id, record, result, lifetime_ms)
        return None

    def _waiting(self) -> list[tuple[bytes, Record, Answer]]:
        return [each for each in self.desk.waiting() if not self.withheld(each[0])]

    def received(self, question: bytes) -> None:
        """Note that the centre has a question. Raises StoreError."""
        if question in self._asked:
            self.desk.received(self._asked[question])

    def arrived(self, envelope: bytes) -> bytes | None:
        """Take a verdict; return its question's id, which is answered. Raises StoreError."""
        try:
            header, signed = self.inbox.verdict(envelope)
            verdict = self._take(header, signed)
        except ProtocolError as fault:
            self.inbox.refuse("verdict refused", fault)
            self.refused(self.inbox.forged())
            return None
        except Refused as refused:  # genuine, but others were faster: no attack
            self.inbox.leave(VERDICT, header.request_id)
            log.info("verdict not taken", extra={"reason": str(refused)})
            return None
        log.info("verdict", extra={"examiner": verdict.examiner, "decision": verdict.decision})
        self._asked.pop(header.request_id, None)
        return header.request_id

    def _take(self, header: Header, signed: SignedVerdict) -> Verdict:
        verdict = signed.opened()
        self._check_examiner(verdict, signed)
        if verdict.kiosk != self.kiosk:
            raise WrongKeyError("this verdict is for another kiosk")
        if header.request_id != examination_id(verdict.request_id):
            raise MalformedError("the verdict does not fit its envelope")
        found = self.desk.find(verdict.request_id)
        if found is None:
            raise Refused("unknown")
        if lead_digest(verdict.request_id, found[1]) != verdict.lead:
            raise ForgedError("the verdict is about another lead")
        try:
            self.desk.decided_at_centre(
                verdict.request_id, _change(verdict), verdict.examiner, verdict.reason
            )
        except Refused as refused:  # by the rules: without an end it would come again and again
            if not self.desk.refused_at_centre(verdict.request_id, refused.code, verdict.examiner):
                raise
            log.warning("verdict does not count", extra={"reason": refused.code})
        return verdict

    def _is_question(self, question: bytes) -> bool:
        return question in self._asked

    def _check_examiner(self, verdict: Verdict, signed: SignedVerdict) -> None:
        """Refuse a verdict unless somebody signed it who may, by the list that holds now."""
        entry = self.who_is(verdict.examiner)
        if entry is None or entry.role not in EXAMINING or entry.verdict_key is msgspec.UNSET:
            raise WrongKeyError(f"{verdict.examiner} may not examine leads")
        signed.check(VerifyKey(entry.verdict_key))

    def _seal(self, request_id: bytes, record: Record, result: Result, lifetime_ms: int) -> bytes:
        lead: Lead = record.lead
        asked_by = "" if lead.asked_by == NOT_LOGGED_IN else lead.asked_by
        body = encode_examination(
            Examination(
                request_id, record.purpose or self.purpose or _NOT_KNOWN, result, asked_by,
                record.captured, lead.refused_from or msgspec.UNSET,
            )
        )  # fmt: skip
        now = self.now_ms()
        header = Header(
            EnvelopeKind.EXAMINATION, Lane.PERSON_WAITING, examination_id(request_id), self.kiosk,
            now, now + lifetime_ms, clock_doubtful=self.clock_doubtful(),
        )  # fmt: skip
        return seal(header, body, self.matcher.seal, self.signer).to_bytes()


def _change(verdict: Verdict) -> Callable[[Lead], Lead]:
    if verdict.decision is Decision.REJECTED:
        return lambda lead: reject_at_centre(lead, verdict.examiner, verdict.reason)
    return lambda lead: confirm_at_centre(lead, verdict.examiner, verdict.candidate)
