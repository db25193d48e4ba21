"""An open case as one value. Nothing of a fingerprint but its quality lies in it.

case_steps.py has what each event makes of it; case_desk.py holds the one case of a kiosk.
"""

from dataclasses import dataclass
from typing import Final

from greenline.firmware.case_machine import ORDERS, TABLE, CaseEvent, NotNowError
from greenline.firmware.case_rules import CaseRules, Purpose
from greenline.firmware.case_state import (
    CaseShown,
    CaseStage,
    FingerShown,
    FingerStatus,
)

_LOOKED_AT: Final = frozenset({
    FingerStatus.TAKEN, FingerStatus.POOR, FingerStatus.SAME, FingerStatus.MISSING
})  # fmt: skip
_KEPT: Final = frozenset({FingerStatus.TAKEN, FingerStatus.POOR, FingerStatus.SAME})
_NEEDS_REASON: Final = frozenset({FingerStatus.POOR, FingerStatus.SAME, FingerStatus.MISSING})


@dataclass(frozen=True)
class OpenCase:
    """A case. request_id: of the request it will become, and what its audit entries go by.

    fingers: of the plan, in their order. count: how many it is to take. now: the finger that is
    asked for. running: the sensor takes one finger after the other.
    """

    request_id: bytes
    operator: str
    purpose: Purpose
    opened_ms: int
    stage: CaseStage = CaseStage.ADULT
    language: str = ""
    fingers: tuple[FingerShown, ...] = ()
    count: int = 0
    now: int | None = None
    running: bool = False

    def finger(self, position: int) -> FingerShown:
        """Return a finger of the plan. Raises NotNowError."""
        for each in self.fingers:
            if each.finger == position:
                return each
        raise NotNowError("This finger is not part of the plan")

    @property
    def waiting(self) -> tuple[int, ...]:
        """Fingers that have still to be taken, in their order."""
        return tuple(each.finger for each in self.fingers if each.status is FingerStatus.WAITING)

    @property
    def undecided(self) -> tuple[int, ...]:
        """Fingers that are poor or the same, and for which nobody has given a reason."""
        return tuple(
            each.finger for each in self.fingers if each.status in _NEEDS_REASON and not each.reason
        )

    @property
    def kept(self) -> tuple[int, ...]:
        """Fingers of which a picture is kept, in their order."""
        return tuple(each.finger for each in self.fingers if each.status in _KEPT)

    @property
    def may_send(self) -> bool:
        """Whether each finger has come to its end, and at least one was taken."""
        done = all(each.status in _LOOKED_AT for each in self.fingers)
        return bool(self.kept) and done and not self.undecided

    def can(self) -> tuple[str, ...]:
        """Return the orders that may come now, by name."""
        here = [event for event in CaseEvent if event in ORDERS and (self.stage, event) in TABLE]
        if self.stage is CaseStage.NOTICE or self._after_notice:
            here.append(CaseEvent.ADULT)  # that the person is none may be seen at any time
        return tuple(event.value for event in here if self._fits(event))

    @property
    def _after_notice(self) -> bool:
        return self.stage in {CaseStage.PLAN, CaseStage.CAPTURE, CaseStage.REVIEW}

    def _fits(self, event: CaseEvent) -> bool:
        if event is CaseEvent.CAPTURE:
            return not self.running
        if event is CaseEvent.USE:
            return bool(self.undecided)
        if event is CaseEvent.SEND:
            return self.may_send
        return True


def shown(case: OpenCase, rules: CaseRules) -> CaseShown:
    """Return what the page draws of it."""
    return CaseShown(
        stage=case.stage,
        purpose=case.purpose.code,
        legal_basis=case.purpose.legal_basis,
        location=rules.location,
        notice_version=rules.notice_version,
        opened_ms=case.opened_ms,
        language=case.language,
        fingers=case.fingers,
        now=case.now,
        can=case.can(),
        request_id=case.request_id.hex() if case.stage is CaseStage.SENT else "",
    )
