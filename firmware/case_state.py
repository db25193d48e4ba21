"""A case as the page draws it, as values: codes and numbers only, never pictures or templates.

What a person reads for a code is in the page's catalogues. See case_machine.py for the stages and
docs/capture.md for their table.
"""

from enum import StrEnum

import msgspec


class CaseStage(StrEnum):
    """How far a case has come. Before the first and after the last there is none."""

    ADULT = "adult"
    NOTICE = "notice"
    PLAN = "plan"
    CAPTURE = "capture"
    REVIEW = "review"
    SENDING = "sending"
    SENT = "sent"


class CaseEnd(StrEnum):
    """How a case ended. Of all but the first nothing biometric is left."""

    SENT = "sent"
    MINOR = "minor"
    REFUSED = "refused"
    STOPPED = "stopped"
    TIMEOUT = "timeout"


class FingerStatus(StrEnum):
    """What became of one finger of a case.

    POOR: kept, below its threshold. SAME: it looks like another finger of this case.
    """

    WAITING = "waiting"
    NOW = "now"
    TAKEN = "taken"
    POOR = "poor"
    MISSING = "missing"
    SAME = "same"


class FingerShown(msgspec.Struct, frozen=True):
    """One finger of the plan. finger: ISO position 1-10. quality, threshold: 0-100.

    attempts: presses that were read. reason: code of why it is missing, or is used though poor or
    the same. same_as: the finger that it looks like. attack: 0-1, how much it looks like a forged
    finger, for the officer alone; None: nothing looks for that here.
    """

    finger: int
    status: FingerStatus
    quality: int | None
    threshold: int
    attempts: int = 0
    reason: str = ""
    same_as: int | None = None
    attack: float | None = None


class CaseShown(msgspec.Struct, frozen=True):
    """The open case. purpose, legal_basis, location, language: codes; language: "" until chosen.

    now: ISO position that is being captured. can: names of the events that may come now.
    opened_ms: Unix milliseconds. request_id: hexadecimal, "" until sent. face: "", "wanted" or
    "taken".
    """

    stage: CaseStage
    purpose: str
    legal_basis: str
    location: str
    notice_version: str
    opened_ms: int
    language: str = ""
    fingers: tuple[FingerShown, ...] = ()
    now: int | None = None
    can: tuple[str, ...] = ()
    request_id: str = ""
    face: str = ""


class PurposeChoice(msgspec.Struct, frozen=True):
    """A purpose that a case may have here. plan: how many fingers it usually takes."""

    code: str
    legal_basis: str
    plan: int


class CaseChoices(msgspec.Struct, frozen=True):
    """What may be chosen at this kiosk. plans: numbers of fingers; the rest: codes.

    show_finger: the page has a live picture of the finger that is taken, /api/finger.
    too_many: so many cases were opened within the hour that the next needs a reason, one of
    rate_reasons, from a supervisor.
    """

    purposes: tuple[PurposeChoice, ...] = ()
    plans: tuple[int, ...] = (1, 2, 4, 10)
    missing_reasons: tuple[str, ...] = ()
    refusal_reasons: tuple[str, ...] = ()
    override_reasons: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    face: bool = False
    show_finger: bool = False
    rate_reasons: tuple[str, ...] = ()
    too_many: bool = False
