import numpy as np
import pytest

from greenline.matcher.learning.degradation import degraded, mirrored
from greenline.prints.template import Template


def made_print(count: int = 40) -> Template:
    rng = np.random.default_rng(7)
    return Template(
        300,
        400,
        500.0,
        rng.uniform(0, 300, count).astype(np.float32),
        rng.uniform(0, 400, count).astype(np.float32),
        rng.uniform(0, 6.2, count).astype(np.float32),
        rng.integers(1, 3, count).astype(np.uint8),
        rng.integers(50, 101, count).astype(np.uint8),
    )


def columns(template: Template) -> list[list[float]]:
    every = (template.x, template.y, template.direction, template.kind, template.quality)
    return [column.tolist() for column in every]


def test_the_mirror_image_of_a_mirror_image_is_the_print_itself() -> None:
    finger = made_print()
    twice = mirrored(mirrored(finger))
    assert columns(twice)[3:] == columns(finger)[3:]
    assert np.allclose(twice.x, finger.x, atol=1e-4)
    assert np.allclose(twice.direction, finger.direction, atol=1e-5)
    assert not np.allclose(mirrored(finger).x, finger.x, atol=1)


def test_a_ridge_that_points_right_points_left_in_the_mirror() -> None:
    finger = made_print(1)
    pointing = Template(
        300, 400, 500.0, finger.x, finger.y, np.zeros(1, np.float32), finger.kind, finger.quality
    )
    assert mirrored(pointing).direction.tolist() == pytest.approx([np.pi])


def test_the_same_seed_gives_the_same_damage() -> None:
    one, other = (degraded(made_print(), np.random.default_rng(3)) for _ in range(2))
    assert columns(one) == columns(other)
    assert columns(one) != columns(degraded(made_print(), np.random.default_rng(4)))


def test_damage_stays_within_what_a_template_may_hold() -> None:
    for seed in range(100):
        damaged = degraded(made_print(), np.random.default_rng(seed))
        assert 40 * 0.36 * 0.4 < len(damaged) <= 40 * 1.25
        assert (damaged.x >= 0).all()
        assert (damaged.x < damaged.width).all()
        assert (damaged.y >= 0).all()
        assert (damaged.y < damaged.height).all()
        assert (damaged.direction >= 0).all()
        assert (damaged.direction < np.float32(2 * np.pi)).all()
        assert set(damaged.kind.tolist()) <= {1, 2}
        assert set(damaged.quality.tolist()) <= set(made_print().quality.tolist())


@pytest.mark.parametrize("count", [0, 1, 2])
def test_prints_with_hardly_any_minutiae_survive_damage(count: int) -> None:
    for seed in range(20):
        assert len(degraded(made_print(count), np.random.default_rng(seed))) <= count + 1
