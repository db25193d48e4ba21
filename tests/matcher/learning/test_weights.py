from dataclasses import replace

import numpy as np
import pytest

from greenline.matcher.learning.pairs import Pairs, compared, damaged_pairs, strangers
from greenline.matcher.learning.weights import (
    AGAINST,
    EITHER,
    error_rates,
    learn,
    learned,
    odds,
    tail_of,
    written,
)
from greenline.prints.features import NAMES
from greenline.prints.scoring import Tail, Weights
from greenline.prints.template import Template

FIRST = Weights({name: float(at == 0) for at, name in enumerate(NAMES)}, 0.0, {})


def made_fingers(count: int, impressions: int) -> list[list[Template]]:
    """Return fingers whose impressions differ by about a pixel."""
    return [
        [shaken(made_print(number), 100 * number + each) for each in range(impressions)]
        for number in range(count)
    ]


def shaken(template: Template, seed: int) -> Template:
    rng = np.random.default_rng(seed)
    x, y = (side + rng.normal(0, 1, len(template)) for side in (template.x, template.y))
    return replace(template, x=x.astype(np.float32), y=y.astype(np.float32))


def made_print(seed: int) -> Template:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2) * 35.0
    x, y = (grid + rng.uniform(-14, 14, grid.shape)).T + 30
    return Template(
        260,
        260,
        500.0,
        x.astype(np.float32),
        y.astype(np.float32),
        rng.uniform(0, 6.2, len(x)).astype(np.float32),
        rng.integers(1, 3, len(x)).astype(np.uint8),
        rng.integers(50, 101, len(x)).astype(np.uint8),
    )


def drawn_pairs(seed: int, gap: float) -> Pairs:
    """Return features of unit variance whose first differs by gap between the classes."""
    rng = np.random.default_rng(seed)
    genuine = np.arange(4000) % 4 == 0
    features = rng.standard_normal((4000, len(NAMES)))
    features[genuine, 0] += gap
    return Pairs(features, genuine)


def test_the_regression_finds_the_feature_that_matters() -> None:
    weights = learn(drawn_pairs(1, 2.0))
    # Normal classes of unit variance, 2 apart: log odds are 2 x - 2, shrunk by the penalty.
    assert weights.numbers[0] == pytest.approx(1.8, abs=0.2)
    assert np.abs(weights.numbers[1:-1]).max() < 0.2
    assert weights.intercept == pytest.approx(-1.8, abs=0.2)


def test_a_feature_that_would_reward_disagreement_is_left_out() -> None:
    pairs = drawn_pairs(1, 2.0)
    pairs.features[:, NAMES.index("edges")] -= 1.5 * pairs.genuine
    pairs.features[:, NAMES.index("residual")] -= 1.5 * pairs.genuine
    weights = learn(pairs).coefficients
    assert weights["edges"] == 0
    assert weights["residual"] < -0.5
    assert all(value >= 0 for name, value in weights.items() if name not in (*AGAINST, *EITHER))
    assert all(value <= 0 for name, value in weights.items() if name in AGAINST)


def test_classes_that_a_line_divides_get_finite_weights() -> None:
    weights = learn(drawn_pairs(2, 50.0))
    assert np.isfinite(weights.numbers).all()
    assert error_rates(weights, drawn_pairs(3, 50.0)) == (0.0, 0.0)


def test_pairs_without_features_are_no_lesson_and_never_match() -> None:
    whole = drawn_pairs(4, 2.0)
    bare = np.full((3, len(NAMES)), np.nan)
    more = Pairs(np.concatenate([whole.features, bare]), np.append(whole.genuine, [True] * 3))
    weights = learn(more)
    assert weights.coefficients == learn(whole).coefficients
    assert odds(weights, more)[-3:].tolist() == [-np.inf] * 3


def test_error_rates_of_classes_that_do_not_differ_are_those_of_a_coin() -> None:
    equal, strict = error_rates(FIRST, drawn_pairs(5, 0.0))
    assert equal == pytest.approx(0.5, abs=0.03)
    assert strict > 0.99


def test_the_tail_of_logistic_impostors_is_found() -> None:
    rng = np.random.default_rng(6)
    features = np.zeros((200_000, len(NAMES)))
    features[:, 0] = rng.logistic(loc=-3.0, scale=0.5, size=200_000)
    fitted = tail_of(FIRST, Pairs(features, np.zeros(200_000, np.bool_)))
    assert fitted.slope == pytest.approx(2.0, rel=0.05)
    assert fitted.start == pytest.approx(-3.0, abs=0.1)


def test_impostors_are_three_to_a_mate_and_strangers_never_of_one_finger() -> None:
    fingers = made_fingers(4, 3)
    damaged = [same for _, _, same in damaged_pairs(fingers, np.random.default_rng(1))]
    assert damaged == [True, False, False, False] * (4 * 3 * 3)
    apart = list(strangers(fingers))
    assert len(apart) == 6 * 2 * 2
    assert not any(same or a.order == b.order for a, b, same in apart)


def test_degraded_fingers_are_learned_and_told_apart() -> None:
    found = learned({"one": made_fingers(8, 2), "other": made_fingers(6, 2)}, seed=1)
    unseen = compared(damaged_pairs(made_fingers(12, 2)[8:], np.random.default_rng(2)))
    for weights, summary in found.values():
        assert error_rates(weights, unseen)[0] < 0.1
        assert "6 genuine and 18 impostor pairs" in summary
        assert set(weights.tails) == {"one", "other"}
    assert found["FREE"][0].coefficients["rotation"] == 0
    assert found["UPRIGHT"][0].coefficients["rotation"] < 0


def test_the_written_module_holds_the_weights() -> None:
    weights = Weights(
        {name: at / 8 for at, name in enumerate(NAMES)}, -1.5, {"one": Tail(2.25, 0.125)}
    )
    found: dict[str, object] = {}
    text = written("--seed 1", {"UPRIGHT": (weights, "A line."), "FREE": (weights, "Another.")})
    exec(text, found)  # noqa: S102 - our own text, just made
    assert found["UPRIGHT"] == found["FREE"] == weights
    assert "--seed 1" in str(found["__doc__"])
    assert '"""A line."""' in text
