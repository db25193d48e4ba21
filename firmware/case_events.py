"""What the kiosk tells its audit log of a case, in one place: see audit_events.py.

A case goes by the pseudonym of the request that it becomes. Here alone qualities are told: of each
attempt, with the threshold (BSI TR-03121-3, logging).
"""

from collections.abc import Mapping

from greenline.firmware.case_open import OpenCase
from greenline.firmware.case_rules import CaseRules
from greenline.protocol.audit import Event, pseudonym
from greenline.protocol.audit_details import Detail, Kind


def opened(case: OpenCase, rules: CaseRules) -> Event:
    """Return that a case was opened, on which legal basis and where."""
    legal_basis = case.purpose.legal_basis
    return _event(case, what="opened", legal_basis=legal_basis, location=rules.location)


def adult(case: OpenCase) -> Event:
    """Return that the operator has confirmed that the person is an adult."""
    return _event(case, what="adult confirmed")


def notice(case: OpenCase, rules: CaseRules) -> Event:
    """Return that the information notice was given."""
    return _event(case, what="notice given", language=case.language, version=rules.notice_version)


def missing(case: OpenCase, fingers: Mapping[int, str]) -> list[Event]:
    """Return which fingers cannot be taken, and why."""
    return [
        _event(case, what="finger missing", finger=finger, reason=reason)
        for finger, reason in sorted(fingers.items())
    ]


def again(case: OpenCase, finger: int) -> Event:
    """Return that a finger is taken once more: its attempts count anew."""
    return _event(case, what="finger taken again", finger=finger)


def attempt(case: OpenCase, finger: int, number: int, quality: int | None) -> Event:
    """Return one press. quality: None when no picture came of it."""
    threshold = case.finger(finger).threshold
    details: dict[str, Detail] = {"finger": finger, "attempt": number, "threshold": threshold}
    if quality is not None:
        details["quality"] = quality
    return _told(case, Kind.ATTEMPT, details)


def attack(case: OpenCase, finger: int, score: float) -> Event:
    """Return how much a finger looked forged, in percent."""
    return _event(case, what="looked for forgery", finger=finger, percent=round(score * 100))


def same(case: OpenCase, finger: int, other: int) -> Event:
    """Return that a finger looks like another of the case."""
    return _event(case, what="same finger", finger=finger, same_as=other)


def used(case: OpenCase, finger: int, reason: str) -> Event:
    """Return that the operator answers for a finger that is poor or looks like another."""
    what = f"{case.finger(finger).status.value} finger"
    return _told(case, Kind.OVERRIDE, {"what": what, "finger": finger, "reason": reason})


def ended(case: OpenCase, how: str, reason: str = "") -> Event:
    """Return how a case ended. reason: a code of why, or empty."""
    details: dict[str, Detail] = {"what": f"ended: {how}"}
    if reason:
        details["reason"] = reason
    return _told(case, Kind.CASE, details)


def more_cases(who: str, reason: str) -> Event:
    """Return that a supervisor lets more cases be opened than the site's rate."""
    return Event(Kind.OVERRIDE, who, details={"what": "more cases", "reason": reason})


def _event(case: OpenCase, **details: Detail) -> Event:
    return _told(case, Kind.CASE, details)


def _told(case: OpenCase, kind: Kind, details: dict[str, Detail]) -> Event:
    return Event(kind, case.operator, case.purpose.code, pseudonym(case.request_id), details)
