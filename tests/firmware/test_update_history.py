"""The update's files as the kiosk reads them: nothing in them can hold it up."""

import json
import os
from pathlib import Path

import pytest

from greenline.firmware.update_history import (
    MOST_BYTES,
    Entry,
    Position,
    UpdateStatus,
    read_history,
    read_status,
)
from greenline.ota.history import History
from greenline.ota.reasons import Reason
from greenline.ota.status import State, Status, write_status


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def entries(path: Path) -> list[Entry | None]:
    return [line.entry for line in read_history(path, Position())[0]]


def test_what_the_update_writes_is_read(path: Path) -> None:
    history = History(path)
    history.add("tried", "b", "3")
    history.add("given-up", "b", "3", Reason.TRIAL_FAILED_SENSOR, "{}")

    found = [(e.what, e.release, e.slot, e.reason) for e in entries(path) if e is not None]

    assert found == [("tried", "3", "b", None), ("given-up", "3", "b", "trial-failed-sensor")]


def test_a_line_without_an_end_is_for_later(path: Path) -> None:
    History(path).add("tried", "b", "3")
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole + whole[:cut])
        assert len(entries(path)) == 1
    path.write_bytes(whole + whole[: len(whole) // 2])
    History(path).add("confirmed", "b", "3")  # behind the torn one

    assert [entry and entry.what for entry in entries(path)] == ["tried", None, "confirmed"]


def test_a_position_is_known_again_until_the_file_is_another(path: Path) -> None:
    history = History(path)
    history.add("tried", "b", "3")
    history.add("confirmed", "b", "3")
    last = read_history(path, Position())[0][-1]
    position = last.position
    assert read_history(path, position)[1]
    History(path).add("tried", "a", "4")
    assert read_history(path, position)[1]

    path.unlink()
    assert read_history(path, position) == ([], False)
    for _ in range(3):
        history.add("tried", "a", "another")
    assert not read_history(path, position)[1]


@pytest.mark.parametrize(
    "data",
    [b"\n" * 100, b"junk\n", b"\xff\xfe\n", b"[" * 9000 + b"\n", b"{}\n", b'{"at_s":-1}\n'],
)
def test_junk_is_passed_over(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    History(path).add("tried", "b", "3")

    assert [entry.what for entry in entries(path) if entry is not None] == ["tried"]


def test_of_a_file_without_an_end_the_end_is_read(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)
    History(path).add("tried", "b", "3")

    lines, _ = read_history(path, Position())

    assert [line.entry.what for line in lines if line.entry is not None] == ["tried"]
    assert lines[0].start >= (1 << 30) - MOST_BYTES


def test_what_is_no_file_is_a_fault_and_holds_nobody_up(path: Path, tmp_path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(OSError, match="no file"):
        read_history(path, Position())
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        read_history(link, Position())
    with pytest.raises(OSError, match="no file"):
        read_status(tmp_path)


def test_the_status_is_read(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    assert read_status(path) == UpdateStatus()
    told = Status(at_s=7, state=State.REFUSED, release="3", reason=Reason.EXPIRED, words="x")
    write_status(path, told)
    assert read_status(path) == UpdateStatus(7, "refused", "3", "expired")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 9000, b'{"at_s":"x"}'])
def test_a_broken_status_says_nothing(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "status.json").write_bytes(data)

    assert read_status(tmp_path / "status.json") == UpdateStatus()


def test_a_reason_that_is_no_text_is_no_entry(path: Path) -> None:
    told = {"at_s": 1, "what": "tried", "release": "3", "slot": "b", "reason": {"a": 1}}
    path.write_text(json.dumps(told) + "\n")

    assert entries(path) == [None]
