"""The pictures that the quality network learns from, and whether their truth is true."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="drawing lessons needs SciPy (extra train-network)")

from greenline.models.quality import judge
from greenline.models.training.fields import seeded
from greenline.models.training.fingers import Finger, make_finger
from greenline.models.training.quality_drawing import (
    BLOCK,
    TRUTHS,
    Drawn,
    Faults,
    draw_faults,
    draw_press,
)
from greenline.models.training.quality_strangers import STRANGERS, draw_stranger
from greenline.prints.frame import Frame

CLEAN = Faults((0.0, 0.0), 1.0, 0.0, 0.0, 0.0, 0.0, 0.05)
SIZE = (288, 256)


@pytest.fixture(scope="module")
def fingers() -> tuple[Finger, Finger]:
    return make_finger(71), make_finger(72)


def drawn(fingers: tuple[Finger, Finger], seed: int = 1, **changed: float) -> Drawn:
    given = Faults(**{**vars(CLEAN), **changed})
    return draw_press(seeded(seed), *fingers, given, SIZE)


def mean_clear(each: Drawn) -> float:
    contact, clear = each.truth[:2]
    return float(clear.sum() / contact.sum())


def test_the_same_seed_draws_the_same_press(fingers: tuple[Finger, Finger]) -> None:
    one, two = drawn(fingers), drawn(fingers)

    assert (one.pixels == two.pixels).all()
    assert (one.truth == two.truth).all()


def test_there_is_a_truth_for_every_block(fingers: tuple[Finger, Finger]) -> None:
    each = drawn(fingers)

    assert each.pixels.shape == SIZE
    assert each.truth.shape == (len(TRUTHS), SIZE[0] // BLOCK, SIZE[1] // BLOCK)
    assert each.truth[:6].min() >= 0
    assert each.truth[:6].max() <= 1.001


@pytest.mark.parametrize("fault", ["dry", "wet", "smudged", "residue"])
def test_a_fault_is_told_and_only_that_one(fingers: tuple[Finger, Finger], fault: str) -> None:
    each = drawn(fingers, **{fault: 0.9})

    for name in ("dry", "wet", "smudged", "residue"):
        assert (each.truth[TRUTHS.index(name)].max() > 0.4) == (name == fault)


@pytest.mark.parametrize("fault", ["dry", "wet", "smudged", "poor"])
def test_a_fault_makes_the_ridges_less_clear(fingers: tuple[Finger, Finger], fault: str) -> None:
    clean = np.mean([mean_clear(drawn(fingers, seed)) for seed in range(6)])
    spoilt = np.mean([mean_clear(drawn(fingers, seed, **{fault: 1.0})) for seed in range(6)])

    assert clean > 0.6
    assert spoilt < clean - 0.05


def test_a_smaller_contact_has_less_skin(fingers: tuple[Finger, Finger]) -> None:
    skin = [float(drawn(fingers, size=size).truth[0].sum()) for size in (1.0, 0.6, 0.3)]

    assert skin == sorted(skin, reverse=True)
    assert skin[-1] < 0.3 * skin[0]


def test_every_block_points_to_where_the_pad_is(fingers: tuple[Finger, Finger]) -> None:
    each = draw_press(seeded(1), *fingers, Faults((3.0, -4.0), 1, 0, 0, 0, 0, 0.1), SIZE)
    right, down = each.truth[TRUTHS.index("right")], each.truth[TRUTHS.index("down")]
    row, column = np.mgrid[: right.shape[0], : right.shape[1]]
    x, y = 100 * right + BLOCK * (column + 0.5), 100 * down + BLOCK * (row + 0.5)

    assert each.off_mm == pytest.approx(5)
    assert np.allclose(x, 128 + 3 * 500 / 25.4, atol=0.1)
    assert np.allclose(y, 144 - 4 * 500 / 25.4, atol=0.1)


def test_a_third_of_the_presses_is_clean_and_each_fault_comes_heavy() -> None:
    many = [draw_faults(seeded(5, number)) for number in range(600)]
    clean = [each for each in many if not each.dry + each.wet + each.smudged + each.residue]

    assert 0.3 < len(clean) / len(many) < 0.65
    for name in ("dry", "wet", "smudged", "residue"):
        assert sum(getattr(each, name) > 0.5 for each in many) > 30


@pytest.mark.parametrize("name", STRANGERS)
def test_no_stranger_looks_like_a_good_finger(fingers: tuple[Finger, Finger], name: str) -> None:
    rng = seeded(9)
    for _ in range(400):
        pixels, shown = draw_stranger(rng, fingers[1], (192, 192))
        if shown == name:
            assert pixels.shape == (192, 192)
            assert pixels.dtype == np.uint8
            assert judge(Frame(pixels, 500)).score < 60
            return
    pytest.fail(f"{name} was never drawn")
