"""The picture of a comparison: what is drawn, and what is written on it."""

import itertools
import math

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFont

from greenline.cli import svg
from greenline.cli.compare_layout import RING, Side, lay_out
from greenline.cli.compare_picture import (
    NO_VERDICT,
    draw_comparison,
    pair_colours,
    shortened,
    told,
)
from greenline.prints.comparison import Comparison
from greenline.prints.template import Kind, Template
from greenline.protocol.wording import FORBIDDEN, RESULT_WORDS

FONT = ImageFont.load_default(16)
NO_PAIRS = np.empty((0, 2), np.int64)
COLOURS = (svg.BLUE, svg.ORANGE, svg.GREEN, svg.PURPLE, svg.SKY)
DARKEST = 135


def template(count: int, size: tuple[int, int] = (300, 300), seed: int = 1) -> Template:
    rng = np.random.default_rng(seed)
    x, y, direction = (rng.random((3, count)) * [[size[0]], [size[1]], [6.28]]).astype(np.float32)
    kind = rng.integers(0, 3, count).astype(np.uint8)
    return Template(*size, 500.0, x, y, direction, kind, np.full(count, 50, np.uint8))


def found(pairs: int, rotation: float = 0.0) -> Comparison:
    return Comparison(1.5, np.stack([np.arange(pairs)] * 2, axis=1), rotation)


def near(picture: Image.Image, x: float, y: float, reach: int = RING + 2) -> np.ndarray:
    """Return the colours about a place, (n, 3)."""
    box = (round(x) - reach, round(y) - reach, round(x) + reach + 1, round(y) + reach + 1)
    return np.asarray(picture.crop(box), np.int64).reshape(-1, 3)


def has(pixels: np.ndarray, colour: str) -> bool:
    return bool((np.abs(pixels - ImageColor.getrgb(colour)).max(axis=1) <= 8).any())


def test_each_pair_is_ringed_on_both_prints_in_the_colour_of_its_line() -> None:
    first, second = Side("a", template(12)), Side("b", template(12, seed=2))
    pairs = np.stack([np.arange(8), np.arange(11, 3, -1)], axis=1)

    picture = draw_comparison(first, second, Comparison(1.5, pairs))

    layout = lay_out(first, second, pairs, 46)
    colours = pair_colours(layout)
    assert len(colours) == 8
    for ends, colour in zip(layout.lines(), colours, strict=True):
        for x, y in ends:
            assert has(near(picture, x, y - RING, reach=3), colour)  # no line is up there


def test_what_is_not_paired_has_no_colour() -> None:
    picture = draw_comparison(Side("a", template(40)), Side("b", template(40)), found(0))

    pixels = np.asarray(picture).reshape(-1, 3).astype(np.int64)
    assert np.ptp(pixels, axis=1).max() == 0
    layout = lay_out(Side("a", template(40)), Side("b", template(40)), NO_PAIRS, 46)
    assert all(near(picture, *place).min() < 0xA0 for place in layout.places[0])


def test_nothing_is_red_and_the_ridges_stay_lighter_than_the_marks() -> None:
    ground = np.tile(np.array([[0], [255]], np.uint8), (150, 300))
    shown = Side("a", template(60), ground)

    pixels = np.asarray(draw_comparison(shown, shown, found(30))).reshape(-1, 3).astype(np.int64)

    red, green, blue = pixels.T
    assert not ((red > 150) & (green < 80) & (blue < 80)).any()
    ridges = np.asarray(draw_comparison(Side("a", template(0), ground), shown, found(0)))
    box = lay_out(shown, shown, NO_PAIRS, 46).boxes[0]
    inside = ridges[box.top + 9 : box.top + box.height - 9, box.left + 9 : box.left + box.width - 9]
    assert DARKEST <= inside.min() < DARKEST + 20
    assert inside.max() == 255


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_ground_without_ridges_is_drawn(level: int) -> None:
    ground = np.full((60, 60), level, np.uint8)

    picture = draw_comparison(
        Side("a", template(3, (60, 60)), ground), Side("b", template(3)), found(0)
    )

    assert picture.mode == "RGB"


def test_neighbouring_lines_have_different_colours() -> None:
    layout = lay_out(Side("a", template(40)), Side("b", template(40)), found(40).pairs, 46)

    from_above = np.array(pair_colours(layout))[np.argsort(layout.lines()[:, 0, 1])]

    assert set(from_above) == set(COLOURS)
    assert all(a != b for a, b in itertools.pairwise(from_above))


@pytest.mark.parametrize("kind", Kind)
def test_kinds_of_minutiae_look_different(kind: Kind) -> None:
    one = template(1)

    def drawn(of: int) -> bytes:
        changed = Template(
            one.width, one.height, one.dpi, one.x, one.y, one.direction,
            np.array([of], np.uint8), one.quality,
        )  # fmt: skip
        return draw_comparison(Side("a", changed), Side("b", one), found(0)).tobytes()

    assert all(drawn(kind) != drawn(other) for other in Kind if other is not kind)


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        (template(255), template(255), 120),  # as many as are ever paired
        (template(1, (1, 1)), template(255, (1004, 1004)), 0),
        (template(5, (1004, 40)), template(5, (40, 1004)), 5),
    ],
)
def test_extreme_prints_are_drawn_whole(first: Template, second: Template, pairs: int) -> None:
    sides = Side("a", first), Side("b", second)
    comparison = found(pairs, math.pi)

    picture = draw_comparison(*sides, comparison)

    layout = lay_out(*sides, comparison.pairs, 46)
    assert picture.width == layout.width
    assert picture.height > layout.height
    # Nothing is cut off: the outermost pixels are paper.
    pixels = np.asarray(picture)
    for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
        assert edge.min() == 255


@pytest.mark.parametrize(
    ("rotation", "words"),
    [
        (math.radians(20), "turned 20.0° counter-clockwise"),
        (math.radians(-179.94), "turned 179.9° clockwise"),
        (math.radians(350), "turned 10.0° clockwise"),
        (math.radians(0.04), "turned 0.0°"),
        (-0.0, "turned 0.0°"),
    ],
)
def test_the_sentence_says_score_pairs_and_rotation(rotation: float, words: str) -> None:
    assert told(found(7, rotation)) == (
        f"score 1.500, 7 minutiae paired, the right print lies over the left one when {words}"
    )


def test_without_pairs_there_is_no_rotation_to_tell() -> None:
    assert told(Comparison(0.0, NO_PAIRS)) == "score 0.000, no minutiae paired"


def test_no_words_of_a_search_and_no_verdict_are_drawn() -> None:
    said = f"{told(found(7))} {told(found(0))} {NO_VERDICT}".lower()

    assert [word for word in FORBIDDEN if word in said] == []
    assert [words for words in RESULT_WORDS.values() if words.lower() in said] == []
    assert NO_VERDICT == "A comparison is no verdict: it must be verified by an examiner"


def test_a_short_name_is_left_as_it_is() -> None:
    assert shortened("DB1_B/101_1.png", FONT, 330) == "DB1_B/101_1.png"


@pytest.mark.parametrize("name", ["n" * 300 + "_7.png", "отпечаток " * 20 + "_7.png"])
def test_a_long_name_keeps_its_start_and_its_end(name: str) -> None:
    short = shortened(name, FONT, 330)

    assert FONT.getlength(short) <= 330
    assert FONT.getlength(short) > 290
    assert short.endswith("_7.png")
    assert "..." in short


def test_letters_that_the_font_lacks_are_escaped() -> None:
    assert shortened("ž\n_1.png", FONT, 330) == r"\u017e\n_1.png"
