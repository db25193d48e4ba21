"""What two people make of a lead: a pure table of what may come when. No clock, no files, no names.

    lead -> viewed -> confirmed by one -> confirmed
       any of them but the last -> rejected

Only people move a lead, and nothing here knows the time. A confirmation takes two different people,
of whom one did not take the fingers, and the answer of the list's owner first.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.wording import JUSTIFICATIONS, LEAD_REFUSALS, REJECTIONS, SOURCES

_REFERENCE = re.compile(r"(?=[A-Z/-]*[0-9])[A-Z0-9][A-Z0-9/-]{2,31}")

Person = Annotated[str, Meta(max_length=64)]


class Stage(StrEnum):
    """How far a lead has come."""

    LEAD = "lead"
    VIEWED = "viewed"
    CONFIRMED_BY_ONE = "confirmed by one"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


DECIDED = frozenset({Stage.CONFIRMED, Stage.REJECTED})


class Examined(StrEnum):
    """How far the question to the centre has come."""

    NOT_ASKED = ""
    ASKED = "asked"
    RECEIVED = "received"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    DISAGREES = "disagrees"
    REFUSED = "refused"


WAITS = frozenset({Examined.ASKED, Examined.RECEIVED})
_MAY_ASK = frozenset({Examined.NOT_ASKED, Examined.REFUSED})
_MOST_REFUSED = 4


class Refused(Exception):  # noqa: N818  # an answer to a person, not a fault
    """This person may not do this now. code: of LEAD_REFUSALS."""

    def __init__(self, code: str) -> None:
        super().__init__(LEAD_REFUSALS[code])
        self.code = code


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who was asked about a lead, and under which number the answer is found there."""

    source: str
    reference: str


class Lead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a lead stands. candidates: how many it names.

    captured_by: who took the fingers, as far as it is known. viewers: who has looked at it.
    first, second: who confirmed. candidate: which one, from 0. refused_from: examiners whose
    verdicts did not count here; refusal: why the last one did not, of LEAD_REFUSALS.
    """

    candidates: int
    captured_by: tuple[Person, ...] = ()
    stage: Stage = Stage.LEAD
    viewers: tuple[Person, ...] = ()
    first: Person = ""
    second: Person = ""
    candidate: int = 0
    contact: Contact | None = None
    rejected_by: Person = ""
    examined: Examined = Examined.NOT_ASKED
    asked_by: Person = ""
    refused_from: tuple[Person, ...] = ()
    refusal: str = ""


def view(lead: Lead, who: str, justification: str) -> Lead:
    """Return the lead once somebody has looked at it. Raises Refused."""
    if lead.stage is Stage.REJECTED:
        raise Refused("decided")
    if justification not in JUSTIFICATIONS:
        raise Refused("code")
    stage = Stage.VIEWED if lead.stage is Stage.LEAD else lead.stage
    viewers = (*(each for each in lead.viewers if each != who), who)
    return msgspec.structs.replace(lead, stage=stage, viewers=viewers)


def confirm(lead: Lead, who: str, candidate: int, contact: Contact | None = None) -> Lead:
    """Return the lead once somebody at the kiosk has confirmed it. Raises Refused.

    contact: needed unless it is known already.
    """
    _must_have_viewed(lead, who)
    if contact is not None:
        check_contact(contact)
    contact = contact or lead.contact
    if contact is None:
        raise Refused("contact")
    return msgspec.structs.replace(_confirmed(lead, who, candidate), contact=contact)


def confirm_at_centre(lead: Lead, examiner: str, candidate: int) -> Lead:
    """Return the lead once an examiner has confirmed it: one of the two, no more. Raises Refused.

    Who asks the list's owner is the person at the kiosk, before or after. Of another entry than the
    first person's it is told, and confirms nothing.
    """
    if not _waits_for(lead, examiner):
        raise Refused("decided")
    if lead.first and candidate != lead.candidate and lead.stage not in DECIDED:
        return msgspec.structs.replace(lead, examined=Examined.DISAGREES)
    confirmed = _confirmed(lead, examiner, candidate)
    return msgspec.structs.replace(confirmed, examined=Examined.CONFIRMED)


def reject(lead: Lead, who: str, reason: str) -> Lead:
    """Return the lead once one person at the kiosk has rejected it. Raises Refused."""
    _must_have_viewed(lead, who)
    return _rejected(lead, who, reason)


def reject_at_centre(lead: Lead, examiner: str, reason: str) -> Lead:
    """Return the lead once an examiner has rejected it. Raises Refused."""
    if not _waits_for(lead, examiner):
        raise Refused("decided")
    return msgspec.structs.replace(_rejected(lead, examiner, reason), examined=Examined.REJECTED)


def refuse_centre(lead: Lead, examiner: str, code: str) -> Lead:
    """Return the lead once a genuine verdict did not count: the centre may be asked anew.

    code: why. It stays as it is where nobody waits for a verdict of this examiner.
    """
    if not _waits_for(lead, examiner) or lead.stage in DECIDED:
        return lead
    refused_from = (*lead.refused_from, examiner)[-_MOST_REFUSED:]
    return msgspec.structs.replace(
        lead, examined=Examined.REFUSED, refused_from=refused_from, refusal=code
    )


def examine(lead: Lead, who: str) -> Lead:
    """Return the lead once somebody has asked the centre for a second person. Raises Refused."""
    _must_have_viewed(lead, who)
    if lead.examined not in _MAY_ASK:
        raise Refused("asked-already")
    return msgspec.structs.replace(lead, examined=Examined.ASKED, asked_by=who, refusal="")


def received(lead: Lead) -> Lead:
    """Return the lead once the centre has the question."""
    if lead.examined is not Examined.ASKED:
        return lead
    return msgspec.structs.replace(lead, examined=Examined.RECEIVED)


def can(lead: Lead, who: str, *, opened: bool) -> tuple[str, ...]:
    """Return what somebody may do next. opened: who sees the evidence now."""
    if lead.stage is Stage.REJECTED:
        return ()
    if not opened:
        return ("view",)
    if lead.stage is Stage.CONFIRMED:
        return ()
    found = ["confirm", "reject"] if _may_confirm(lead, who) else ["reject"]
    if lead.examined in _MAY_ASK:
        found.append("examine")
    return tuple(found)


def check_contact(contact: Contact) -> None:
    """Refuse a source that is not in the table, and a reference that could be a name."""
    if contact.source not in SOURCES:
        raise Refused("contact")
    if not _REFERENCE.fullmatch(contact.reference):
        raise Refused("reference")


def _confirmed(lead: Lead, who: str, candidate: int) -> Lead:
    if lead.stage in DECIDED:
        raise Refused("decided")
    if not 0 <= candidate < lead.candidates:
        raise Refused("no-candidate")
    if who in {"", NOT_LOGGED_IN}:
        raise Refused("not-logged-in")
    if not lead.first:
        return msgspec.structs.replace(
            lead, stage=Stage.CONFIRMED_BY_ONE, first=who, candidate=candidate
        )
    if who == lead.first:
        raise Refused("same-person")
    if candidate != lead.candidate:
        raise Refused("other-candidate")
    if _both_captured(lead.captured_by, (lead.first, who)):
        raise Refused("both-captured")
    return msgspec.structs.replace(lead, stage=Stage.CONFIRMED, second=who)


def _rejected(lead: Lead, who: str, reason: str) -> Lead:
    if lead.stage in DECIDED:
        raise Refused("decided")
    if reason not in REJECTIONS:
        raise Refused("code")
    return msgspec.structs.replace(lead, stage=Stage.REJECTED, rejected_by=who)


def _waits_for(lead: Lead, examiner: str) -> bool:
    return lead.examined in WAITS and examiner not in lead.refused_from


def _must_have_viewed(lead: Lead, who: str) -> None:
    if lead.stage in DECIDED:
        raise Refused("decided")
    if who not in lead.viewers:
        raise Refused("view-first")


def _may_confirm(lead: Lead, who: str) -> bool:
    return who not in {"", NOT_LOGGED_IN, lead.first} and not (
        lead.first and _both_captured(lead.captured_by, (lead.first, who))
    )


def _both_captured(captured_by: Iterable[str], people: tuple[str, str]) -> bool:
    return set(people) <= set(captured_by)
