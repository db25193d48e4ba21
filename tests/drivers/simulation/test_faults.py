"""Each fault on an answer of three packets."""

import pytest

from greenline.drivers.simulation.faults import (
    BadChecksum,
    ChangedByte,
    CutOff,
    Fault,
    Instead,
    LostBytes,
    LostPacket,
    Noise,
    OnPictures,
    Pause,
    Piece,
    Silent,
    Times,
)

SHORT = [Piece(b"ok")]
ANSWER = [Piece(b"ok"), Piece(b"1234"), Piece(b"5678")]


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (Silent(), []),
        (Instead(b"else"), [Piece(b"else")]),
        (Noise(b"zz"), [Piece(b"zzok"), Piece(b"1234"), Piece(b"5678")]),
        (Pause(1.5, packet=1), [Piece(b"ok"), Piece(b"1234", 1.5), Piece(b"5678")]),
        (BadChecksum(0), [Piece(b"oj"), Piece(b"1234"), Piece(b"5678")]),
        (BadChecksum(2), [Piece(b"ok"), Piece(b"1234"), Piece(b"5679")]),
        (BadChecksum(3), ANSWER),
        (ChangedByte(2, 0x02), [Piece(b"ok"), Piece(b"3234"), Piece(b"5678")]),
        (ChangedByte(10, 0x02), ANSWER),
        (CutOff(0), []),
        (CutOff(2), [Piece(b"ok")]),
        (CutOff(5), [Piece(b"ok"), Piece(b"123")]),
        (CutOff(99), ANSWER),
        (LostBytes(3, 4), [Piece(b"ok"), Piece(b"1"), Piece(b"678")]),
        (LostBytes(0, 99), []),
        (LostPacket(1), [Piece(b"ok"), Piece(b"5678")]),
        (OnPictures(Silent()), []),
    ],
    ids=repr,
)
def test_a_fault_changes_what_it_names_and_nothing_else(fault: Fault, arrives: list[Piece]) -> None:
    assert list(fault.spoil(ANSWER)) == arrives


def test_a_fault_on_pictures_leaves_short_answers_alone() -> None:
    assert OnPictures(Silent()).spoil(SHORT) == SHORT


def test_noise_is_heard_even_when_nothing_else_is() -> None:
    assert Noise(b"zz").spoil([]) == [Piece(b"zz")]


def test_a_fault_with_a_count_counts_only_what_it_changed() -> None:
    fault = Times(1, OnPictures(Silent()))
    assert [list(fault.spoil(answer)) for answer in (SHORT, ANSWER, ANSWER)] == [SHORT, [], ANSWER]
