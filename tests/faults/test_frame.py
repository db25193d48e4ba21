"""What the campaign concludes: it must see losses, doubles and damage, and say so."""

import json
import random
from pathlib import Path

import pytest

from bench.faults import report
from bench.faults.__main__ import run_row
from bench.faults.forgetful_disk import Change, ForgetfulDisk, read_log
from bench.faults.row import Campaign, Row, UnavailableError
from bench.faults.rows import ROWS
from bench.faults.script import Act, Held, Step, expected, judge, make_script

STEPS = make_script("a test", 12)
HELD = expected(STEPS)
A_WAITING, AN_ANSWERED = next(iter(HELD.waiting)), next(iter(HELD.answered))


def held(without: bytes = b"") -> Held:
    return Held(
        {each: body for each, body in HELD.waiting.items() if each != without},
        {each: body for each, body in HELD.answered.items() if each != without},
    )


def test_a_script_is_the_same_each_time_and_has_every_act() -> None:
    again = make_script("a test", 12)

    assert [step.act for step in again] == [step.act for step in STEPS]
    assert expected(again).waiting.keys() == HELD.waiting.keys()
    assert {step.act for step in STEPS} == set(Act)
    assert any(step.leave for step in STEPS)


def test_what_is_all_there_is_not_lost() -> None:
    verdict = judge(STEPS, [], held())

    assert verdict.acknowledged == len(HELD.waiting) + len(HELD.answered)
    assert (verdict.lost, verdict.back) == (frozenset(), frozenset())


@pytest.mark.parametrize("missing", [A_WAITING, AN_ANSWERED])
def test_what_is_missing_is_lost(missing: bytes) -> None:
    assert judge(STEPS, [], held(without=missing)).lost == {missing}


@pytest.mark.parametrize("store", ["waiting", "answered"])
def test_what_is_changed_is_lost(store: str) -> None:
    found = held()
    one = next(iter(getattr(found, store)))
    getattr(found, store)[one] += b"!"

    assert judge(STEPS, [], found).lost == {one}


def test_what_was_answered_and_waits_again_is_back() -> None:
    found = held()
    found.waiting[AN_ANSWERED] = b"an envelope"

    assert judge(STEPS, [], found).back == {AN_ANSWERED}


def test_what_is_half_done_may_be_done_or_not() -> None:
    answer = Step(Act.ANSWER, request_id=A_WAITING, body=b"an answer")
    leave = Step(Act.LATER, leave=frozenset({A_WAITING}))
    done, neither = held(without=A_WAITING), held(without=A_WAITING)
    done.answered[A_WAITING] = b"an answer"

    assert judge(STEPS, [answer], held()).lost == frozenset()
    assert judge(STEPS, [answer], done).lost == frozenset()
    assert judge(STEPS, [answer], neither).lost == {A_WAITING}
    assert judge(STEPS, [leave], neither).lost == frozenset()


def row(**counts: int) -> Row:
    usual = {"runs": 1, "acknowledged": 9, "lost": 0, "duplicates": 0}
    return Row("a fault", "A group", **{**usual, **counts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counts", "holds"),
    [
        ({}, True),
        ({"lost": 1, "most_lost": 1}, False),
        ({"lost": 5, "most_lost": 1, "allowed": 1}, True),
        ({"lost": 5, "most_lost": 2, "allowed": 1}, False),
        ({"duplicates": 1}, False),
        ({"unnoticed": 1}, False),
        ({"not_started": 1}, False),
    ],
)
def test_a_row_holds_when_nothing_is_wrong(counts: dict[str, int], holds: bool) -> None:
    assert row(**counts).holds is holds


def test_the_report_names_what_is_not_as_promised(tmp_path: Path) -> None:
    rows = [row(), row(lost=2, most_lost=2)]

    report.write(tmp_path, rows, {"power-cut": "mounting needs root"}, {"seed": 1})

    text = (tmp_path / "faults.md").read_text()
    assert "| **a fault** | 1 | 9 | 2 | 2 | 0 | 0 | 0 | 0 | - |" in text
    assert "not run: power-cut: mounting needs root" in text
    assert "Not as promised: a fault." in text
    told = json.loads((tmp_path / "faults.json").read_text())
    assert [each["holds"] for each in told["rows"]] == [True, False]


def test_a_row_that_cannot_run_says_so() -> None:
    def unavailable(_: Campaign) -> Row:
        raise UnavailableError("no such machine")

    with pytest.raises(UnavailableError, match="no such machine"):
        run_row("a-row", unavailable, 1, 1)


def test_every_row_has_a_name_of_its_own_words() -> None:
    assert all(name == name.lower() and " " not in name for name in ROWS)
    assert len(ROWS) >= 40


def write(path: str, place: int, data: bytes) -> Change:
    return Change("w", path, place, data)


def disk_after(*changes: Change) -> ForgetfulDisk:
    disk = ForgetfulDisk()
    for change in changes:
        disk.take(change)
    return disk


def flushed(path: str) -> Change:
    return Change("s", path, 0, b"")


MADE = Change("c", "/d/file", 0, b"")
CHANCE = random.Random(1)


def test_a_forgetful_disk_has_what_was_flushed_and_nothing_else() -> None:
    begun = (MADE, flushed("/d"), write("/d/file", 0, b"one"), flushed("/d/file"))
    disk = disk_after(*begun, write("/d/file", 3, b"two"))

    assert disk.left(CHANCE, 0.0) == {"/d/file": b"one"}
    assert disk.left(CHANCE, 1.0) == {"/d/file": b"onetwo"}


def test_a_forgetful_disk_forgets_a_name_whose_folder_was_not_flushed() -> None:
    disk = disk_after(MADE, write("/d/file", 0, b"one"), flushed("/d/file"))

    assert disk.left(CHANCE, 0.0) == {}
    disk.take(flushed("/d"))
    assert disk.left(CHANCE, 0.0) == {"/d/file": b"one"}


def test_a_forgetful_disk_gives_a_new_name_to_a_file_without_its_data() -> None:
    old = (MADE, write("/d/file", 0, b"old"), flushed("/d/file"), flushed("/d"))
    new = (Change("c", "/d/new", 0, b""), write("/d/new", 0, b"new"))
    disk = disk_after(*old, *new, Change("r", "/d/new", 0, b"/d/file"), flushed("/d"))

    assert disk.left(CHANCE, 0.0) == {"/d/file": b""}


def test_a_forgetful_disk_tears_writes_in_sectors() -> None:
    disk = disk_after(MADE, flushed("/d"), write("/d/file", 0, b"x" * 4096))

    sizes = {disk.left(CHANCE, 0.9).get("/d/file", b"").count(b"x") for _ in range(200)}

    assert {0, 4096} < sizes
    assert all(size % 512 == 0 for size in sizes)


def test_a_log_is_read_as_it_was_written() -> None:
    data = b"w" + (7).to_bytes(2, "little") + (5).to_bytes(8, "little")
    data += (3).to_bytes(4, "little") + b"/d/fileabc"

    assert list(read_log(data * 2)) == [Change("w", "/d/file", 5, b"abc")] * 2
