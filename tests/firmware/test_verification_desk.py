"""The desk of leads: seen by who said why, decided by two people; what is rejected is gone."""

from pathlib import Path

import msgspec
import pytest

from greenline.firmware.errors import StoreError
from greenline.firmware.lists_age import as_shown
from greenline.firmware.store import Store
from greenline.firmware.vault import keys_beside
from greenline.firmware.verification import Refused
from greenline.firmware.verification_file import Counts, leads_beside
from greenline.protocol.audit import NOT_LOGGED_IN
from greenline.protocol.evidence_strength import strength
from greenline.protocol.messages import Outcome, SearchedList
from greenline.protocol.wording import LATE_ANSWER, LEAD_FLAGS
from tests.firmware.conftest import Clock, result
from tests.firmware.leads import (
    LEAD,
    LIFE_MS,
    OTHER,
    LeadPost,
    ask,
    confirm,
    lead_result,
    look,
    reject,
)


@pytest.fixture
def post(store: Store) -> LeadPost:
    found = LeadPost(store)
    found.answer()
    return found


def refusal(post: LeadPost, who: str, event: str, **told: object) -> str:
    with pytest.raises(Refused) as refused:
        post.order(who, event, **told)
    return refused.value.code


def test_who_a_lead_names_is_shown_only_once_somebody_has_said_why(post: LeadPost) -> None:
    assert post.shown == ()

    post.log_in("4711")
    closed = post.lead
    assert (closed.stage, closed.count, closed.can) == ("lead", 2, ("view",))
    assert (closed.candidates, closed.searched, closed.flags, closed.captured) == ((), (), (), ())

    look(post, "4711")
    opened = post.lead
    first = opened.candidates[0]
    assert (opened.stage, opened.can) == ("viewed", ("confirm", "reject", "examine"))
    assert (first.reference, first.strength, first.words) == (
        "case-2026-0117", "strong", "Strong likeness",
    )  # fmt: skip
    assert (opened.searched[0].name, opened.captured) == ("watch", ((2, 63),))
    assert opened.note.startswith("This is not proof")
    assert post.audit.told() == [
        ("consult", "4711", {"outcome": "candidates", "candidates": 2, "lists": ("watch",)})
    ]
    assert post.audit.events[0].why == "decide"


def test_each_session_has_to_say_why_again(post: LeadPost) -> None:
    post.log_in("4711", look)
    assert post.lead.opened

    for who in ("4712", "4711"):
        post.log_in(who)
        assert (post.lead.opened, post.lead.candidates) == (False, ())
        assert refusal(post, who, "reject", reason="other-person") == "view-first"


def test_two_people_at_one_kiosk_confirm(post: LeadPost) -> None:
    post.log_in("4711", look)
    assert refusal(post, "4711", "confirm") == "contact"
    confirm(post, "4711")
    assert (post.lead.stage, post.lead.first) == ("confirmed by one", "4711")
    assert refusal(post, "4711", "confirm") == "same-person"
    assert post.lead.can == ("reject", "examine")

    post.log_in("4712", look)
    post.order("4712", "confirm")

    assert (post.lead.stage, post.lead.second, post.lead.can) == ("confirmed", "4712", ())
    assert (post.lead.source, post.lead.reference) == ("list-owner", "AB-2026/117")
    assert post.desk.counts == Counts(confirmed=1)
    contact = {"source": "list-owner", "reference": "AB-2026/117"}
    assert [event for event in post.audit.told() if event[0] == "verify"] == [
        ("verify", "4711", {"what": "confirmed by one", **contact}),
        ("verify", "4712", {"what": "confirmed", "by": "4711", **contact}),
    ]


def test_nothing_happens_by_itself_or_by_time(post: LeadPost, clock: Clock) -> None:
    post.log_in("4711", look, confirm)
    before = post.lead
    clock.now_ms += LIFE_MS - 1_000

    post.store.expire()
    post.desk.arrived(LEAD, lead_result())

    assert post.lead == before


def test_a_rejected_lead_is_gone_with_its_key(post: LeadPost, store: Store, tmp_path: Path) -> None:
    post.answer(OTHER)
    post.log_in("4711", look, confirm)
    post.log_in("4712", look, reject)

    shown = {lead.request_id: (lead.stage, lead.candidates, lead.can) for lead in post.shown}
    assert shown == {
        OTHER.hex(): ("lead", (), ("view",)), LEAD.hex(): ("rejected", (), ()),
    }  # fmt: skip
    assert (store.answer(LEAD), post.desk.find(LEAD), post.gone) == (None, None, [LEAD])
    assert store.answer(OTHER) is not None
    keys = keys_beside(tmp_path / "kiosk.store").read_bytes()
    assert (LEAD in keys, OTHER in keys) == (False, True)
    assert LEAD not in leads_beside(tmp_path / "kiosk.store").read_bytes()
    assert post.desk.counts == Counts(rejected=1)
    assert post.audit.told()[-2:] == [
        ("verify", "4712", {"what": "rejected", "reason": "other-person"}),
        ("erase", "4712", {"what": "case", "reason": "rejected"}),
    ]
    assert refusal(post, "4712", "view", justification="decide") == "unknown"


def test_what_was_decided_is_there_after_a_restart_and_nothing_is_open(post: LeadPost) -> None:
    post.log_in("4711", look, confirm)

    post.start()
    post.desk.arrived(LEAD, lead_result())
    post.log_in("4712")

    assert (post.lead.stage, post.lead.first, post.lead.opened) == (
        "confirmed by one", "4711", False,
    )  # fmt: skip
    look(post, "4712")
    assert (post.lead.captured, post.lead.reference) == (((2, 63),), "AB-2026/117")


def test_what_cannot_be_noted_or_kept_is_not_done(post: LeadPost, tmp_path: Path) -> None:
    post.log_in("4711")
    post.audit.full = True
    with pytest.raises(StoreError):
        look(post, "4711")
    assert not post.lead.opened

    post.audit.full = False
    look(post, "4711")
    post.audit.full = True
    before = post.lead
    for act in (confirm, reject, ask):
        with pytest.raises(StoreError):
            act(post, "4711")
    assert (post.lead, post.store.answer(LEAD) is not None, post.asked) == (before, True, [])

    post.audit.full = False
    blocked = leads_beside(tmp_path / "kiosk.store.new").with_name("kiosk.store-leads.new")
    blocked.mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        confirm(post, "4711")
    assert post.lead == before


def test_a_damaged_file_says_what_to_do_and_is_left(post: LeadPost, tmp_path: Path) -> None:
    path = leads_beside(tmp_path / "kiosk.store")
    path.write_bytes(b"junk")

    with pytest.raises(StoreError, match="remove the file"):
        post.start()
    assert path.read_bytes() == b"junk"


def test_an_answer_that_was_deleted_takes_its_lead_along(post: LeadPost) -> None:
    post.log_in("4711", look)
    post.desk.forget(LEAD)

    assert post.shown == ()
    assert post.file.read() == (Counts(), {})
    assert refusal(post, "4711", "view", justification="decide") == "unknown"


def test_somebody_who_is_not_at_the_screen_orders_nothing(post: LeadPost) -> None:
    post.log_in("4711", look)

    assert refusal(post, "4712", "confirm") == "role"
    assert refusal(post, "", "view", justification="decide") == "role"


def test_where_nobody_logs_in_a_lead_can_be_seen_and_rejected_never_confirmed(
    store: Store,
) -> None:
    post = LeadPost(store, staffed=False)
    post.start(NOT_LOGGED_IN)
    post.answer(by=NOT_LOGGED_IN)
    look(post, NOT_LOGGED_IN)

    assert post.lead.can == ("reject",)
    contact = {"source": "list-owner", "reference": "AB-2026/117"}
    assert refusal(post, NOT_LOGGED_IN, "confirm", **contact) == "not-logged-in"
    assert refusal(post, NOT_LOGGED_IN, "examine") == "not-logged-in"
    reject(post, NOT_LOGGED_IN)
    assert post.lead.stage == "rejected"


def test_what_weakens_a_lead_is_said(store: Store) -> None:
    post = LeadPost(store, list_age_ms=5_000)
    first = lead_result().candidates[0]
    weak = type(first)("r-1", "watch", 3.5, 2, fingers=1, relabelled=True)
    large = (SearchedList("watch", 1_000_000, 1_000),)
    post.answer(result=lead_result(candidates=(weak,), searched=large, coverage=0.5))
    post.start()
    post.desk.arrived(OTHER, post.answer(OTHER), late=True)
    post.desk.arrived(LEAD, lead_result(candidates=(weak,), searched=large, coverage=0.5))
    post.log_in("4711")
    look(post, "4711")

    lead = next(each for each in post.shown if each.request_id == LEAD.hex())
    said = {code for code, words in LEAD_FLAGS.items() if words in lead.flags}
    assert said == {"one-finger", "incomplete", "relabelled", "large-list", "old-list"}


def test_the_strength_in_words_has_the_bands_of_the_table() -> None:
    assert [strength(score)[0] for score in (0.0, 2.9, 3.0, 4.9, 5.0, 300.0)] == [
        "weak", "weak", "moderate", "moderate", "strong", "strong",
    ]  # fmt: skip


def test_no_match_is_said_only_of_fresh_lists_and_in_time() -> None:
    none = result(Outcome.NONE)
    day_ms = 24 * 3_600_000
    stale = msgspec.structs.replace(none, answered_ms=1 + 3 * day_ms)

    assert as_shown(none, None, late=False) is none
    assert as_shown(stale, 3 * day_ms, late=False) is stale
    old = as_shown(stale, 3 * day_ms - 1, late=False)
    assert (old.outcome, old.reason) == (
        Outcome.REFUSED,
        "The list watch is older than allowed: it was last changed 3 days before",
    )
    late = as_shown(none, None, late=True)
    assert (late.outcome, late.reason) == (Outcome.REFUSED, LATE_ANSWER)
    lead = result(Outcome.CANDIDATES)
    assert as_shown(lead, 1, late=True) is lead
