"""While the mark stands, a log that was cut or erased is told from one that is empty."""

from pathlib import Path

import pytest

from greenline.firmware.store_damage import damage_of
from greenline.firmware.store_evidence import evidence_of
from greenline.firmware.store_frames import FILLING
from greenline.firmware.store_log import log_of
from greenline.firmware.store_mark import clear_mark, mark_of, set_mark
from tests.firmware.damaged_stores import (
    StoreOnCard,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.store"


def filled(store: Path, size: int = 1 << 19) -> None:
    """Fill a log's rest, and set the mark, as the kiosk does."""
    log = log_of(store)
    data = log.read_bytes()
    log.write_bytes(data + (FILLING * size)[: size - len(data)])
    set_mark(store, size)


def test_while_the_mark_stands_a_log_cannot_be_cut_or_erased_unnoticed(path: Path) -> None:
    store = StoreOnCard(path)
    store.fill(range(20))
    store.leave()
    filled(path)
    assert damage_of(path) is None

    whole, log = log_of(path).read_bytes(), log_of(path)
    ends = evidence_of(path).logs()[0].next_at
    for size in (0, 5_000, ends, len(whole) - 1):
        log.write_bytes(whole[:size])
        assert damage_of(path) == "its log was cut off"
    for begin, end in ((0, 4096), (0, ends), (0, len(whole)), (ends - 20_000, ends + 4096)):
        log.write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])
        assert damage_of(path) is not None
    log.unlink()
    assert damage_of(path) == "its log was cut off"

    clear_mark(path)
    assert not mark_of(path).exists()
    assert damage_of(path) is None


def test_a_torn_commit_in_a_filled_log_is_no_damage(path: Path) -> None:
    store = StoreOnCard(path)
    store.fill(range(8))
    store.leave()
    written_bytes = len(log_of(path).read_bytes())
    filled(path)
    whole = log_of(path).read_bytes()
    for end in range(written_bytes - 15_000, written_bytes, 211):
        rest = (FILLING * len(whole))[end : len(whole)]
        log_of(path).write_bytes(whole[:end] + rest)
        assert damage_of(path) is None


@pytest.mark.parametrize("mark", [b"", b"\xff\xfe", b"-5", b"9" * 1_000])
def test_a_mark_that_cannot_be_read_says_nothing(path: Path, mark: bytes) -> None:
    StoreOnCard(path).leave()
    mark_of(path).write_bytes(mark)

    assert damage_of(path) in (None, "its log was cut off")
