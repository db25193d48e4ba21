"""Of a damaged store's bytes all is kept that proves itself, and what is lost is counted."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.firmware.store_damage import damage_in
from greenline.firmware.store_evidence import Evidence
from greenline.firmware.store_file import INSERT_ANSWER, INSERT_REQUEST
from greenline.firmware.store_pages import Kind
from greenline.firmware.store_rows import with_digest
from tests.firmware.damaged_stores import (
    KINDS,
    NOW,
    PAGE_SIZES,
    StoreOnCard,
    answer_row,
    flipped,
    kept_ids,
    request_row,
    rescue,
    sampled,
    sealed_answer,
    signed,
    written,
    zeroed,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


@pytest.fixture(scope="module")
def stores(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]]:
    folder = tmp_path_factory.mktemp("stores")
    return {kind: written(folder, *kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_whole_store_all_is_kept(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]], kind: tuple[int, str]
) -> None:
    store, ids = stores[kind]

    found = rescue(store)

    assert kept_ids(found) == ids
    assert not found.lost
    assert not found.unknown


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_costs_one_message_at_most_and_that_is_counted(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]], kind: tuple[int, str]
) -> None:
    store, ids = stores[kind]
    for broken in sampled(store, 60, seed=1):
        if damage_in(broken) is None:
            continue
        found = rescue(broken, rows_tried=0)
        assert found.lost == ids - kept_ids(found)
        assert len(found.lost) <= 1
        assert kept_ids(found) <= ids


@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_a_flipped_bit_in_a_row_is_found_and_turned_back(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]], page_bytes: int
) -> None:
    store, ids = stores[page_bytes, "nothing"]
    for broken in sampled(store, 12, seed=2):
        if damage_in(broken) == "a row is damaged":
            assert kept_ids(rescue(broken)) == ids


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_erased_page_held_is_kept_from_elsewhere_or_counted(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]], kind: tuple[int, str]
) -> None:
    store, ids = stores[kind]
    page_bytes, draw = kind[0], random.Random(3)
    pages = len(store.database) // page_bytes
    for _ in range(15):
        broken = zeroed(store, draw.randrange(pages) * page_bytes, page_bytes)
        found = rescue(broken, rows_tried=0)
        assert found.lost == ids - kept_ids(found)
        assert kept_ids(found) <= ids


@pytest.mark.parametrize("kind", [Kind.TABLE_LEAF, Kind.INDEX_LEAF, Kind.TABLE_INNER])
@pytest.mark.parametrize("page_bytes", PAGE_SIZES)
def test_a_page_whose_head_is_spoilt_costs_nothing(
    tmp_path: Path, page_bytes: int, kind: Kind
) -> None:
    store, ids = written(tmp_path, page_bytes, "nothing", rows=60)
    pages = store.pages(store.logs()[0])
    numbers = [number for number in pages.numbers() if pages.node(number).kind is kind]
    for number in numbers[:3]:
        for at in range(1 if number > 1 else 101, 8):
            data = bytearray(store.database)
            data[(number - 1) * page_bytes + at - 1] ^= 0xFF
            found = rescue(replace(store, database=bytes(data)), rows_tried=0)
            assert kept_ids(found) == ids
            assert not found.lost


def test_without_either_witness_it_is_said_that_more_may_be_lost(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]],
) -> None:
    store, ids = stores[4096, "nothing"]
    pages = store.pages(store.logs()[0])
    broken = store
    for number in pages.numbers():
        if pages.node(number).kind in {Kind.TABLE_LEAF, Kind.INDEX_LEAF} and number > 1:
            broken = zeroed(broken, (number - 1) * 4096, 4096)

    found = rescue(broken)

    assert found.unknown
    assert kept_ids(found) < ids


def test_the_database_is_gone_and_what_its_log_held_is_kept(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]],
) -> None:
    store, ids = stores[4096, "half"]

    found = rescue(replace(store, database=b""))

    assert kept_ids(found)
    assert kept_ids(found) | found.lost == ids


def test_what_was_answered_does_not_come_back(path: Path) -> None:
    """A request lies in older frames of the log; they serve only for what is known to be lost."""
    store = StoreOnCard(path)
    store.fill(range(1, 5))
    store.answer(signed(2).header.request_id)
    answered = signed(2).header.request_id
    store.db.execute("DELETE FROM answer WHERE request_id = ?", (answered,))
    ids = store.ids()
    evidence = store.leave()

    for broken in sampled(evidence, 40, seed=6):
        assert kept_ids(rescue(broken)) <= ids
    assert answered not in ids


def test_the_last_commit_is_torn_and_what_it_held_is_kept(path: Path) -> None:
    """Of the last commit one frame is missing: a power cut, or a fault; it is kept either way."""
    store = StoreOnCard(path)
    store.fill(range(1, 4))
    store.checkpoint()
    store.fill(range(4, 5))
    step, ids = 4096 + 24, store.ids()
    evidence = store.leave()
    frames = evidence.logs()[0].frames
    for number in range(len(frames) - 1):
        at = len(evidence.database) + 32 + number * step
        broken = zeroed(evidence, at, step)
        assert damage_in(broken) == "its log is damaged"
        found = rescue(broken)
        assert kept_ids(found) | found.lost == ids
        assert len(found.lost) <= 1


def test_a_row_without_a_right_digest_is_kept_when_what_it_holds_proves_itself(path: Path) -> None:
    store = StoreOnCard(path)
    head = signed(1).header
    wrong = (head.request_id, 9, 1, 2, 3, 4, 1, signed(1).to_bytes(), bytes(16))
    forged = bytearray(signed(2).to_bytes())
    forged[2_000:2_010] = bytes(10)
    other = (signed(2).header.request_id, 0, 1, 2, 3, 4, 1, bytes(forged), bytes(16))
    opened = (b"a" * 16, 1_000, 2_000, 9_000, 1, 3, 4, 1, sealed_answer(b"a" * 16), bytes(16))
    closed = (b"b" * 16, 1_000, 2_000, 9_000, 1, 3, 4, 1, bytes(500), bytes(16))
    store.db.executemany(INSERT_REQUEST, [wrong, other])
    store.db.executemany(INSERT_ANSWER, [opened, closed])

    found = rescue(store.leave(), rows_tried=0)

    born = (NOW.running_ms, NOW.wall_ms, int(NOW.trusted))
    times = (int(head.lane), head.created_ms, head.expires_ms)
    assert found.kept.requests == {
        head.request_id: with_digest(head.request_id, *times, *born, signed(1).to_bytes())
    }
    assert found.kept.answers == {
        b"a" * 16: with_digest(*opened[:5], *born, sealed_answer(b"a" * 16))
    }
    assert found.lost == {signed(2).header.request_id, b"b" * 16}


def test_an_answer_whose_request_is_still_there_was_not_the_last(path: Path) -> None:
    store = StoreOnCard(path)
    request_id = signed(1).header.request_id
    store.db.execute(INSERT_REQUEST, request_row(1))
    *columns, _ = answer_row(request_id, final=True)
    store.db.execute(INSERT_ANSWER, (*columns, bytes(16)))

    found = rescue(store.leave(), rows_tried=0)

    assert set(found.kept.requests) == {request_id}
    assert found.kept.answers[request_id][4] == 0


def test_a_row_that_does_not_agree_with_its_envelope_is_not_kept(path: Path) -> None:
    store = StoreOnCard(path)
    values = request_row(1)
    store.db.execute(INSERT_REQUEST, with_digest(b"another request!", *values[1:-1]))

    found = rescue(store.leave())

    assert not found.kept.requests
    assert found.lost == {b"another request!"}


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_damage_stops_it(
    stores: dict[tuple[int, str], tuple[Evidence, frozenset[bytes]]], data: st.DataObject
) -> None:
    store, ids = stores[data.draw(st.sampled_from(KINDS))]
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(store.database) + len(store.log) - 2))
        size = data.draw(st.sampled_from([1, 2, 40, 512, 5_000]))
        store = zeroed(store, at, size) if size > 2 else flipped(store, at, size)
    cut = data.draw(st.sampled_from([0, 1, 3_000]))
    store = replace(store, database=store.database[: len(store.database) - cut])

    noticed = damage_in(store) is not None
    found = rescue(store, rows_tried=0)

    made = {signed(number).header.request_id for number in range(30)}
    assert kept_ids(found) <= made
    assert noticed or ids <= kept_ids(found) or found.lost or found.unknown or store.log
