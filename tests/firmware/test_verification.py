"""What two people make of a lead: whatever they do in whatever order, it takes two of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.firmware.verification import (
    Contact,
    Examined,
    Lead,
    Refused,
    Stage,
    can,
    confirm,
    confirm_at_centre,
    examine,
    received,
    refuse_centre,
    reject,
    reject_at_centre,
    view,
)
from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.wording import (
    FORBIDDEN,
    JUSTIFICATIONS,
    LEAD_FLAGS,
    LEAD_REFUSALS,
    LEAD_WORDS,
    REJECTIONS,
    SOURCES,
    STRENGTHS,
)

CONTACT = Contact("list-owner", "AB-2026/117")
LEAD = Lead(candidates=2, captured_by=("4711",))


def viewed(*people: str, lead: Lead = LEAD) -> Lead:
    for person in people:
        lead = view(lead, person, "decide")
    return lead


def refusal(*step: object) -> str:
    do, *arguments = step
    with pytest.raises(Refused) as refused:
        do(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_two_people_confirm_with_the_sources_answer() -> None:
    one = confirm(viewed("4711"), "4711", 1, CONTACT)
    two = confirm(view(one, "4712", "second"), "4712", 1)

    assert (LEAD.stage, viewed("4711").stage) == (Stage.LEAD, Stage.VIEWED)
    assert (one.stage, one.first, one.contact) == (Stage.CONFIRMED_BY_ONE, "4711", CONTACT)
    assert (two.stage, two.first, two.second) == (Stage.CONFIRMED, "4711", "4712")
    assert can(two, "4712", opened=True) == ()


def test_each_rule_has_its_refusal() -> None:
    one = confirm(viewed("4711", "4712"), "4711", 0, CONTACT)
    both = Lead(candidates=1, captured_by=("4711", "4712"))
    both_one = confirm(viewed("4711", "4712", lead=both), "4711", 0, CONTACT)

    assert refusal(view, LEAD, "4711", "curious") == "code"
    assert refusal(confirm, LEAD, "4711", 0, CONTACT) == "view-first"
    assert refusal(confirm, viewed("4711"), "4711", 0) == "contact"
    assert refusal(confirm, viewed("4711"), "4711", 0, Contact("a friend", "A-1")) == "contact"
    assert refusal(confirm, viewed("4711"), "4711", 2, CONTACT) == "no-candidate"
    assert refusal(confirm, one, "4711", 0) == "same-person"
    assert refusal(confirm, one, "4712", 1) == "other-candidate"
    assert refusal(confirm, both_one, "4712", 0) == "both-captured"
    assert refusal(reject, LEAD, "4712", "other-person") == "view-first"
    assert refusal(reject, one, "4712", "a whim") == "code"
    nobody = viewed(NOT_LOGGED_IN)
    assert refusal(confirm, nobody, NOT_LOGGED_IN, 0, CONTACT) == "not-logged-in"
    assert can(both_one, "4712", opened=True) == ("reject", "examine")


@pytest.mark.parametrize(
    "reference", ["", "A1", "JOHN SMITH", "SMITH", "a-117", "A" * 33, "A-117\n", "-117", "Ä-117"]
)
def test_a_reference_that_could_be_a_name_is_refused(reference: str) -> None:
    contact = Contact("list-owner", reference)

    assert refusal(confirm, viewed("4711"), "4711", 0, contact) == "reference"


def test_either_may_reject_and_then_nothing_more_comes() -> None:
    one = confirm(viewed("4711", "4712"), "4711", 0, CONTACT)
    for rejected in (
        reject(viewed("4711"), "4711", "other-person"),
        reject(one, "4712", "source-denies"),
        reject(one, "4711", "source-denies"),
        reject_at_centre(examine(one, "4711"), "4720", "other-person"),
    ):
        assert rejected.stage is Stage.REJECTED
        assert refusal(view, rejected, "4712", "second") == "decided"
        assert refusal(confirm, rejected, "4712", 0) == "decided"
        assert refusal(examine, rejected, "4712") == "decided"
        assert can(rejected, "4712", opened=True) == ()


def test_the_second_person_may_be_at_the_centre_before_or_after() -> None:
    asked = received(examine(viewed("4711"), "4711"))
    after = confirm_at_centre(confirm(asked, "4711", 1, CONTACT), "4720", 1)
    before = confirm_at_centre(asked, "4720", 1)

    assert asked.examined is Examined.RECEIVED
    assert (after.stage, after.examined) == (Stage.CONFIRMED, Examined.CONFIRMED)
    assert before.stage is Stage.CONFIRMED_BY_ONE
    assert refusal(confirm, before, "4711", 1) == "contact"
    assert confirm(before, "4711", 1, CONTACT).stage is Stage.CONFIRMED
    assert refusal(examine, before, "4711") == "asked-already"


def test_the_centre_says_nothing_that_was_not_asked_and_only_once() -> None:
    asked = examine(viewed("4711"), "4711")
    answered = confirm_at_centre(asked, "4720", 0)
    own = confirm(asked, "4711", 0, CONTACT)

    assert refusal(confirm_at_centre, viewed("4711"), "4720", 0) == "decided"
    assert refusal(reject_at_centre, viewed("4711"), "4720", "other-person") == "decided"
    assert refusal(confirm_at_centre, answered, "4721", 0) == "decided"
    assert refusal(reject_at_centre, answered, "4721", "other-person") == "decided"
    assert refusal(confirm_at_centre, own, "4711", 0) == "same-person"


def test_an_examiner_who_means_another_entry_confirms_nothing() -> None:
    asked = examine(viewed("4711", "4712"), "4711")
    own = confirm(asked, "4711", 0, CONTACT)
    other = confirm_at_centre(own, "4720", 1)

    assert (other.examined, other.stage, other.second) == (
        Examined.DISAGREES, Stage.CONFIRMED_BY_ONE, "",
    )  # fmt: skip
    assert refusal(confirm_at_centre, other, "4720", 0) == "decided"
    assert refusal(examine, other, "4711") == "asked-already"
    assert confirm(other, "4712", 0).stage is Stage.CONFIRMED
    assert reject(other, "4711", "poor-evidence").stage is Stage.REJECTED


def test_after_a_verdict_that_does_not_count_the_centre_may_be_asked_anew() -> None:
    asked = confirm(examine(viewed("4711"), "4711"), "4711", 0, CONTACT)
    ended = refuse_centre(asked, "4711", "same-person")
    again = examine(ended, "4711")

    assert (ended.examined, ended.refusal) == (Examined.REFUSED, "same-person")
    assert can(ended, "4711", opened=True) == ("reject", "examine")
    assert (again.examined, again.refusal, again.refused_from) == (Examined.ASKED, "", ("4711",))
    assert refusal(reject_at_centre, again, "4711", "other-person") == "decided"
    assert refuse_centre(again, "4711", "same-person") is again
    assert confirm_at_centre(again, "4720", 0).stage is Stage.CONFIRMED
    assert refuse_centre(viewed("4711"), "4720", "code") == viewed("4711")


PEOPLE = st.sampled_from(["4711", "4712", "4713", NOT_LOGGED_IN, ""])
STEPS = st.one_of(
    st.tuples(st.just(view), PEOPLE, st.sampled_from([*JUSTIFICATIONS, "none"])),
    st.tuples(
        st.just(confirm), PEOPLE, st.integers(-1, 2),
        st.sampled_from([None, CONTACT, Contact("list-owner", "SMITH")]),
    ),
    st.tuples(st.just(reject), PEOPLE, st.sampled_from([*REJECTIONS, "none"])),
    st.tuples(st.just(examine), PEOPLE),
    st.tuples(st.just(received)),
    st.tuples(st.just(confirm_at_centre), PEOPLE, st.integers(-1, 2)),
    st.tuples(st.just(reject_at_centre), PEOPLE, st.sampled_from([*REJECTIONS, "none"])),
)  # fmt: skip


@given(st.frozensets(st.sampled_from(["4711", "4712", "4713"])), st.lists(STEPS, max_size=25))
def test_whatever_is_done_a_confirmation_has_two_people_and_the_sources_answer(
    captured_by: frozenset[str], steps: list[tuple[object, ...]]
) -> None:
    lead = Lead(candidates=2, captured_by=tuple(sorted(captured_by)))
    for do, *arguments in steps:
        before = lead
        try:
            lead = do(lead, *arguments)  # type: ignore[operator]
        except Refused:
            continue
        if before.stage in {Stage.CONFIRMED, Stage.REJECTED}:
            assert lead.stage is before.stage
        if lead.stage is Stage.CONFIRMED:
            people = {lead.first, lead.second}
            assert len(people) == 2
            assert not people & {"", NOT_LOGGED_IN}
            assert not people <= captured_by
            assert lead.contact == CONTACT
            assert (lead.first in lead.viewers) or (lead.second in lead.viewers)
        else:
            assert not lead.second


def test_no_verdict_is_among_the_words() -> None:
    tables = (LEAD_WORDS, LEAD_FLAGS, LEAD_REFUSALS, JUSTIFICATIONS, SOURCES, REJECTIONS)
    said = " ".join(
        [
            *(words for table in tables for words in table.values()),
            *(s[2] + s[3] for s in STRENGTHS),
        ]
    ).lower()

    assert [word for word in FORBIDDEN if word in said] == []
    assert [stage.value for stage in Stage] == list(LEAD_WORDS)
