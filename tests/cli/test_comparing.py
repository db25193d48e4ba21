import subprocess
import sys

import numpy as np
import pytest

from greenline.cli.comparing import COMPILED, Comparing
from greenline.prints.comparison import Prepared, compare, prepare
from greenline.prints.template import Template

PAIRS = [("a", "b"), ("a", "c"), ("b", "c"), ("a", "none"), ("none", "none"), ("c", "a")]

WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
from greenline.cli.comparing import COMPILED, Comparing
from tests.cli.test_comparing import PAIRS, prints
assert not COMPILED
print(*Comparing(prints(), "leader-1").scores(PAIRS), sep="\\n")
"""


def made_print(seed: int) -> Template:
    rng = np.random.default_rng(seed)
    return Template(
        300, 300, 500.0,
        rng.uniform(20, 280, 40).astype(np.float32), rng.uniform(20, 280, 40).astype(np.float32),
        rng.uniform(0, 6, 40).astype(np.float32), rng.integers(1, 3, 40).astype(np.uint8),
        rng.integers(50, 100, 40).astype(np.uint8),
    )  # fmt: skip


def prints() -> dict[str, Prepared | None]:
    one = made_print(1)
    return {
        "a": prepare(one), "b": prepare(one.pick(np.arange(4, 40))),
        "c": prepare(made_print(2)), "none": None,
    }  # fmt: skip


def test_scores_are_those_of_the_plain_comparison_and_the_lowest_without_minutiae() -> None:
    assert COMPILED
    sides = prints()
    expected = []
    for a, b in PAIRS:
        one, other = sides[a], sides[b]
        plain = one and other and compare(one, other, model="leader-1").score
        expected.append(plain or 0.0)
    assert expected[0] > 5
    assert Comparing(sides, "leader-1").scores(PAIRS) == pytest.approx(expected, abs=1e-9)
    assert expected[3:5] == [0.0, 0.0]


def test_without_numba_the_scores_are_the_same() -> None:
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA], capture_output=True, text=True, check=True
    )
    scores = [float(line) for line in found.stdout.split()]
    assert scores == pytest.approx(Comparing(prints(), "leader-1").scores(PAIRS), abs=1e-9)


def test_the_scale_is_that_of_the_extractor() -> None:
    own, cautious = (Comparing(prints(), model).scores(PAIRS[:1]) for model in ("leader-1", ""))
    assert own[0] > cautious[0]
