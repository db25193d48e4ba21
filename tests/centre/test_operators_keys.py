"""The register: whose key signs verdicts on leads, and who may enter it."""

import contextlib
import sqlite3
from pathlib import Path

import msgspec
import pytest

from greenline.centre.operators import Register
from greenline.centre.operators_errors import NotAllowedError, RegisterError
from greenline.centre.operators_tables import open_database
from greenline.protocol.keys import SigningKey
from greenline.protocol.operators import Role, decode_list, encode_list
from tests.centre.test_operators import (
    BOSS,
    NOW_MS,
    OFFICER,
    OTHER,
    Log,
    add,
    entry,
    log,
    register,
)

__all__ = ["log", "register"]

EXAMINER = "4720"
KEY, NEWER = SigningKey.generate().public, SigningKey.generate().public


@pytest.fixture
def staffed(register: Register, log: Log) -> Register:
    add(register, EXAMINER, Role.EXAMINER, BOSS)
    log.events.clear()
    return register


def test_a_supervisor_enters_a_key_and_kiosks_are_told(staffed: Register, log: Log) -> None:
    staffed.enter_key(EXAMINER, KEY, BOSS)
    staffed.enter_key(EXAMINER, NEWER, BOSS)

    (told,) = staffed.lists(["kiosk-01"], NOW_MS, 1)
    assert decode_list(encode_list(told)) == told
    keys = {each.id: each.verdict_key for each in told.entries}
    assert keys == {each: NEWER.encoded if each == EXAMINER else msgspec.UNSET for each in keys}
    assert log.told()[1] == (
        "alter", BOSS,
        {"what": "examiner's key", "operator": EXAMINER, "reason": NEWER.id.hex()},
    )  # fmt: skip


def test_whose_key_may_be_entered_and_by_whom(staffed: Register, log: Log) -> None:
    staffed.enter_key(EXAMINER, KEY, BOSS)
    log.events.clear()

    for operator, key, by, words in (
        (EXAMINER, NEWER, OFFICER, "only a supervisor"),
        (BOSS, NEWER, BOSS, "nobody enters their own key"),
        (OFFICER, NEWER, BOSS, "officer: no examiner"),
        (OTHER, KEY, BOSS, "somebody else's"),
        ("4799", NEWER, BOSS, "4799"),
    ):
        with pytest.raises(NotAllowedError, match=words):
            staffed.enter_key(operator, key, by)
    assert (entry(staffed, EXAMINER).verdict_key, log.events) == (KEY.encoded, [])


def test_what_cannot_be_noted_is_not_entered(staffed: Register, log: Log) -> None:
    log.full = True
    with pytest.raises(RegisterError, match="the disk is full"):
        staffed.enter_key(EXAMINER, KEY, BOSS)

    assert entry(staffed, EXAMINER).verdict_key is msgspec.UNSET


def test_a_register_of_before_there_were_examiners_is_taken_over(tmp_path: Path, log: Log) -> None:
    path = tmp_path / "operators.db"
    with contextlib.closing(open_database(path, create=True)) as database:
        add(Register(database, log, "account root"), BOSS, Role.SUPERVISOR, "")
    with contextlib.closing(sqlite3.connect(path)) as older:
        older.executescript("ALTER TABLE operator DROP COLUMN verdict_key; PRAGMA user_version = 1")

    with contextlib.closing(open_database(path)) as database:
        again = Register(database, log, "account root")
        assert entry(again, BOSS).role is Role.SUPERVISOR
        add(again, EXAMINER, Role.EXAMINER, BOSS)
        again.enter_key(EXAMINER, KEY, BOSS)
        assert entry(again, EXAMINER).verdict_key == KEY.encoded
