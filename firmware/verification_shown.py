"""How a lead looks on the second screen: pure functions. Used by verification_desk.py alone."""

from greenline.firmware.lead_state import CandidateShown, LeadShown
from greenline.firmware.lists_age import too_old
from greenline.firmware.verification import Examined, Lead, Stage, can
from greenline.firmware.verification_file import Record
from greenline.protocol.evidence_strength import flags, strength
from greenline.protocol.messages import Candidate, Result
from greenline.protocol.wording import (
    COMPARE_FIRST,
    EXAMINATION_WORDS,
    LATE_ANSWER,
    LEAD_REFUSALS,
    LEAD_WORDS,
    NOT_PROOF,
)


def shown(
    request_id: str, record: Record, result: Result, who: str, list_age_ms: int | None, *,
    opened: bool, asks: bool,
) -> LeadShown:  # fmt: skip
    """Return a lead as somebody may see it. asks: whether the centre can be asked from here."""
    lead = record.lead
    events = can(lead, who, opened=opened)
    closed = LeadShown(
        request_id,
        lead.stage.value,
        LEAD_WORDS[lead.stage.value],
        len(result.candidates),
        first=lead.first,
        second=lead.second,
        examination=_examination(lead),
        can=tuple(event for event in events if asks or event != "examine"),
    )
    if not opened:
        return closed
    return LeadShown(
        **{name: getattr(closed, name) for name in closed.__struct_fields__}
        | {
            "opened": True,
            "candidates": tuple(map(candidate_shown, result.candidates)),
            "searched": result.searched,
            "flags": _flags(record, result, list_age_ms),
            "captured": tuple((each.finger, each.quality) for each in record.captured),
            "candidate": lead.candidate,
            "source": lead.contact.source if lead.contact else "",
            "reference": lead.contact.reference if lead.contact else "",
            "note": f"{NOT_PROOF}. {COMPARE_FIRST}.",
        }
    )


def rejected(request_id: str, count: int) -> LeadShown:
    """Return what is shown of a lead of which nothing is left."""
    return LeadShown(request_id, Stage.REJECTED.value, LEAD_WORDS[Stage.REJECTED.value], count)


def candidate_shown(candidate: Candidate) -> CandidateShown:
    """Return a candidate with the strength of its likeness in words."""
    code, words, band = strength(candidate.score)
    return CandidateShown(
        candidate.reference, candidate.list_name, candidate.score, code, words, band,
        candidate.fingers, candidate.finger,
    )  # fmt: skip


def _examination(lead: Lead) -> str:
    words = EXAMINATION_WORDS.get(lead.examined.value, "")
    if lead.examined is not Examined.REFUSED:
        return words
    return f"{words}: {LEAD_REFUSALS.get(lead.refusal, lead.refusal)} [{lead.refusal}]"


def _flags(record: Record, result: Result, list_age_ms: int | None) -> tuple[str, ...]:
    old_list = too_old(result, list_age_ms) is not None
    found = flags(result, record.captured, old_list=old_list)
    return (*found, LATE_ANSWER) if record.late else found
