from dataclasses import replace

import numpy as np
import pytest

from greenline.prints.comparison import Prepared, evidence, prepare
from greenline.prints.features import NAMES, Evidence, measure
from greenline.prints.template import Template


def made_print() -> Template:
    """Return 36 minutiae on a shaken grid, the outer ones first, all of quality 80."""
    rng = np.random.default_rng(11)
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2)
    inner = ((grid > 0) & (grid < 5)).all(axis=1)
    grid = grid[np.argsort(inner, kind="stable")]
    x, y = (grid * 36.0 + rng.uniform(-10, 10, grid.shape)).T + 30
    return Template(
        260,
        260,
        500.0,
        x.astype(np.float32),
        y.astype(np.float32),
        rng.uniform(0, 6.2, 36).astype(np.float32),
        np.ones(36, np.uint8),
        np.full(36, 80, np.uint8),
    )


def found(one: Template, other: Template) -> Evidence:
    a: Prepared = prepare(one)
    evidences = evidence(a, prepare(other))
    assert evidences is not None
    return evidences


def features(one: Template, other: Template) -> dict[str, float]:
    return dict(zip(NAMES, measure(found(one, other)).tolist(), strict=True))


def test_a_print_and_itself_have_everything_in_common() -> None:
    whole = features(made_print(), made_print())
    expected = {
        "soft": 36,
        "sqrt_soft": 6,
        "soft_share": 36 / 38,
        "log_overlap": np.log(38),
        "unmatched": np.sqrt(0.5),
        "matched_quality": 36 * 0.64 / (36 * 0.64 + 1),
        "residual": 0,
        "turn_residual": 0,
        "distortion": 0,
        "equal_kind": 1,
        "rotation": 0,
        "pairs": 36,
        "local": 36,
        "sqrt_local": np.sqrt(36.1),
        "mean_local": 36 / 37,
        "density": np.log(36 * 36 / 42 + 18 + 0.5),
    }
    assert {name: whole[name] for name in expected} == pytest.approx(expected, abs=1e-4)


def test_minutiae_missing_inside_the_overlap_count_against_it() -> None:
    finger = made_print()
    kept = np.delete(np.arange(36), [33, 34])  # two of the inner ones
    missing = features(finger, finger.pick(kept))
    assert missing["pairs"] == 34
    assert missing["unmatched"] == pytest.approx(np.sqrt(2 * 0.8 + 0.5))
    assert missing["log_overlap"] == pytest.approx(np.log(np.sqrt(38 * 36)))


def test_minutiae_missing_outside_the_overlap_do_not_count() -> None:
    finger = made_print()
    cropped = features(finger, finger.pick(finger.x < 130))
    assert cropped["pairs"] == int((finger.x < 130).sum())
    assert cropped["unmatched"] == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_a_uniform_stretch_shows_as_distortion_and_less_in_the_residual() -> None:
    finger = made_print()
    stretched = features(finger, replace(finger, x=finger.x * np.float32(1.1)))
    spread = float(np.std(finger.x) * 0.1)
    assert stretched["distortion"] == pytest.approx(spread, rel=0.15)
    assert stretched["residual"] < spread / 2


def test_types_that_differ_lower_the_share_of_equal_types() -> None:
    finger = made_print()
    kind = finger.kind.copy()
    kind[:9] = 2
    assert features(finger, replace(finger, kind=kind))["equal_kind"] == pytest.approx(0.75)


def test_a_single_pair_gives_finite_features() -> None:
    whole = found(made_print(), made_print())
    one = whole.pairing
    single = replace(
        one,
        first=one.first[:1],
        second=one.second[:1],
        distance=one.distance[:1],
        turn=one.turn[:1],
    )
    row = dict(zip(NAMES, measure(replace(whole, pairing=single)).tolist(), strict=True))
    assert all(np.isfinite(value) for value in row.values())
    assert (row["pairs"], row["edges"], row["spread"]) == (1, 0, 0)
