"""The file of examinations: only the meant one is decided, and what is withdrawn stays away."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_errors import ExaminationsError, NotThereError
from greenline.centre.examinations_rows import Examiner
from greenline.centre.examinations_tables import open_examinations
from greenline.protocol.audit import Event
from greenline.protocol.examination import Decision, examination_id
from greenline.protocol.keys import SigningKey
from tests.centre.test_examinations import (
    BEGIN,
    EXAMINER,
    NOW_MS,
    QUESTION,
    log,
    nothing,
    path,
    question,
    review,
    states,
)
from tests.centre.test_operators import Log

__all__ = ["log", "path", "review"]


def test_what_is_withdrawn_is_erased_with_its_verdict_and_never_comes_back(
    review: Examinations, log: Log, path: Path
) -> None:
    begin, told = QUESTION.hex()[:8], []
    review.look(begin, EXAMINER, "second", log, NOW_MS)
    review.decide(begin, EXAMINER, Decision.REJECTED, 0, "other-person", log, NOW_MS + 1)

    assert not review.withdraw(QUESTION, "kiosk-99", lambda: told.append("another's"))
    assert review.withdraw(QUESTION, "kiosk-01", lambda: told.append("erased"))
    assert not review.withdraw(QUESTION, "kiosk-01", lambda: told.append("again"))

    assert told == ["erased"]
    assert review.outgoing() == []
    assert review.add(question(), nothing)  # asked once more: it stays erased
    assert (states(review), review.outgoing()) == (["rejected"], [])  # a false hit stays counted
    assert b"case-2026-0117" not in path.read_bytes()


def test_what_is_withdrawn_before_it_comes_is_not_kept(review: Examinations, path: Path) -> None:
    late = question(b"l" * 16)
    assert not review.withdraw(late.question, late.kiosk, nothing)  # the order has overtaken it
    assert not review.withdraw(late.question, "kiosk-01", nothing)
    told: list[str] = []

    assert review.add(late, lambda: told.append("kept"))

    assert (states(review), told, review.statistics()) == (["open"], [], {"open": 1})
    assert late.body not in path.read_bytes()


def test_another_kiosks_withdrawal_keeps_nothing_away(review: Examinations) -> None:
    theirs = question(b"l" * 16)
    review.withdraw(theirs.question, "kiosk-99", nothing)

    assert review.add(theirs, nothing)

    assert states(review) == ["open", "open"]


def test_a_file_of_before_learns_to_keep_what_is_withdrawn_away(
    review: Examinations, path: Path
) -> None:
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("DROP TABLE withdrawn")
        old.execute("PRAGMA user_version = 1")

    with contextlib.closing(open_examinations(path)) as file:
        upgraded = Examinations(file)
        assert states(upgraded) == ["open"]
        upgraded.withdraw(b"l" * 16, "kiosk-01", nothing)


def test_what_cannot_be_noted_is_not_withdrawn(review: Examinations) -> None:
    def refuse() -> None:
        raise ExaminationsError("the log is full")

    with pytest.raises(ExaminationsError, match="full"):
        review.withdraw(QUESTION, "kiosk-01", refuse)
    assert states(review) == ["open"]
    assert review.withdraw(QUESTION, "kiosk-01", nothing)
    assert states(review) == ["withdrawn"]


def begins_alike() -> bytes:
    """A request whose question begins like the one that is asked, by 4 digits."""
    tried = (number.to_bytes(16) for number in range(1 << 24))
    return next(each for each in tried if examination_id(each)[:2] == QUESTION[:2])


def test_two_that_begin_alike_are_told_apart(review: Examinations, log: Log) -> None:
    review.add(question(begins_alike()), nothing)

    with pytest.raises(NotThereError, match="several"):
        review.look(BEGIN[:4], EXAMINER, "second", log, NOW_MS)
    found, _ = review.look(QUESTION.hex()[:12], EXAMINER, "second", log, NOW_MS)
    assert found.question == QUESTION
    with pytest.raises(NotThereError, match="no such"):
        review.look("%%%%", EXAMINER, "second", log, NOW_MS)


@pytest.mark.parametrize("beginning", ["", BEGIN[:3]])
def test_the_only_one_that_is_open_is_not_meant_by_almost_nothing(
    review: Examinations, log: Log, beginning: str
) -> None:
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)

    with pytest.raises(NotThereError, match="at least 4 digits"):
        review.look(beginning, EXAMINER, "second", log, NOW_MS)
    with pytest.raises(NotThereError, match="at least 4 digits"):
        review.decide(beginning, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    assert states(review) == ["open"]


class SlowSigner(SigningKey):
    """Has something happen while it signs."""

    meanwhile: Callable[[], object] = staticmethod(nothing)

    def sign(self, message: bytes) -> bytes:
        self.meanwhile()
        return super().sign(message)


def test_what_is_withdrawn_while_it_is_signed_is_not_decided(
    review: Examinations, log: Log
) -> None:
    signer = SlowSigner.generate()
    review.replace_examiners([Examiner("4720", signer.public.encoded)])
    review.look(BEGIN[:4], signer, "second", log, NOW_MS)

    def meanwhile() -> None:
        review.withdraw(QUESTION, "kiosk-01", nothing)
        review.add(question(begins_alike()), nothing)  # its id begins like the one that is gone

    signer.meanwhile = meanwhile
    with pytest.raises(NotThereError, match="withdrawn or decided meanwhile"):
        review.decide(BEGIN[:4], signer, Decision.CONFIRMED, 0, "second", log, NOW_MS)

    assert sorted(states(review)) == ["open", "withdrawn"]
    assert (review.outgoing(), [kind for kind, _, _ in log.told()]) == ([], ["consult"])


def test_what_is_decided_in_the_same_breath_is_not_overwritten(
    review: Examinations, path: Path
) -> None:
    class Interrupted(Log):
        """Another decision is made in the moment in which one is noted."""

        def note(self, *events: Event) -> None:
            super().note(*events)
            if events[0].kind.value == "verify":
                file.change("UPDATE examination SET state = 'rejected'")

    with contextlib.closing(open_examinations(path)) as file:
        same, log = Examinations(file), Interrupted()
        same.look(BEGIN, EXAMINER, "second", log, NOW_MS)
        with pytest.raises(NotThereError, match="meanwhile"):
            same.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    assert review.outgoing() == []
