import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.models.tiles import (
    OVERLAP,
    Span,
    Tile,
    background,
    choose_size,
    cover,
    cut,
    cut_tiles,
    spans,
)

SIZES = ((288, 256), (512, 416))


@pytest.mark.parametrize(
    ("height", "width", "size"),
    [
        (288, 256, (288, 256)),
        (192, 192, (288, 256)),
        (256, 288, (512, 416)),
        (289, 256, (512, 416)),
        (512, 416, (512, 416)),
        (513, 100, (512, 416)),
        (1000, 1000, (512, 416)),
    ],
)
def test_a_picture_goes_into_the_smallest_size_that_holds_it(
    height: int, width: int, size: tuple[int, int]
):
    assert choose_size(SIZES, height, width) == size


def test_a_short_picture_lies_in_the_middle_of_one_tile():
    assert spans(200, 288) == [Span(-44, 0, 200)]
    assert spans(201, 288) == [Span(-43, 0, 201)]
    assert spans(288, 288) == [Span(0, 0, 288)]


def test_a_long_picture_is_shared_out_evenly():
    assert spans(600, 416) == [Span(0, 0, 300), Span(184, 300, 600)]


@given(length=st.integers(1, 1100), size=st.sampled_from([256, 288, 416, 512]))
def test_tiles_answer_for_each_pixel_once_and_look_well_over_their_borders(length: int, size: int):
    tiles = spans(length, size)
    assert [p for tile in tiles for p in range(tile.first, tile.last)] == list(range(length))
    for before, after in itertools.pairwise(tiles):
        assert before.start + size - after.first >= OVERLAP // 2
        assert before.last - after.start >= OVERLAP // 2
    if len(tiles) > 1:
        assert tiles[0].start == 0
        assert tiles[-1].start + size == length


def test_a_cut_tile_holds_the_pictures_pixels_and_background_around_them():
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3)
    tile = Tile(Span(-1, 0, 2), Span(-2, 0, 3))
    expected = [
        [9, 9, 9, 9, 9, 9],
        [9, 9, 0, 1, 2, 9],
        [9, 9, 3, 4, 5, 9],
        [9, 9, 9, 9, 9, 9],
    ]
    assert cut(picture, tile, (4, 6), 9).tolist() == expected


def test_a_cut_tile_of_a_larger_picture_is_that_part_of_it():
    picture = np.random.default_rng(1).integers(0, 256, (600, 700), np.uint8)
    for tile in cover(600, 700, (512, 416)):
        top, left = tile.rows.start, tile.columns.start
        part = picture[top : top + 512, left : left + 416]
        np.testing.assert_array_equal(cut(picture, tile, (512, 416), 0), part)


def test_the_background_is_the_grey_of_most_of_the_rim():
    picture = np.full((50, 40), 230, np.uint8)
    picture[5:45, 5:35] = 20
    picture[0, 0] = 0
    assert background(picture) == 230


def test_a_small_picture_is_padded_with_its_own_background():
    picture = np.full((100, 120), 201, np.uint8)
    [(tile, pixels)] = cut_tiles(picture, SIZES)
    assert tile == Tile(Span(-94, 0, 100), Span(-68, 0, 120))
    np.testing.assert_array_equal(pixels, np.full((288, 256), 201, np.uint8))
