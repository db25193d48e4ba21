"""What the store takes when it fills: first nothing that can wait, then nothing new at all."""

from pathlib import Path

import pytest

from greenline.firmware.errors import StoreFullError
from greenline.firmware.store_bounds import Bounds, Room
from greenline.firmware.store_rows import Pending
from greenline.protocol.envelope import Lane
from tests.firmware.stores import open_store

PERSON, BACKGROUND = Lane.PERSON_WAITING, Lane.BACKGROUND


def request(number: int, lane: Lane = PERSON) -> Pending:
    return Pending(number.to_bytes(16), lane, 0, 5_000)


@pytest.mark.parametrize(
    "bounds", [Bounds(most_requests=100), Bounds(most_bytes=100 * 4096 + 10 * 4096)]
)
def test_at_four_fifths_what_can_wait_is_refused_and_near_the_end_everything(
    tmp_path: Path, bounds: Bounds
) -> None:
    store = open_store(tmp_path / "kiosk.store", bounds=bounds)
    seen = []
    for number in range(200):
        seen.append(store.room())
        if seen[-1] is Room.NO_CAPTURES:
            break
        if seen[-1] is Room.NO_BACKGROUND:
            with pytest.raises(StoreFullError, match="this can wait"):
                store.add_request(request(1_000, BACKGROUND), b"sealed")
        store.add_request(request(number), bytes(3_500))

    assert seen == sorted(seen)
    assert set(seen) == {Room.ENOUGH, Room.NO_BACKGROUND, Room.NO_CAPTURES}
    with pytest.raises(StoreFullError, match="The store is full"):
        store.add_request(request(1_001), b"sealed")
    assert store.envelope(request(0).request_id) == bytes(3_500)
    store.close()


def test_the_share_at_which_each_begins(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kiosk.store", bounds=Bounds(most_requests=100))
    found = {}
    for number in range(96):
        found.setdefault(store.room(), number)
        if number < 95:
            store.add_request(request(number), b"sealed")

    assert found == {Room.ENOUGH: 0, Room.NO_BACKGROUND: 80, Room.NO_CAPTURES: 95}
    store.close()


def test_answers_make_room_again(tmp_path: Path) -> None:
    store = open_store(tmp_path / "kiosk.store", bounds=Bounds(most_requests=20))
    for number in range(19):
        store.add_request(request(number), b"sealed")
    assert store.room() is Room.NO_CAPTURES

    for number in range(4):
        store.add_answer(request(number).request_id, b"a", final=True, arrived_ms=0, expires_ms=9)

    assert store.room() is Room.ENOUGH
    assert store.usage()[0] == 15
    store.close()


def test_what_expires_makes_room_again_and_a_restart_counts_the_same(tmp_path: Path) -> None:
    now = [0]
    store = open_store(tmp_path / "kiosk.store", lambda: now[0], bounds=Bounds(most_requests=20))
    for number in range(19):
        store.add_request(request(number), b"sealed")
    store.close()
    store = open_store(tmp_path / "kiosk.store", lambda: now[0], bounds=Bounds(most_requests=20))
    assert store.room() is Room.NO_CAPTURES

    now[0] = 5_000
    store.expire()

    assert store.room() is Room.ENOUGH
    assert store.usage()[0] == 0
    store.close()
