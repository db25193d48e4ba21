"""Who took the fingers of a request: there after a restart until it is answered, and gone then."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from greenline.firmware.device_key import SecretDeviceKey
from greenline.firmware.errors import StoreError
from greenline.firmware.impressions import Case
from greenline.firmware.store import Pending, Store
from greenline.firmware.taken_file import PLACE_BYTES, Taken, TakenFile, taken_beside
from greenline.firmware.verification_making import make_desk, make_questions
from greenline.protocol.examination import FingerQuality
from greenline.protocol.messages import Outcome
from tests.firmware.case_world import PURPOSE, RULES
from tests.firmware.conftest import KIOSK, result
from tests.firmware.leads import CAPTURED, LEAD, OTHER, LeadPost, confirm, look
from tests.firmware.stores import DEVICE

MOST = Taken("4" * 24, tuple(FingerQuality(finger, 100) for finger in range(1, 11)), "p" * 64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return taken_beside(tmp_path / "kiosk.store")


@pytest.fixture
def post(store: Store) -> LeadPost:
    return LeadPost(store, purpose="")


def test_it_is_there_again_and_what_has_left_is_not(path: Path) -> None:
    file = TakenFile(path, DEVICE)
    file.put(LEAD, MOST)
    file.put(OTHER, Taken("4711"))
    file.put(OTHER, Taken("4712"))

    again = TakenFile(path, DEVICE)
    assert (again.get(LEAD), again.get(OTHER)) == (MOST, Taken("4712"))
    again.remove(LEAD)
    again.remove(LEAD)

    data = path.read_bytes()
    assert (LEAD in data, OTHER in data, b"4712" in data) == (False, True, False)
    assert TakenFile(path, DEVICE).requests() == (OTHER,)
    again.put(LEAD, MOST)
    assert path.stat().st_size == 2 * PLACE_BYTES
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_does_not_open_is_not_there_and_its_place_is_used_again(path: Path) -> None:
    TakenFile(path, SecretDeviceKey(bytes(32))).put(LEAD, MOST)
    with path.open("ab") as file:
        file.write(b"GLT1")  # the power went

    other = TakenFile(path, DEVICE)
    assert (other.requests(), other.get(LEAD)) == ((), Taken())
    other.put(OTHER, MOST)
    other.put(LEAD, MOST)
    assert set(TakenFile(path, DEVICE).requests()) == {LEAD, OTHER}
    assert path.stat().st_size == 2 * PLACE_BYTES


def test_what_cannot_be_kept_is_known_until_the_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "no folder" / "taken"
    file = TakenFile(path, DEVICE)
    with pytest.raises(StoreError, match="cannot be used"):
        file.put(LEAD, MOST)
    assert file.get(LEAD) == MOST
    with pytest.raises(StoreError, match="more fingers"):
        file.put(LEAD, Taken("4711", MOST.captured * 3))
    path.parent.mkdir()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        TakenFile(path, DEVICE)


def test_a_provisional_answer_takes_nothing_of_it_along(post: LeadPost) -> None:
    post.take(purpose="asylum")
    post.comes(result=result(Outcome.INCOMPLETE))
    post.desk.forget(LEAD)  # the answer's time was over
    post.comes()

    found = post.desk.find(LEAD)
    assert found is not None
    assert (found[0].lead.captured_by, found[0].captured) == (("4711",), CAPTURED)
    assert found[0].purpose == "asylum"


@pytest.mark.parametrize("provisional", [False, True], ids=["waits", "incomplete"])
def test_an_answer_after_a_restart_knows_who_took_the_fingers(
    post: LeadPost, path: Path, provisional: bool
) -> None:
    post.take(purpose="asylum")
    if provisional:
        post.comes(result=result(Outcome.INCOMPLETE))
    post.start()
    post.desk.arrived(LEAD, post.comes())
    post.log_in("4711", look, confirm)

    assert post.lead.captured == ((2, 63),)
    found = post.desk.find(LEAD)
    assert found is not None
    assert found[0].lead.captured_by == ("4711",)
    assert [event.why for event in post.audit.events if event.kind == "verify"] == ["asylum"]
    assert LEAD not in path.read_bytes()


def test_a_purpose_that_is_not_known_is_not_made_up(post: LeadPost) -> None:
    post.answer()
    post.log_in("4711", look, confirm)

    assert [event.why for event in post.audit.events if event.kind == "verify"] == [""]


@pytest.mark.parametrize(("purposes", "told"), [(1, "border-check"), (2, "")])
def test_the_only_purpose_of_a_kiosk_is_that_of_each_lead_one_of_several_is_not(
    store: Store, purposes: int, told: str
) -> None:
    post = LeadPost(store)
    both = (PURPOSE, dataclasses.replace(PURPOSE, code="asylum"))
    parts = SimpleNamespace(
        store=store._path, device=DEVICE, case=Case("border-check", ()), list_age_ms=None,
        rules=dataclasses.replace(RULES, purposes=both[:purposes]), name=KIOSK, signer=None,
        matcher=SimpleNamespace(name="matcher-01"), clock=SimpleNamespace(now_ms=int),
    )  # fmt: skip
    door = SimpleNamespace(
        access=SimpleNamespace(reader=str, required=True), who_is=lambda _: None
    )  # fmt: skip
    board: Any = SimpleNamespace(show_leads=post.show, show_refused=None)
    made: Any = (parts, store, SimpleNamespace(purge=post.purge), post.audit, board, door)
    post.desk = make_desk(*made)
    asking: Any = (parts, post.desk, SimpleNamespace(), board, door)
    assert make_questions(*asking).purpose == told

    store.add_request(Pending(LEAD, 0, 1, 10_000), b"sealed")
    post.comes()
    post.log_in("4711", look, confirm)

    assert [event.why for event in post.audit.events if event.kind == "verify"] == [told]


@pytest.mark.parametrize("outcome", [Outcome.NONE, Outcome.REFUSED, Outcome.CANDIDATES])
def test_it_is_gone_with_its_request(post: LeadPost, path: Path, outcome: Outcome) -> None:
    post.take()
    post.take(OTHER)
    post.comes(result=result(outcome))
    assert (LEAD in path.read_bytes(), OTHER in path.read_bytes()) == (False, True)

    post.store.purge(OTHER)
    post.start()  # the power went before the desk was told
    assert OTHER not in path.read_bytes()


def test_a_request_that_expires_takes_it_along(post: LeadPost, path: Path) -> None:
    post.take()
    post.store.purge(LEAD)
    post.desk.forget(LEAD)

    assert (LEAD in path.read_bytes(), post.taken.requests()) == (False, ())
