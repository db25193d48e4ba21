"""The file of examinations: each look and each decision is noted, and what was asked is erased."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from greenline.centre.examinations import MOST_OPEN, Examinations
from greenline.centre.examinations_errors import (
    ExaminationsError,
    NotThereError,
    UnknownExaminerError,
)
from greenline.centre.examinations_rows import Examiner, Question
from greenline.centre.examinations_tables import open_examinations
from greenline.protocol.examination import (
    Decision,
    Examination,
    decode_verdict,
    encode_examination,
    examination_id,
    lead_digest,
)
from greenline.protocol.keys import SigningKey
from greenline.protocol.messages import Candidate, Outcome, Result, SearchedList
from tests.centre.test_operators import Log

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
REQUEST = b"r" * 16
QUESTION = examination_id(REQUEST)
BEGIN = QUESTION.hex()[:8]
EXAMINER, OTHER = SigningKey.generate(), SigningKey.generate()
RESULT = Result(
    Outcome.CANDIDATES, (Candidate("case-2026-0117", "watch", 5.0, 2),),
    (SearchedList("watch", 3, 1),), 1.0, 4.0, 1.0, NOW_MS, "test",
)  # fmt: skip


def question(
    request_id: bytes = REQUEST, kiosk: str = "kiosk-01", by: str = "4711",
    refused: tuple[str, ...] = (),
) -> Question:  # fmt: skip
    body = encode_examination(
        Examination(request_id, "border-check", RESULT, by, refused_from=refused or msgspec.UNSET)
    )
    return Question(examination_id(request_id), kiosk, b"recipien", NOW_MS, NOW_MS + HOUR_MS, body)


def nothing() -> None:
    """Nobody has to be told."""


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "examinations.db"


@pytest.fixture
def review(path: Path) -> Iterator[Examinations]:
    with contextlib.closing(open_examinations(path, create=True)) as database:
        found = Examinations(database)
        found.replace_examiners([Examiner("4720", EXAMINER.public.encoded)])
        found.add(question(), nothing)
        yield found


def states(review: Examinations) -> list[str]:
    return [each.state for each in review.listed(all_of_them=True)]


def test_an_examiner_looks_then_signs_and_what_was_asked_is_erased(
    review: Examinations, log: Log, path: Path
) -> None:
    begin = QUESTION.hex()[:8]
    assert b"case-2026-0117" in path.read_bytes()
    found, examination = review.look(begin, EXAMINER, "second", log, NOW_MS)
    verdict = review.decide(begin, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS + 1)

    assert (found, examination.result) == (question(), RESULT)
    assert (verdict.examiner, verdict.kiosk, verdict.lead) == (
        "4720", "kiosk-01", lead_digest(REQUEST, RESULT),
    )  # fmt: skip
    (outgoing,) = review.outgoing()
    signed = decode_verdict(outgoing.body)
    signed.check(EXAMINER.public)
    assert (signed.opened(), outgoing.recipient) == (verdict, b"recipien")
    assert log.told() == [
        (
            "consult", "4720",
            {"outcome": "candidates", "candidates": 1, "lists": ("watch",), "kiosk": "kiosk-01"},
        ),
        ("verify", "4720", {"what": "confirmed", "kiosk": "kiosk-01", "reason": "second"}),
    ]  # fmt: skip
    assert [event.why for event in log.events] == ["second", "border-check"]
    assert b"case-2026-0117" not in path.read_bytes()
    row = review.listed(all_of_them=True)[0]
    assert (row.state, row.examiner, row.reason, row.decided_ms) == (
        "confirmed", "4720", "second", NOW_MS + 1,
    )  # fmt: skip
    assert review.statistics() == {"confirmed": 1}


def test_a_verdict_leaves_until_it_is_sent_and_again_when_it_is_asked_again(
    review: Examinations, log: Log
) -> None:
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    review.decide(BEGIN, EXAMINER, Decision.REJECTED, 0, "other-person", log, NOW_MS)
    assert len(review.outgoing()) == 1
    review.sent(QUESTION)
    assert review.outgoing() == []

    assert review.add(question(), nothing)

    assert len(review.outgoing()) == 1
    assert states(review) == ["rejected"]
    review.sent(QUESTION)
    assert review.add(question(kiosk="kiosk-02"), nothing)  # its id, from somebody else
    assert review.outgoing() == []


def test_a_question_that_names_its_examiner_as_refused_is_opened_for_somebody_else(
    review: Examinations, log: Log
) -> None:
    people = [Examiner("4720", EXAMINER.public.encoded), Examiner("4721", OTHER.public.encoded)]
    review.replace_examiners(people)
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    noted: list[str] = []

    assert review.add(question(refused=("4711",)), nothing)
    assert states(review) == ["confirmed"]
    assert review.add(question(refused=("4720",)), lambda: noted.append("disclosed"))

    assert (states(review), review.outgoing(), noted) == (["open"], [], ["disclosed"])
    assert review.add(question(refused=("4720",)), nothing)  # it comes again
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    with pytest.raises(NotThereError, match="somebody else decides"):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    review.look(BEGIN, OTHER, "second", log, NOW_MS)
    review.decide(BEGIN, OTHER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    assert review.add(question(refused=("4720",)), nothing)
    assert [each.examiner for each in review.listed(all_of_them=True)] == ["4721"]


def test_a_question_is_opened_anew_only_for_its_kiosk_and_not_once_withdrawn(
    review: Examinations, log: Log
) -> None:
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    review.add(question(kiosk="kiosk-02", refused=("4720",)), nothing)
    assert states(review) == ["confirmed"]

    review.withdraw(QUESTION, "kiosk-01", nothing)
    review.add(question(refused=("4720",)), nothing)

    assert states(review) == ["confirmed"]


def test_nobody_decides_blindly_twice_or_without_being_an_examiner(
    review: Examinations, log: Log
) -> None:
    with pytest.raises(NotThereError, match="look at the evidence first"):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    with pytest.raises(UnknownExaminerError):
        review.look(BEGIN, OTHER, "second", log, NOW_MS)
    with pytest.raises(UnknownExaminerError):
        review.decide(BEGIN, OTHER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    with pytest.raises(NotThereError, match="no such entry"):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 1, "second", log, NOW_MS)
    review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)

    with pytest.raises(NotThereError, match="no such examination"):
        review.decide(BEGIN, EXAMINER, Decision.REJECTED, 0, "other-person", log, NOW_MS)
    assert states(review) == ["confirmed"]


def test_an_examiner_who_is_one_no_more_decides_nothing(review: Examinations, log: Log) -> None:
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    review.replace_examiners([Examiner("4721", OTHER.public.encoded)])

    with pytest.raises(UnknownExaminerError, match="no examiner's"):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)
    with pytest.raises(NotThereError, match="look at the evidence first"):
        review.decide(BEGIN, OTHER, Decision.CONFIRMED, 0, "second", log, NOW_MS)


def test_who_asks_does_not_examine(review: Examinations, log: Log) -> None:
    review.replace_examiners([Examiner("4711", EXAMINER.public.encoded)])
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)

    with pytest.raises(NotThereError, match="another one than the one who asks"):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)


def test_what_cannot_be_noted_is_neither_shown_nor_decided(review: Examinations, log: Log) -> None:
    log.full = True
    with pytest.raises(OSError, match="full"):
        review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    log.full = False
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    log.full = True
    with pytest.raises(ExaminationsError):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, NOW_MS)

    assert (states(review), review.outgoing()) == (["open"], [])


def test_what_waits_too_long_is_erased_and_decided_no_more(
    review: Examinations, log: Log, path: Path
) -> None:
    review.look(BEGIN, EXAMINER, "second", log, NOW_MS)
    late = NOW_MS + HOUR_MS
    with pytest.raises(NotThereError):
        review.decide(BEGIN, EXAMINER, Decision.CONFIRMED, 0, "second", log, late)

    assert (review.expire(late - 1), review.expire(late), review.expire(late)) == (0, 1, 0)
    assert (states(review), review.listed(), review.outgoing()) == (["expired"], [], [])
    assert b"case-2026-0117" not in path.read_bytes()
    assert review.add(question(), nothing)
    assert states(review) == ["expired"]


def test_one_kiosk_cannot_fill_the_file(review: Examinations) -> None:
    def refuse() -> None:
        raise AssertionError("noted though it was turned away")

    for number in range(MOST_OPEN - 1):
        assert review.add(question(number.to_bytes(16)), nothing)
    assert not review.add(question(b"n" * 16), refuse)
    assert review.add(question(b"n" * 16, "kiosk-02"), nothing)
    assert len(review.listed()) == MOST_OPEN + 1


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ExaminationsError, match="greenline review create"):
        open_examinations(tmp_path / "nothing.db")
