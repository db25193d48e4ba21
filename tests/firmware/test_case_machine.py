"""The stages of a case: the table, the document that shows it, and every way through it."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.firmware import case_steps
from greenline.firmware.case_machine import ORDERS, TABLE, CaseEvent, NotNowError, step
from greenline.firmware.case_open import OpenCase
from greenline.firmware.case_state import CaseEnd, CaseStage, FingerStatus
from tests.firmware.case_world import PURPOSE, RULES, WHO

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "capture.md"
SENSOR = (CaseStage.CAPTURE, CaseStage.REVIEW, CaseStage.SENDING, CaseStage.SENT)


def test_the_document_has_the_same_table() -> None:
    text = DOCUMENT.read_text().partition("## The stages\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", text, re.MULTILINE)[1:]
    shown = {
        (stage, event.strip("`")): to for stage, events, to in rows for event in events.split(", ")
    }

    assert shown == {
        (stage.value if stage else "no case", event.value): to.value
        if isinstance(to, CaseStage)
        else f"end: {to.value}"
        for (stage, event), to in TABLE.items()
    }


def reached(without: CaseEvent) -> set[CaseStage | CaseEnd]:
    """All that can be reached from no case, if one event never comes."""
    found: set[CaseStage | CaseEnd] = set()
    ahead: list[CaseStage | None] = [None]
    while ahead:
        now = ahead.pop()
        for (stage, event), to in TABLE.items():
            if stage == now and event is not without and to not in found:
                found.add(to)
                if isinstance(to, CaseStage):
                    ahead.append(to)
    return found


@pytest.mark.parametrize(
    "needed", [CaseEvent.OPEN, CaseEvent.ADULT, CaseEvent.NOTICE, CaseEvent.PLAN]
)
def test_no_sensor_starts_without(needed: CaseEvent) -> None:
    assert set(SENSOR) <= reached(CaseEvent.TIMEOUT)
    assert not set(SENSOR) & reached(needed)
    assert CaseEnd.SENT not in reached(needed)


def test_a_person_who_is_no_adult_or_refuses_ends_it_at_any_time_before_it_is_sent() -> None:
    before = [stage for stage in CaseStage if stage not in SENSOR[2:]]
    for stage in before:
        assert step(stage, CaseEvent.NO_ADULT) is CaseEnd.MINOR
        assert step(stage, CaseEvent.REFUSE) is CaseEnd.REFUSED
        assert step(stage, CaseEvent.STOP) is CaseEnd.STOPPED
    for stage, event in TABLE:
        assert event is not CaseEvent.NO_ADULT or stage in before


def test_what_is_not_in_the_table_is_refused() -> None:
    for stage in (None, *CaseStage):
        for event in CaseEvent:
            if (stage, event) not in TABLE:
                with pytest.raises(NotNowError, match=r"\w"):
                    step(stage, event)


FINGER = st.integers(1, 10)
REASON = st.sampled_from([*RULES.missing_reasons[:2], *RULES.override_reasons[:2], "", "no such"])
MISSING = st.dictionaries(FINGER, REASON, max_size=10)
QUALITY = st.integers(0, 100)
Change = Callable[[OpenCase], OpenCase]
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.just(case_steps.confirmed_adult),
    st.sampled_from(["fr", "xx"]).map(lambda to: lambda case: case_steps.noticed(case, to, RULES)),
    st.tuples(st.sampled_from([0, 1, 2, 4, 10]), st.one_of(st.just({}), MISSING)).map(
        lambda plan: lambda case: case_steps.plan(case, plan[0], plan[1], RULES)
    ),
    FINGER.map(lambda finger: lambda case: case_steps.asked(case, finger)),
    st.just(lambda case: case_steps.asked(case, case.waiting[0])),
    st.just(lambda case: case_steps.begun(case, case.waiting[0])),
    QUALITY.map(lambda score: lambda case: case_steps.attempted(case, case.now or 0, score, RULES)),
    st.tuples(st.none() | QUALITY, st.none() | FINGER).map(
        lambda found: lambda case: case_steps.came(case, case.now or 0, found[0], found[1])
    ),
    st.just(case_steps.rested),
    st.tuples(FINGER, REASON).map(
        lambda told: lambda case: case_steps.missed(case, told[0], told[1], RULES)
    ),
    st.tuples(FINGER, REASON).map(
        lambda told: lambda case: case_steps.used(case, told[0], told[1], RULES)
    ),
    st.just(case_steps.sending),
    st.just(case_steps.kept),
    st.just(case_steps.not_kept),
)  # fmt: skip


FOUND = st.lists(
    st.tuples(st.integers(1, 5), st.none() | QUALITY, st.none() | FINGER), max_size=4
)  # fmt: skip


def taken(count: int, found: list[tuple[int, int | None, int | None]]) -> list[Change]:
    """What leads into the capture and on: for each finger its presses, quality, and likeness."""
    changes: list[Change] = [
        case_steps.confirmed_adult,
        lambda case: case_steps.noticed(case, "fr", RULES),
        lambda case: case_steps.plan(case, count, {}, RULES),
        lambda case: case_steps.asked(case, case.waiting[0]),
    ]
    for presses, score, same in found:
        changes.append(lambda case: case_steps.begun(case, case.waiting[0]))
        press: Change = functools.partial(_pressed, score=score)
        changes += [press] * presses
        changes.append(functools.partial(_came, score=score, same=same))
    return changes


def _pressed(case: OpenCase, score: int | None) -> OpenCase:
    return case_steps.attempted(case, case.now or 0, score, RULES)


def _came(case: OpenCase, score: int | None, same: int | None) -> OpenCase:
    return case_steps.came(case, case.now or 0, score, same)


@settings(deadline=None)
@given(st.sampled_from([0, 1, 2, 4]), FOUND, st.lists(CHANGES, max_size=40))
def test_whatever_is_ordered_the_promises_hold(
    count: int, found: list[tuple[int, int | None, int | None]], changes: list[Change]
) -> None:
    case = case_steps.opened(bytes(16), WHO, PURPOSE, 1)
    past = [case.stage]
    for change in [*(taken(count, found) if count else []), *changes]:
        before = case
        try:
            case = change(case)
        except (NotNowError, IndexError):  # nobody waits: there is no first of them
            assert case is before
            continue
        past.append(case.stage)
        if case.stage in SENSOR:
            assert past[:1] == [CaseStage.ADULT]
            assert CaseStage.NOTICE in past
            assert case.language in RULES.languages
            assert case.operator
        assert all(each.attempts <= RULES.attempts for each in case.fingers)
        if case.now is not None and before.now is None:
            assert case.finger(case.now).attempts == 0
        asked = [each.finger for each in case.fingers if each.status is FingerStatus.NOW]
        assert asked == ([] if case.now is None else [case.now])
        assert len({each.finger for each in case.fingers}) == len(case.fingers)
        if case.stage in {CaseStage.SENDING, CaseStage.SENT}:
            for each in case.fingers:
                done = each.status is FingerStatus.TAKEN and each.same_as is None
                assert done or each.reason, each
                assert each.status not in {FingerStatus.WAITING, FingerStatus.NOW}
            assert case.kept
        for event in case.can():
            assert event in {each.value for each in ORDERS}
            assert event == "adult" or (case.stage, CaseEvent(event)) in TABLE


def test_without_an_operator_no_case_opens() -> None:
    with pytest.raises(NotNowError, match="Log in first"):
        case_steps.opened(bytes(16), "", PURPOSE, 1)


def test_all_of_a_plan_missing_is_no_plan() -> None:
    case = case_steps.noticed(
        case_steps.confirmed_adult(case_steps.opened(bytes(16), WHO, PURPOSE, 1)), "fr", RULES
    )
    with pytest.raises(NotNowError, match="No finger is left"):
        case_steps.plan(case, 1, dict.fromkeys(range(1, 11), "amputated"), RULES)
