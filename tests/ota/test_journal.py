"""The journal of a download: cut or damaged anywhere it says less, never more."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenline.ota.journal import Journal

NAME = bytes(range(32))
NUMBERS = st.lists(st.integers(0, 59), unique=True, max_size=30).map(sorted)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / "journal"


def known(path: Path, name: bytes = NAME) -> list[int]:
    with Journal(path, name, 60) as journal:
        return [number for number in range(60) if journal.has(number)]


def written(path: Path, steps: list[list[int]]) -> list[int]:
    path.unlink(missing_ok=True)
    for step in steps:
        with Journal(path, NAME, 60) as journal:
            journal.add(step)
    return sorted({number for step in steps for number in step})


@given(st.lists(NUMBERS, max_size=4))
@settings(deadline=None, max_examples=40)
def test_what_was_added_is_known(path: Path, steps: list[list[int]]) -> None:
    assert written(path, steps) == known(path)


@given(st.lists(NUMBERS, min_size=1, max_size=4), st.data())
@settings(deadline=None, max_examples=60)
def test_cut_or_damaged_it_says_nothing_that_was_not_so(
    path: Path, steps: list[list[int]], data: st.DataObject
) -> None:
    all_numbers = written(path, steps)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:at])
    assert set(known(path)) <= set(all_numbers)
    flipped = bytearray(whole)
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(flipped))
    assert set(known(path)) <= set(all_numbers)


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=60)
def test_junk_is_nobodys_journal(path: Path, junk: bytes) -> None:
    path.write_bytes(junk)
    assert known(path) == []
    path.write_bytes(b"GLJ1" + NAME + junk)
    assert known(path) == []


def test_it_goes_on_after_a_torn_record(path: Path) -> None:
    written(path, [[1, 2, 3]])
    path.write_bytes(path.read_bytes() + b"torn")
    with Journal(path, NAME, 60) as journal:
        journal.add([7])
    assert known(path) == [1, 2, 3, 7]


def test_what_is_forgotten_is_forgotten(path: Path) -> None:
    written(path, [list(range(10))])
    with Journal(path, NAME, 60) as journal:
        journal.forget([2, 3, 7])
    assert known(path) == [0, 1, 4, 5, 6, 8, 9]


def test_another_downloads_journal_is_begun_anew(path: Path) -> None:
    written(path, [[1, 2, 3]])
    assert known(path, bytes(32)) == []
    assert known(path) == []
