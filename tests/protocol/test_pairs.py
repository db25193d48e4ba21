import math

import pytest

from greenline.protocol.errors import MalformedError
from greenline.protocol.pairs import MOST, Place, decode_pairs, encode_pairs


def test_pairs_come_back_to_the_pixel_and_the_256th_of_a_turn() -> None:
    pairs = [(Place(3, 40_000, 0.5), Place(255, 0, 6.2)), (Place(0, 1, 0), Place(2, 3, math.pi))]
    back = decode_pairs(encode_pairs(pairs))
    for given, found in zip(pairs, back, strict=True):
        for one, other in zip(given, found, strict=True):
            assert (one.x, one.y) == (other.x, other.y)
            assert one.direction == pytest.approx(other.direction, abs=math.pi / 256)


def test_the_bytes_are_those_of_the_document() -> None:
    quarter = math.pi / 2
    assert encode_pairs([(Place(1, 2, quarter), Place(258, 4, 0))]).hex() == "00010002400102000400"


def test_no_more_pairs_than_fit_and_no_place_outside_of_its_bytes() -> None:
    pair = (Place(-5, 70_000, -0.1), Place(1, 1, 7))
    back = decode_pairs(encode_pairs([pair] * 100))
    assert len(back) == MOST
    assert (back[0][0].x, back[0][0].y) == (0, 65_535)


@pytest.mark.parametrize("size", [1, 9, 11, (MOST + 1) * 10])
def test_bytes_that_are_no_pairs_are_refused(size: int) -> None:
    with pytest.raises(MalformedError, match="no pairs"):
        decode_pairs(bytes(size))
