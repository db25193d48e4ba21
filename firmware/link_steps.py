"""How far the link to the matcher comes, step by step in plain words, from what the kiosk knows.

The kiosk's process has no network (docs/threat-model.md), so it tries nothing itself: the uplink
does all the time, and says why when it fails. The words are those of greenline.link.ended.
"""

from collections.abc import Iterable

from greenline.firmware.board_state import BoardState, Check, DeviceName, Progress
from greenline.firmware.office_state import Fact

UPLINK, NAME, BROKER, CERTIFICATE, MATCHER = (
    "The uplink process runs",
    "The broker's name is found",
    "The broker can be reached",
    "The certificate is accepted",
    "The matcher answers",
)
_STEPS = (UPLINK, NAME, BROKER, CERTIFICATE, MATCHER)
_WELL, _BEFORE = "Yes", "Not tried: a step before fails"
_NOT_KNOWN = "Not known: nothing has been asked since the start"

_FAILS: tuple[tuple[str, str], ...] = (
    ("cannot be resolved", NAME),
    ("certificate", CERTIFICATE),
    ("not authorized", CERTIFICATE),
    ("does not know this device", CERTIFICATE),
)
_PROVED = frozenset({Progress.RECEIVED, Progress.ANSWERED})


def link_steps(state: BoardState) -> tuple[Fact, ...]:
    """Return the steps in their order."""
    failed, why = _failed_at(state)
    facts: list[Fact] = []
    for step in _STEPS:
        if failed is not None and _STEPS.index(step) >= _STEPS.index(failed):
            is_it = step == failed
            facts.append(Fact(step, why if is_it else _BEFORE, False if is_it else None))
        elif step == MATCHER:
            facts.append(_matcher(state.checks))
        else:
            facts.append(Fact(step, _WELL, well=True))
    return tuple(facts)


def _failed_at(state: BoardState) -> tuple[str | None, str]:
    uplink = next((each for each in state.devices if each.name is DeviceName.UPLINK), None)
    if uplink is not None and uplink.missing:
        return UPLINK, uplink.missing
    if state.link:
        return None, ""
    why = state.link_detail or "no connection yet"
    return next((step for words, step in _FAILS if words in why), BROKER), why


def _matcher(checks: Iterable[Check]) -> Fact:
    """Return whether a matcher has answered in this run: only its signature proves that."""
    asked = list(checks)
    if any(each.progress in _PROVED for each in asked):
        return Fact(MATCHER, _WELL, well=True)
    if not asked:
        return Fact(MATCHER, _NOT_KNOWN)
    return Fact(MATCHER, "Not yet: what was asked has no answer", well=False)
