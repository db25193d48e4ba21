"""Cases as the board shows them, one for each state that the page must draw."""

from collections.abc import Iterable

import msgspec

from greenline.firmware.case_rules import (
    LANGUAGES,
    MISSING_REASONS,
    OVERRIDE_REASONS,
    PLANS,
    RATE_REASONS,
    REFUSAL_REASONS,
)
from greenline.firmware.case_state import (
    CaseChoices,
    CaseShown,
    CaseStage,
    FingerShown,
    FingerStatus,
    PurposeChoice,
)
from tests.firmware.page.checkpoint import NOON_MS

REQUEST = "ab" * 16

CHOICES = CaseChoices(
    purposes=(
        PurposeChoice("border-check", "not-stated", 4),
        PurposeChoice("second-line", "not-stated", 10),
    ),
    plans=PLANS,
    missing_reasons=MISSING_REASONS,
    refusal_reasons=REFUSAL_REASONS,
    override_reasons=OVERRIDE_REASONS,
    languages=LANGUAGES,
    show_finger=True,
    rate_reasons=RATE_REASONS,
)
ONE_PURPOSE = msgspec.structs.replace(CHOICES, purposes=CHOICES.purposes[:1])


def finger(
    position: int,
    status: FingerStatus = FingerStatus.TAKEN,
    quality: int | None = 63,
    **more: object,
) -> FingerShown:
    plain = FingerShown(position, status, quality, 20, attempts=1)
    return msgspec.structs.replace(plain, **more)


def waiting(*positions: int) -> Iterable[FingerShown]:
    return (finger(each, FingerStatus.WAITING, None, attempts=0) for each in positions)


def case(stage: CaseStage, *can: str, **more: object) -> CaseShown:
    plain = CaseShown(
        stage, "border-check", "not-stated", "lane-2", "1", NOON_MS, can=(*can, "stop")
    )
    return msgspec.structs.replace(plain, **more)


_NOW = FingerStatus.NOW
_POOR = finger(7, FingerStatus.POOR, 12, attempts=3)
_SAME = finger(3, FingerStatus.SAME, 58, same_as=2, attack=0.624)
_MISSING = finger(8, FingerStatus.MISSING, None, attempts=0, reason="amputated")

_LATER = ("missing", "refuse", "adult")

FOUR = (finger(2), finger(7, _NOW, None, attempts=0), *waiting(3, 8))
TEN = (
    finger(2),
    _POOR,
    _SAME,
    _MISSING,
    finger(4),
    finger(9, FingerStatus.POOR, 17, attempts=3, reason="worn_skin"),
    finger(5),
    finger(10),
    finger(1),
    finger(6),
)
ON_THE_WAY = (finger(2), _POOR, _SAME, _MISSING, finger(4, _NOW, None), *waiting(9, 5, 10, 1, 6))
NOT_TAKEN = (finger(2), finger(7, FingerStatus.WAITING, None, attempts=3), *waiting(3, 8))
REVIEWED = tuple(finger(each) for each in (2, 7, 3, 8))


def _capture(*can: str, **more: object) -> CaseShown:
    return case(CaseStage.CAPTURE, *can, *_LATER, language="sq", **more)


def _review(*can: str, **more: object) -> CaseShown:
    return case(CaseStage.REVIEW, "capture", *can, *_LATER, language="sq", **more)


CASES: dict[str, CaseShown] = {
    "adult": case(CaseStage.ADULT, "adult", "refuse"),
    "notice": case(CaseStage.NOTICE, "notice", "refuse", "adult"),
    "plan": case(CaseStage.PLAN, "plan", "refuse", "adult", language="sq"),
    "begin": _capture("capture", fingers=tuple(waiting(2, 7, 3, 8))),
    "capture": _capture(fingers=FOUR, now=7),
    "capture-ten": _capture("use", fingers=ON_THE_WAY, now=4),
    "not-taken": _capture("capture", fingers=NOT_TAKEN),
    "review": _review("send", fingers=REVIEWED),
    "review-ten": _review("use", fingers=TEN),
    "sending": case(CaseStage.SENDING, language="sq", fingers=REVIEWED),
    "sent": msgspec.structs.replace(
        case(CaseStage.SENT, "close", language="sq", fingers=REVIEWED, request_id=REQUEST),
        can=("close",),
    ),
}
