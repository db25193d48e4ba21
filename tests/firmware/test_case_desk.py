"""The case's desk: what is ordered, told, shown and kept, and what is left when a case ends."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenline.firmware.case_counts import CaseCounts, Counts
from greenline.firmware.case_machine import NotNowError
from greenline.firmware.case_state import CaseEnd, CaseStage, FingerShown, FingerStatus
from greenline.firmware.errors import StoreError
from greenline.firmware.operators_shown import SessionState
from greenline.protocol.audit import Event, pseudonym
from greenline.protocol.audit_details import Kind
from tests.firmware.case_world import WHO, World, impression

OPENED = ["case: opened", "case: adult confirmed", "case: notice given"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def status(world: World) -> dict[int, FingerStatus]:
    return {each.finger: each.status for each in world.case.fingers}


def test_a_case_goes_from_its_opening_to_a_request(world: World) -> None:
    world.desk.open("border-check", WHO, supervisor=False)
    assert (world.case.stage, world.case.purpose, world.case.legal_basis, world.case.location) == (
        CaseStage.ADULT, "border-check", "law-1", "gate-1",
    )  # fmt: skip
    assert world.case.can == ("adult", "refuse", "stop")
    world.desk.adult(is_adult=True)
    world.desk.notice("fr")
    assert (world.case.language, world.case.notice_version) == ("fr", "1")
    world.desk.plan(2, {})
    assert status(world) == {2: FingerStatus.WAITING, 7: FingerStatus.WAITING}
    assert world.sensor.asked == []
    first, second = impression(2, 41), impression(7, 80)

    world.take(first, second)

    assert [(each.finger, each.threshold) for each in world.sensor.asked[0].fingers] == [
        (2, 40),
        (7, 40),
    ]
    assert (world.case.stage, world.case.request_id) == (CaseStage.REVIEW, "")
    world.desk.send()
    (sent,) = world.sent
    assert sent.impressions == (first, second)
    assert (sent.purpose, sent.lists, sent.operator) == ("border-check", ("watch",), WHO)
    assert sent.target_fpir == 0.01
    assert (world.case.stage, world.case.request_id) == (CaseStage.SENT, sent.request_id.hex())
    assert world.held == {}
    world.desk.close()
    assert (world.board.state().case, world.board.state().case_ended) == (None, "sent")
    assert world.log.told() == [*OPENED, "attempt", "attempt", "case: ended: sent"]
    assert {event.case for event in world.log.events} == {pseudonym(sent.request_id)}
    assert {(event.who, event.why) for event in world.log.events} == {(WHO, "border-check")}
    assert world.counts.counts() == Counts(sent=1)


def test_each_step_is_told_with_its_details(world: World) -> None:
    world.begin(2, {2: "amputated"})
    world.take(impression(7, 35, attack=0.625))
    world.desk.use(7, "worn_skin")

    assert [dict(event.details) for event in world.log.events] == [
        {"what": "opened", "legal_basis": "law-1", "location": "gate-1"},
        {"what": "adult confirmed"},
        {"what": "notice given", "language": "fr", "version": "1"},
        {"what": "finger missing", "finger": 2, "reason": "amputated"},
        {"finger": 7, "attempt": 1, "threshold": 40, "quality": 35},
        {"what": "looked for forgery", "finger": 7, "percent": 62},
        {"what": "poor finger", "finger": 7, "reason": "worn_skin"},
    ]
    assert [event.kind for event in world.log.events][4:] == [
        Kind.ATTEMPT, Kind.CASE, Kind.OVERRIDE,
    ]  # fmt: skip


@pytest.mark.parametrize("later", [False, True])
def test_of_a_person_who_is_no_adult_nothing_but_a_number_is_kept(
    world: World, tmp_path: Path, later: bool
) -> None:
    if later:
        world.begin()
        world.take(impression(2))
    else:
        world.desk.open("border-check", WHO, supervisor=False)

    world.desk.adult(is_adult=False)

    assert (world.board.state().case, world.board.state().case_ended) == (None, "minor")
    assert (world.held, world.sent) == ({}, [])
    assert world.sensor.cancelled == 1
    assert CaseCounts(tmp_path / "cases").counts() == Counts(minor=1)
    if not later:
        assert world.log.events == []
    for order in (lambda: world.desk.adult(is_adult=True), lambda: world.desk.capture(2)):
        with pytest.raises(NotNowError, match="Open a case first"):
            order()


def test_a_refusal_needs_a_reason_and_keeps_nothing_else(world: World) -> None:
    world.begin()
    world.take(impression(2))
    with pytest.raises(NotNowError, match="Give a reason"):
        world.desk.refuse("because")
    assert len(world.held) == 1

    world.desk.refuse("religious")

    assert (world.held, world.sent) == ({}, [])
    assert world.board.state().case_ended == "refused"
    assert dict(world.log.events[-1].details) == {"what": "ended: refused", "reason": "religious"}


def test_who_refuses_before_the_age_was_asked_is_in_the_log_all_the_same(world: World) -> None:
    world.desk.open("border-check", WHO, supervisor=False)
    world.desk.refuse("unwell")
    assert world.log.told() == ["case: opened", "case: ended: refused"]


def test_a_poor_finger_needs_a_reason_or_another_try(world: World) -> None:
    world.begin(1)
    world.take(impression(2, 39))
    assert world.case.fingers == (FingerShown(2, FingerStatus.POOR, 39, threshold=40, attempts=1),)
    with pytest.raises(NotNowError, match="Decide about each finger"):
        world.desk.send()
    with pytest.raises(NotNowError, match="Give a reason"):
        world.desk.use(2, "no such reason")

    world.take(impression(2, 77))
    assert world.case.fingers == (FingerShown(2, FingerStatus.TAKEN, 77, threshold=40, attempts=1),)
    world.desk.send()
    assert [each.quality.score for each in world.sent[0].impressions] == [77]
    assert "case: finger taken again" in world.log.told()


def test_the_same_finger_twice_is_named_with_both_and_decided_about(world: World) -> None:
    world.begin(2)
    world.take(impression(2), impression(7, of=2))

    assert status(world) == {2: FingerStatus.TAKEN, 7: FingerStatus.SAME}
    assert world.case.fingers[1].same_as == 2
    assert dict(world.log.events[-1].details) == {"what": "same finger", "finger": 7, "same_as": 2}
    with pytest.raises(NotNowError):
        world.desk.send()
    world.desk.use(7, "injury")
    world.desk.send()
    assert [each.finger for each in world.sent[0].impressions] == [2, 7]


def test_taken_again_the_other_finger_is_another(world: World) -> None:
    world.begin(2)
    world.take(impression(2), impression(7, of=2))
    world.take(impression(2, of=3))
    assert status(world) == {2: FingerStatus.TAKEN, 7: FingerStatus.TAKEN}
    world.desk.send()


def test_who_lacks_a_finger_gives_the_next(world: World) -> None:
    world.begin(2, {2: "amputated"})
    assert list(status(world)) == [2, 7, 3]
    world.take(impression(7))
    world.desk.missing(3, "bandaged")

    assert list(status(world)) == [2, 7, 3, 8]
    world.take(impression(8))
    world.desk.send()
    assert [each.finger for each in world.sent[0].impressions] == [7, 8]


def test_a_finger_that_cannot_be_taken_is_found_out_in_the_middle(world: World) -> None:
    world.begin(2)
    world.desk.capture(2)
    request_id = world.sensor.asked[0].request_id
    assert world.desk.reports.begins(request_id, 2)
    world.desk.missing(2, "unable")

    assert not world.desk.reports.wanted(request_id, 2)
    assert not world.desk.reports.came(request_id, 2, impression(2))
    assert world.held == {}
    assert world.press(impression(7))
    world.rest()
    assert world.case.stage is CaseStage.CAPTURE
    world.take(impression(3))
    assert world.case.stage is CaseStage.REVIEW


def test_what_comes_of_an_earlier_case_is_dropped(world: World) -> None:
    world.begin(1)
    world.desk.capture(2)
    request_id = world.sensor.asked[0].request_id
    reports = world.desk.reports
    assert reports.begins(request_id, 2)
    world.desk.stop()
    world.begin(1)
    world.desk.capture(2)

    reports.attempted(request_id, 2, 1, 50)
    assert not reports.begins(request_id, 2)
    assert not reports.came(request_id, 2, impression(2))
    reports.rested(request_id)
    assert world.held == {}
    assert world.case.fingers[0].attempts == 0
    with pytest.raises(NotNowError, match="being taken"):
        world.desk.capture(2)


def test_a_sensor_that_is_not_ready_takes_nothing(world: World) -> None:
    world.begin(1)
    world.sensor.ready = False
    with pytest.raises(NotNowError, match="not ready"):
        world.desk.capture(2)
    assert "capture" in world.case.can
    world.sensor.ready = True
    world.take(impression(2))
    assert world.case.stage is CaseStage.REVIEW


def test_a_request_that_could_not_be_kept_can_be_sent_again(world: World) -> None:
    world.begin(1)
    world.take(impression(2))
    world.keep_fails = True
    with pytest.raises(StoreError):
        world.desk.send()
    assert world.case.stage is CaseStage.REVIEW
    world.keep_fails = False
    world.desk.send()
    assert len(world.sent[0].impressions) == 1


def test_what_cannot_be_noted_is_not_done(world: World) -> None:
    world.desk.open("border-check", WHO, supervisor=False)
    world.log.fails = True
    with pytest.raises(StoreError):
        world.desk.adult(is_adult=True)
    assert world.case.stage is CaseStage.ADULT
    world.desk.stop()  # an end cannot wait for the card
    assert world.board.state().case is None


def test_each_press_for_the_case_is_work(world: World) -> None:
    told: list[str] = []
    world.desk.reports.when_pressed(lambda: told.append("pressed"))
    world.begin(1)
    world.take(impression(2))
    world.desk.reports.attempted(world.sensor.asked[0].request_id, 2, 2, 50)  # not asked for
    assert told == ["pressed"]


def test_it_ends_with_the_process(world: World) -> None:
    world.desk.leave()
    world.begin()
    world.take(impression(2))
    world.desk.leave()
    assert (world.board.state().case, world.held) == (None, {})
    assert world.log.told()[-1] == "case: ended: stopped"


def test_without_progress_a_case_ends(world: World) -> None:
    world.begin()
    world.take(impression(2))
    world.now_s = 99.0
    world.desk.tend()
    assert len(world.held) == 1
    world.now_s = 100.0
    world.desk.tend()
    assert (world.board.state().case_ended, world.held) == ("timeout", {})


@pytest.mark.parametrize(
    "session",
    [
        SessionState(required=True),
        SessionState(required=True, operator="4712"),
        SessionState(required=True, operator=WHO, locked=True),
    ],
)
def test_it_ends_with_the_session_of_its_operator(world: World, session: SessionState) -> None:
    world.board.show_session(SessionState(required=True, operator=WHO))
    world.begin()
    world.take(impression(2))
    world.board.show_session(session)
    assert (world.board.state().case, world.held) == (None, {})
    assert world.board.state().case_ended == "stopped"
    world.desk.tend()


def test_more_cases_than_the_rate_need_a_supervisors_reason(world: World) -> None:
    for _ in range(3):
        world.desk.open("border-check", WHO, supervisor=False)
        world.desk.stop()
    assert world.board.state().choices.too_many
    with pytest.raises(NotNowError, match="a supervisor must"):
        world.desk.open("border-check", WHO, more="test_run", supervisor=False)
    with pytest.raises(NotNowError, match="Give a reason"):
        world.desk.open("border-check", "4712", supervisor=True)

    world.desk.open("border-check", "4712", more="test_run", supervisor=True)

    assert world.log.events[-1] == Event(
        Kind.OVERRIDE, "4712", details={"what": "more cases", "reason": "test_run"}
    )
    world.desk.stop()
    world.now_s = 3600.0
    world.desk.tend()
    assert not world.board.state().choices.too_many
    world.desk.open("border-check", WHO, supervisor=False)


def test_what_is_not_known_is_refused(world: World) -> None:
    with pytest.raises(NotNowError, match="no such purpose"):
        world.desk.open("tourism", WHO, supervisor=False)
    world.desk.open("border-check", WHO, supervisor=False)
    with pytest.raises(NotNowError, match="open already"):
        world.desk.open("border-check", WHO, supervisor=False)
    world.desk.adult(is_adult=True)
    with pytest.raises(NotNowError, match="no notice in that language"):
        world.desk.notice("tlh")
    world.desk.notice("ar")
    with pytest.raises(NotNowError, match="no plan"):
        world.desk.plan(3, {})
    with pytest.raises(NotNowError, match="reason for each missing"):
        world.desk.plan(2, {2: ""})


def test_the_key_does_the_one_obvious_step(world: World) -> None:
    world.begin(1)
    world.desk.confirm()
    assert world.press(impression(2, 10))
    world.rest()
    world.desk.confirm()  # poor: once more
    assert world.press(impression(2))
    world.rest()
    world.desk.confirm()
    assert world.case.stage is CaseStage.SENT
    with pytest.raises(NotNowError):
        world.desk.confirm()


@pytest.mark.parametrize("lost", [False, True], ids=["unread", "sensor lost"])
def test_a_finger_that_gave_no_picture_is_pressed_anew_after_another(
    world: World, lost: bool
) -> None:
    world.begin(2)
    world.desk.confirm()
    assert world.press(impression(2, 10))
    if lost:
        request_id = world.sensor.asked[-1].request_id
        assert world.desk.reports.begins(request_id, 7)
        for number in (1, 2, 3):
            world.desk.reports.attempted(request_id, 7, number, 20)
    else:
        assert not world.press_nothing(7)
    world.rest()

    world.desk.confirm()  # finger 2, which is poor, once more, and then the other

    assert [each.finger for each in world.sensor.asked[-1].fingers] == [2, 7]
    assert world.press(impression(2))
    assert world.desk.reports.begins(world.sensor.asked[-1].request_id, 7)
    now = world.case.fingers[1]
    assert (now.status, now.attempts, now.quality) == ("now", 0, None)
    world.desk.reports.attempted(world.sensor.asked[-1].request_id, 7, 1, 70)
    assert world.case.fingers[1].attempts == 1
    assert world.desk.reports.came(world.sensor.asked[-1].request_id, 7, impression(7))
    world.rest()
    world.desk.send()
    assert [each.finger for each in world.sent[0].impressions] == [2, 7]


def test_a_press_too_many_loses_no_picture(world: World) -> None:
    world.begin(1)
    world.desk.capture(2)
    assert world.press(impression(2), attempts=4)
    assert (world.case.stage, world.case.fingers[0].attempts) == (CaseStage.REVIEW, 3)


def waiting(world: World) -> int:
    """The finger that is asked for next, or would be."""
    fingers = world.case.fingers if world.board.state().case else ()
    return next((each.finger for each in fingers if each.status is FingerStatus.WAITING), 2)


def unclear(world: World) -> int:
    fingers = world.case.fingers if world.board.state().case else ()
    return next((each.finger for each in fingers if each.status in {"poor", "same"}), 2)


def begin_and_lose(world: World) -> None:
    """The sensor goes away while a finger is pressed."""
    request_id, finger = world.sensor.asked[-1].request_id, waiting(world)
    if world.desk.reports.begins(request_id, finger):
        world.desk.reports.attempted(request_id, finger, 1, None)
    world.rest()


def lock(world: World) -> None:
    world.board.show_session(SessionState(required=True, operator=WHO, locked=True))


def wait(world: World) -> None:
    world.now_s += 1000.0
    world.desk.tend()


OBEY: dict[str, Callable[[World], object]] = {
    "open": lambda w: w.desk.open("border-check", WHO, more="test_run", supervisor=True),
    "adult": lambda w: w.desk.adult(is_adult=True),
    "no adult": lambda w: w.desk.adult(is_adult=False),
    "notice": lambda w: w.desk.notice("fr"),
    "one finger": lambda w: w.desk.plan(1, {}),
    "two fingers": lambda w: w.desk.plan(2, {}),
    "capture": lambda w: w.desk.capture(waiting(w)),
    "press": lambda w: w.sensor.asked and w.press(impression(waiting(w))),
    "press badly": lambda w: w.sensor.asked and w.press(impression(waiting(w), 20)),
    "press nothing": lambda w: w.sensor.asked and w.press_nothing(waiting(w)),
    "press unread": lambda w: w.sensor.asked and begin_and_lose(w),
    "press the first": lambda w: w.sensor.asked and w.press(impression(waiting(w), of=2)),
    "rest": lambda w: w.sensor.asked and w.rest(),
    "use": lambda w: w.desk.use(unclear(w), "injury"),
    "again": lambda w: w.desk.capture(unclear(w)),
    "missing": lambda w: w.desk.missing(waiting(w), "unable"),
    "send": lambda w: w.desk.send(),
    "close": lambda w: w.desk.close(),
    "key": lambda w: w.desk.confirm(),
    "tend": lambda w: w.desk.tend(),
    "stop": lambda w: w.desk.stop(),
    "refuse": lambda w: w.desk.refuse("other"),
    "lock": lock,
    "wait": wait,
}
ENDS = ("stop", "refuse", "no adult", "lock", "wait")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["", "begun", "taken"]),
    st.lists(st.sampled_from(sorted(OBEY)), max_size=25),
    st.sampled_from(ENDS),
)
def test_nothing_of_a_person_outlives_a_case_and_nothing_undecided_is_sent(
    tmp_path: Path, before: str, orders: list[str], end: str
) -> None:
    world = World(tmp_path)
    if before:
        world.begin(2)
    if before == "taken":
        world.take(impression(2), impression(7))
    for order in orders:
        obey(world, order)
        if world.board.state().case is None:
            assert world.held == {}
    obey(world, end)
    if end in {"lock", "wait"}:  # these end it at any point
        assert world.board.state().case is None
    if world.board.state().case is None:
        assert world.held == {}
    for sent in world.sent:
        assert {each.finger for each in sent.impressions} <= set(range(1, 11))
        decided = {
            event.details["finger"]
            for event in world.log.events
            if event.kind is Kind.OVERRIDE and event.case == pseudonym(sent.request_id)
        }
        poor = {each.finger for each in sent.impressions if each.quality.score < 40}
        assert poor <= decided


def obey(world: World, order: str) -> None:
    """Do what is asked as far as it can be done."""
    with contextlib.suppress(NotNowError):
        OBEY[order](world)


def test_every_end_is_counted(world: World, tmp_path: Path) -> None:
    for end in CaseEnd:
        world.counts.add(end)
    assert CaseCounts(tmp_path / "cases").counts() == Counts(1, 1, 1, 1, 1)
    (tmp_path / "cases").write_text("{}{")
    assert CaseCounts(tmp_path / "cases").counts() == Counts()
    assert (tmp_path / "cases").stat().st_mode & 0o777 == 0o600
