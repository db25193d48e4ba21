"""Questions to the centre and verdicts from there: only a named examiner's own counts, and once."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from greenline.firmware.errors import StoreError
from greenline.firmware.examinations_leaving import ExaminationsLeaving
from greenline.firmware.inbox import Inbox
from greenline.firmware.receipts import Receipts
from greenline.firmware.store import Store
from greenline.protocol.envelope import Envelope, EnvelopeKind, Header, Lane, seal
from greenline.protocol.examination import (
    Decision,
    Examination,
    SignedVerdict,
    Verdict,
    decode_examination,
    encode_verdict,
    examination_id,
    lead_digest,
    sign_verdict,
)
from greenline.protocol.keys import SigningKey
from greenline.protocol.operators import OperatorEntry, Role
from greenline.protocol.receipt import RequestReceipt, encode_receipt
from greenline.protocol.wording import EXAMINATION_WORDS, LEAD_REFUSALS
from tests.firmware.conftest import KIOSK, Parties
from tests.firmware.leads import (
    CAPTURED,
    LEAD,
    LIFE_MS,
    LeadPost,
    ask,
    confirm,
    lead_result,
    look,
    reject,
)
from tests.firmware.rolls import cheap

EXAMINER = "4720"
QUESTION = examination_id(LEAD)


@dataclass
class Line:
    """A kiosk with a lead that the centre was asked about, and the centre."""

    post: LeadPost
    parties: Parties
    inbox: Inbox
    signer: SigningKey = field(default_factory=SigningKey.generate)
    examiner: SigningKey = field(default_factory=SigningKey.generate)
    role: Role = Role.EXAMINER
    refused: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.questions = ExaminationsLeaving(
            KIOSK, self.signer, self.parties.matcher, "border-check", self.post.desk, self.inbox,
            self.who_is, lambda: 1_000, lambda: True, self.refused.append,
        )  # fmt: skip

    def who_is(self, operator: str) -> OperatorEntry | None:
        if operator not in {EXAMINER, "4711"}:
            return None
        key = self.examiner.public.encoded
        return OperatorEntry(operator, self.role, cheap("829157", operator), verdict_key=key)

    def verdict(self, **change: object) -> Verdict:
        told: dict[str, object] = {
            "request_id": LEAD,
            "kiosk": KIOSK,
            "lead": lead_digest(LEAD, lead_result()),
            "decision": Decision.CONFIRMED,
            "candidate": 0,
            "examiner": EXAMINER,
            "reason": "second",
            "decided_ms": 2_000,
        }
        return Verdict(**(told | change))  # type: ignore[arg-type]

    def sealed(
        self, signed: SignedVerdict | None = None, *, kiosk: str = KIOSK,
        signer: SigningKey | None = None, question: bytes = QUESTION,
        kind: EnvelopeKind = EnvelopeKind.VERDICT,
    ) -> bytes:  # fmt: skip
        signed = signed or sign_verdict(self.verdict(), self.examiner)
        header = Header(kind, Lane.PERSON_WAITING, question, kiosk, 1, 2)
        return seal(
            header, encode_verdict(signed), self.parties.kiosk_opener.public,
            signer or self.parties.matcher_signer,
        ).to_bytes()  # fmt: skip

    def says(self, **change: object) -> bytes:
        """A genuine envelope around what the examiner signs."""
        return self.sealed(sign_verdict(self.verdict(**change), self.examiner))


@pytest.fixture
def line(store: Store, parties: Parties, inbox: Inbox) -> Line:
    post = LeadPost(store)
    post.answer()
    post.log_in("4711", look, ask)
    found = Line(post, parties, inbox)
    assert [each.request_id for each in found.questions.pending()] == [QUESTION]
    return found


def told(line: Line, envelope: bytes | None) -> Examination:
    assert envelope is not None
    return decode_examination(Envelope.from_bytes(envelope).open(line.parties.matcher_opener))


def nothing_has_changed(line: Line) -> bool:
    stage = line.post.lead.stage
    waits = [each.request_id for each in line.questions.pending()]
    return (stage, waits) == ("viewed", [QUESTION])


def test_a_question_is_signed_sealed_and_tells_the_lead_and_no_more(line: Line) -> None:
    (pending,) = line.questions.pending()
    data = line.questions.envelope(QUESTION)
    assert data is not None
    envelope = Envelope.from_bytes(data)
    envelope.verify(line.signer.public)
    asked = told(line, data)

    assert (pending.lane, pending.expires_ms - pending.created_ms) == (Lane.PERSON_WAITING, LIFE_MS)
    header = envelope.header
    assert (header.kind, header.clock_doubtful) == (EnvelopeKind.EXAMINATION, True)
    assert header.expires_ms - header.created_ms == LIFE_MS
    assert (asked.request_id, asked.result, asked.asked_by) == (LEAD, lead_result(), "4711")
    assert asked.captured == CAPTURED
    assert asked.__struct_fields__ == (
        "request_id", "purpose", "result", "asked_by", "captured", "refused_from", "version",
    )  # fmt: skip
    assert line.post.audit.told()[-2:] == [
        ("verify", "4711", {"what": "centre asked"}),
        ("disclose", "4711", {"what": "lead", "to": "matcher-01", "lists": ("watch",)}),
    ]
    assert line.post.lead.examination == EXAMINATION_WORDS["asked"]


def test_a_question_says_when_its_purpose_is_not_known(line: Line) -> None:
    assert told(line, line.questions.envelope(QUESTION)).purpose == "border-check"
    line.questions.purpose = ""

    assert told(line, line.questions.envelope(QUESTION)).purpose == "not-known"


def test_the_officer_reads_that_the_centre_has_the_question(line: Line, parties: Parties) -> None:
    header = Header(EnvelopeKind.RECEIPT, Lane.PERSON_WAITING, QUESTION, KIOSK, 1, 2)
    body = encode_receipt(RequestReceipt(2_000))
    opener, signer = parties.kiosk_opener.public, parties.matcher_signer
    Receipts(line.inbox, line.questions.received, line.refused.append).arrived(
        seal(header, body, opener, signer).to_bytes()
    )

    assert line.post.lead.examination == EXAMINATION_WORDS["received"]
    assert line.refused == []


def test_a_question_survives_a_restart_and_ends_with_its_case(line: Line, store: Store) -> None:
    line.post.start()
    line.post.desk.arrived(LEAD, lead_result())
    again = Line(line.post, line.parties, line.inbox, line.signer)

    assert [each.request_id for each in again.questions.pending()] == [QUESTION]
    assert again.questions.envelope(QUESTION) is not None
    store.purge(LEAD)
    assert (again.questions.pending(), again.questions.envelope(QUESTION)) == ([], None)


def test_the_examiner_is_one_of_two(line: Line) -> None:
    confirm(line.post, "4711")

    assert line.questions.arrived(line.sealed()) == QUESTION

    lead = line.post.lead
    assert (lead.stage, lead.first, lead.second) == ("confirmed", "4711", EXAMINER)
    assert lead.examination == EXAMINATION_WORDS["confirmed"]
    assert line.questions.pending() == []
    assert line.post.audit.told()[-1][:2] == ("verify", EXAMINER)


def test_an_examiner_alone_confirms_nobody(line: Line) -> None:
    assert line.questions.arrived(line.sealed()) == QUESTION
    assert (line.post.lead.stage, line.post.lead.first) == ("confirmed by one", EXAMINER)

    confirm(line.post, "4711")
    assert line.post.lead.stage == "confirmed"


def test_an_examiner_rejects_and_the_case_is_gone(line: Line, store: Store) -> None:
    data = line.says(decision=Decision.REJECTED, reason="other-person")

    assert line.questions.arrived(data) == QUESTION

    assert (line.post.lead.stage, store.answer(LEAD)) == ("rejected", None)
    assert line.post.desk.counts.rejected == 1


def test_a_verdict_that_another_key_sealed_is_refused(line: Line) -> None:
    """A rogue broker or uplink has everything but the matcher's key."""
    forged = line.sealed(signer=SigningKey.generate())

    assert line.questions.arrived(forged) is None
    assert nothing_has_changed(line)
    assert line.inbox.refused == {"WrongKeyError": 1}
    assert line.refused == [1]


def test_a_verdict_that_the_matcher_made_up_is_refused(line: Line) -> None:
    """Who takes over the matcher has its key, but no examiner's."""
    for signer in (SigningKey.generate(), line.parties.matcher_signer):
        made_up = sign_verdict(line.verdict(), signer)
        assert line.questions.arrived(line.sealed(made_up)) is None
    genuine = sign_verdict(line.verdict(decision=Decision.REJECTED, reason="x"), line.examiner)
    turned = msgspec.structs.replace(genuine, verdict=msgspec.msgpack.encode(line.verdict()))
    assert line.questions.arrived(line.sealed(turned)) is None

    assert nothing_has_changed(line)
    assert line.inbox.refused == {"ForgedError": 3}


def test_a_verdict_of_somebody_who_may_not_is_refused(line: Line) -> None:
    assert line.questions.arrived(line.says(examiner="4799")) is None
    for role in (Role.OFFICER, Role.AUDITOR, Role.TECHNICIAN):
        line.role = role
        assert line.questions.arrived(line.sealed()) is None

    assert nothing_has_changed(line)
    assert line.inbox.refused == {"WrongKeyError": 4}
    line.role = Role.SUPERVISOR
    assert line.questions.arrived(line.sealed()) == QUESTION


def test_another_kiosks_verdict_is_refused(line: Line) -> None:
    assert line.questions.arrived(line.sealed(kiosk="kiosk-02")) is None
    assert line.questions.arrived(line.says(kiosk="kiosk-02")) is None

    assert nothing_has_changed(line)


def test_a_verdict_on_another_lead_is_refused(line: Line) -> None:
    other = lead_digest(LEAD, lead_result(score=9.9))

    assert line.questions.arrived(line.says(lead=other)) is None
    assert line.questions.arrived(line.says(request_id=b"x" * 16)) is None
    assert line.questions.arrived(line.sealed(question=b"q" * 16)) is None

    assert nothing_has_changed(line)


def test_a_verdict_is_taken_once(line: Line) -> None:
    data = line.sealed()
    line.questions.arrived(data)
    after = line.post.lead

    assert line.questions.arrived(data) is None
    assert (
        line.questions.arrived(line.says(decision=Decision.REJECTED, reason="other-person")) is None
    )
    assert line.post.lead == after


def test_a_verdict_that_was_not_asked_for_or_comes_too_late_is_refused(
    store: Store, parties: Parties, inbox: Inbox
) -> None:
    post = LeadPost(store)
    post.answer()
    post.log_in("4711", look)
    line = Line(post, parties, inbox)

    assert line.questions.arrived(line.sealed()) is None
    assert post.lead.stage == "viewed"
    ask(post, "4711")
    reject(post, "4711")
    assert line.questions.arrived(line.sealed()) is None
    assert post.lead.stage == "rejected"
    assert inbox.refused == {"verdict of no use": 2}
    assert (inbox.forged(), line.refused) == (0, [])


def test_the_examiner_must_be_another_person_and_the_page_says_so(line: Line) -> None:
    confirm(line.post, "4711")
    question = line.questions.envelope(QUESTION)
    verdict = line.says(examiner="4711")

    assert line.questions.arrived(verdict) == QUESTION

    lead = line.post.lead
    assert (lead.stage, lead.second, lead.can) == ("confirmed by one", "", ("reject", "examine"))
    why = LEAD_REFUSALS["same-person"]
    assert lead.examination == f"{EXAMINATION_WORDS['refused']}: {why} [same-person]"
    assert (line.questions.pending(), line.questions.envelope(QUESTION)) == ([], None)
    assert line.post.audit.told()[-1] == (
        "verify", "4711", {"what": "centre refused", "reason": "same-person"},
    )  # fmt: skip
    assert line.questions.arrived(verdict) is None
    assert told(line, question).refused_from is msgspec.UNSET


def test_the_centre_is_asked_anew_for_somebody_else(line: Line) -> None:
    confirm(line.post, "4711")
    refused = line.says(examiner="4711")
    line.questions.arrived(refused)

    line.post.start()
    line.post.desk.arrived(LEAD, lead_result())
    line.post.log_in("4711", look, ask)

    assert line.post.lead.examination == EXAMINATION_WORDS["asked"]
    again = Line(line.post, line.parties, line.inbox, line.signer, line.examiner)
    assert [each.request_id for each in again.questions.pending()] == [QUESTION]
    assert told(again, again.questions.envelope(QUESTION)).refused_from == ("4711",)
    assert again.questions.arrived(refused) is None  # it is still on its way
    assert [each.request_id for each in again.questions.pending()] == [QUESTION]
    assert again.questions.arrived(again.sealed()) == QUESTION
    assert line.post.lead.stage == "confirmed"


def test_a_verdict_with_an_unknown_reason_or_entry_ends_its_question(line: Line) -> None:
    assert line.questions.arrived(line.says(decision=Decision.REJECTED, reason="x")) == QUESTION
    assert line.post.lead.examination.endswith("[code]")
    ask(line.post, "4711")

    assert line.questions.arrived(line.says(examiner="4711", candidate=7)) == QUESTION

    assert line.post.lead.examination.endswith("[no-candidate]")
    assert line.questions.pending() == []
    assert line.post.lead.stage == "viewed"


def test_a_refusal_that_cannot_be_noted_leaves_the_question(line: Line) -> None:
    confirm(line.post, "4711")
    line.post.audit.full = True

    with pytest.raises(StoreError):
        line.questions.arrived(line.says(examiner="4711"))

    assert [each.request_id for each in line.questions.pending()] == [QUESTION]


def test_an_examiner_who_means_another_entry_is_told_of(line: Line) -> None:
    confirm(line.post, "4711")

    assert line.questions.arrived(line.says(candidate=1)) == QUESTION
    assert line.post.lead.stage == "confirmed by one"
    assert line.post.lead.examination == EXAMINATION_WORDS["disagrees"]
    assert line.post.audit.told()[-1][:2] == ("verify", EXAMINER)
    assert line.post.audit.told()[-1][2]["what"] == "centre disagrees"
    assert line.questions.pending() == []


def test_an_envelope_of_another_kind_or_junk_is_refused(line: Line) -> None:
    for data in (b"", b"junk", line.sealed(kind=EnvelopeKind.RESULT)):
        assert line.questions.arrived(data) is None
    assert nothing_has_changed(line)


def test_a_verdict_that_cannot_be_kept_comes_again(line: Line, tmp_path: Path) -> None:
    line.post.audit.full = True
    with pytest.raises(StoreError):
        line.questions.arrived(line.sealed())
    assert nothing_has_changed(line)

    line.post.audit.full = False
    assert line.questions.arrived(line.sealed()) == QUESTION
