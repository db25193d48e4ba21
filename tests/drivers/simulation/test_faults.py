"""Each fault on an answer of three packets."""

import pytest

from greenline.drivers.simulation.faults import (
    AboveSpeed,
    BadChecksum,
    ChangedByte,
    CutOff,
    Fault,
    InsertedBytes,
    Instead,
    LostBytes,
    LostPacket,
    Noise,
    OnPictures,
    Pause,
    Piece,
    RepeatedPacket,
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
        (InsertedBytes(0, b"zz"), [Piece(b"zzok"), Piece(b"1234"), Piece(b"5678")]),
        (
            InsertedBytes(4, b"zz"),
            [Piece(b"ok"), Piece(b"12"), Piece(b"zz34"), Piece(b"5678")],
        ),
        (InsertedBytes(10, b"zz"), [*ANSWER, Piece(b"zz")]),
        (RepeatedPacket(1), [Piece(b"ok"), Piece(b"1234"), Piece(b"1234"), Piece(b"5678")]),
        (RepeatedPacket(3), ANSWER),
        (OnPictures(Silent()), []),
    ],
    ids=repr,
)
def test_a_fault_changes_what_it_names_and_nothing_else(fault: Fault, arrives: list[Piece]) -> None:
    assert list(fault.spoil(ANSWER)) == arrives


def test_a_fault_on_pictures_leaves_short_answers_alone() -> None:
    assert OnPictures(Silent()).spoil(SHORT) == SHORT


@pytest.mark.parametrize(("baud", "arrives"), [(57600, 1), (57601, 0)])
def test_a_fault_above_a_speed_leaves_slower_answers_alone(baud: int, arrives: int) -> None:
    answer = [Piece(b"ok", baud=baud)]
    assert list(AboveSpeed(57600, Silent()).spoil(answer)) == answer[:arrives]


def test_noise_is_heard_even_when_nothing_else_is() -> None:
    assert Noise(b"zz").spoil([]) == [Piece(b"zz")]


def test_a_fault_with_a_count_counts_only_what_it_changed() -> None:
    fault = Times(1, OnPictures(Silent()))
    assert [list(fault.spoil(answer)) for answer in (SHORT, ANSWER, ANSWER)] == [SHORT, [], ANSWER]
