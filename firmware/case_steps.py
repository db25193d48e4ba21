"""What each event makes of an open case. Pure: no clock, no thread, no sensor.

Each function returns the case as it is then; what cannot be raises NotNowError.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from greenline.firmware.case_machine import CaseEvent, NotNowError, step
from greenline.firmware.case_open import OpenCase
from greenline.firmware.case_rules import PLANS, CaseRules, Purpose, planned
from greenline.firmware.case_state import CaseEnd, CaseStage, FingerShown, FingerStatus


def opened(request_id: bytes, operator: str, purpose: Purpose, opened_ms: int) -> OpenCase:
    """Open a case. Raises NotNowError without an operator."""
    if not operator:
        raise NotNowError("Log in first")
    step(None, CaseEvent.OPEN)
    return OpenCase(request_id, operator, purpose, opened_ms)


def ended(case: OpenCase, event: CaseEvent) -> CaseEnd:
    """Return how an event ends a case."""
    end = step(case.stage, event)
    if not isinstance(end, CaseEnd):
        raise NotNowError("This does not end a case")
    return end


def confirmed_adult(case: OpenCase) -> OpenCase:
    """Go on: the person is an adult."""
    return _to(case, CaseEvent.ADULT)


def noticed(case: OpenCase, language: str, rules: CaseRules) -> OpenCase:
    """Go on: the notice was given in this language."""
    found = _to(case, CaseEvent.NOTICE)
    if language not in rules.languages:
        raise NotNowError("This kiosk has no notice in that language")
    return replace(found, language=language)


def plan(case: OpenCase, count: int, missing: Mapping[int, str], rules: CaseRules) -> OpenCase:
    """Go on with so many fingers. missing: why a finger cannot be taken, by ISO position."""
    found = _to(case, CaseEvent.PLAN)
    if count not in PLANS:
        raise NotNowError("This is no plan of this kiosk")
    if any(reason not in rules.missing_reasons for reason in missing.values()):
        raise NotNowError("Give a reason for each missing finger")
    fingers = tuple(
        _unasked(case.purpose, finger, missing.get(finger, ""))
        for finger in planned(count, missing)
    )
    if all(each.status is FingerStatus.MISSING for each in fingers):
        raise NotNowError("No finger is left to take: stop the case")
    return replace(found, fingers=fingers, count=count)


def asked(case: OpenCase, position: int) -> OpenCase:
    """Take this finger, for the first time or once more: its attempts count anew."""
    if case.running:
        raise NotNowError("A finger is being taken")
    found = _to(case, CaseEvent.CAPTURE)
    finger = found.finger(position)
    # What looked like the picture that is thrown away is compared with the next one anew.
    apart = tuple(_apart_from(each, position) for each in found.fingers)
    found = replace(found, fingers=apart, running=True)
    return _with(found, _unasked(case.purpose, finger.finger))


def rested(case: OpenCase) -> OpenCase:
    """The sensor asks for no finger any more; one that was asked for still waits."""
    fingers = tuple(
        _changed(each, status=FingerStatus.WAITING) if each.finger == case.now else each
        for each in case.fingers
    )
    return replace(case, fingers=fingers, now=None, running=False)


def begun(case: OpenCase, position: int) -> OpenCase:
    """Say that the sensor waits for this finger: its attempts count anew."""
    found = _to(case, CaseEvent.PRESS)
    finger = found.finger(position)
    if not case.running or case.now is not None or finger.status is not FingerStatus.WAITING:
        raise NotNowError("This finger is not waited for")
    # Presses of which nothing was kept do not count: it may have been begun in an earlier run.
    anew = _changed(_unasked(case.purpose, position), status=FingerStatus.NOW)
    return replace(_with(found, anew), now=position)


def attempted(case: OpenCase, position: int, quality: int | None, rules: CaseRules) -> OpenCase:
    """Count one press of the finger that is asked for. quality: of its picture, 0-100."""
    found = _to(case, CaseEvent.PRESS)
    finger = found.finger(position)
    if found.now != position or finger.attempts >= rules.attempts:
        raise NotNowError("This finger is not waited for")
    best = finger.quality if quality is None else max(quality, finger.quality or 0)
    return _with(found, _changed(finger, attempts=finger.attempts + 1, quality=best))


def came(
    case: OpenCase,
    position: int,
    quality: int | None,
    same_as: int | None = None,
    attack: float | None = None,
) -> OpenCase:
    """Say what became of the finger that was asked for.

    quality: of the picture that is kept; None: there is none, and the finger still waits.
    """
    found = _to(case, CaseEvent.PRESS)
    finger = found.finger(position)
    if found.now != position:
        raise NotNowError("This finger is not waited for")
    if quality is None:
        status = FingerStatus.WAITING
    else:
        status = FingerStatus.SAME if same_as is not None else _by_quality(finger, quality)
    changed = _changed(finger, status=status, quality=quality, same_as=same_as, attack=attack)
    return _when_done(replace(_with(found, changed), now=None))


def missed(case: OpenCase, position: int, reason: str, rules: CaseRules) -> OpenCase:
    """Go on without a finger, and with the next in order in its place."""
    found = _to(case, CaseEvent.MISSING)
    if reason not in rules.missing_reasons:
        raise NotNowError("Give a reason for each missing finger")
    finger = found.finger(position)
    gone = {each.finger: each.reason for each in found.fingers if _is_missing(each)}
    known = {each.finger: each for each in found.fingers}
    known[finger.finger] = _unasked(found.purpose, finger.finger, reason)
    gone[finger.finger] = reason
    order = dict.fromkeys([*known, *planned(found.count, gone)])
    fingers = tuple(known.get(each) or _unasked(found.purpose, each) for each in order)
    now = None if found.now == position else found.now
    return _when_done(replace(found, fingers=fingers, now=now))


def used(case: OpenCase, position: int, reason: str, rules: CaseRules) -> OpenCase:
    """Use a finger though it is poor, or looks like another: the officer answers for it."""
    found = _to(case, CaseEvent.USE)
    if reason not in rules.override_reasons:
        raise NotNowError("Give a reason for using this finger")
    finger = found.finger(position)
    if finger.status not in {FingerStatus.POOR, FingerStatus.SAME}:
        raise NotNowError("This finger needs no reason")
    return _when_done(_with(found, _changed(finger, reason=reason)))


def sending(case: OpenCase) -> OpenCase:
    """Begin to make the request safe."""
    found = _to(case, CaseEvent.SEND)
    if not case.may_send:
        raise NotNowError("Decide about each finger first")
    return found


def kept(case: OpenCase) -> OpenCase:
    """The request is safe."""
    return _to(case, CaseEvent.KEPT)


def not_kept(case: OpenCase) -> OpenCase:
    """The request could not be kept: nothing was sent."""
    return _to(case, CaseEvent.NOT_KEPT)


def _to(case: OpenCase, event: CaseEvent) -> OpenCase:
    stage = step(case.stage, event)
    if not isinstance(stage, CaseStage):
        raise NotNowError("This ends the case")
    return replace(case, stage=stage)


def _unasked(purpose: Purpose, finger: int, missing: str = "") -> FingerShown:
    status = FingerStatus.MISSING if missing else FingerStatus.WAITING
    return FingerShown(finger, status, None, purpose.thresholds.of(finger), reason=missing)


def _by_quality(finger: FingerShown, quality: int) -> FingerStatus:
    return FingerStatus.TAKEN if quality >= finger.threshold else FingerStatus.POOR


def _apart_from(finger: FingerShown, position: int) -> FingerShown:
    if finger.same_as != position:
        return finger
    status = _by_quality(finger, finger.quality or 0)
    return _changed(finger, status=status, same_as=None, reason="")


def _is_missing(finger: FingerShown) -> bool:
    return finger.status is FingerStatus.MISSING


def _changed(finger: FingerShown, **changes: object) -> FingerShown:
    return msgspec.structs.replace(finger, **changes)


def _with(case: OpenCase, finger: FingerShown) -> OpenCase:
    fingers = tuple(finger if each.finger == finger.finger else each for each in case.fingers)
    return replace(case, fingers=fingers)


def _when_done(case: OpenCase) -> OpenCase:
    """Go to the review once no finger waits or is asked for."""
    if case.stage is not CaseStage.CAPTURE or case.now is not None or case.waiting:
        return case
    return replace(_to(case, CaseEvent.ALL_DONE), running=False)
