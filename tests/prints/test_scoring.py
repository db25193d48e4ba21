import math

import numpy as np
import pytest

from greenline.prints.features import NAMES
from greenline.prints.scoring import Tail, Weights

CAUTIOUS, BOLD = Tail(1.0, 0.0), Tail(1.0, -4.0)
WEIGHTS = Weights(
    {name: float(at) for at, name in enumerate(NAMES)}, 2.0, {"bold": BOLD, "cautious": CAUTIOUS}
)


@pytest.mark.parametrize("share", [0.5, 0.1, 1e-3, 1e-9])
def test_a_score_is_minus_the_logarithm_of_the_share_of_impostors(share: float) -> None:
    tail = Tail(slope=1.5, start=-2.0)
    odds = tail.start + math.log((1 - share) / share) / tail.slope
    assert tail.score(np.array([odds])) == pytest.approx(-math.log10(share))


def test_nothing_in_common_scores_nothing_and_certainty_stays_finite() -> None:
    assert CAUTIOUS.score(np.array([-np.inf, -1e300, 1e6])).tolist() == pytest.approx(
        [0.0, 0.0, 1e6 / math.log(10)]
    )


def test_the_odds_weigh_every_feature() -> None:
    features = np.linspace(0, 1, len(NAMES))
    assert WEIGHTS.odds(features) == pytest.approx(2.0 + features @ np.arange(len(NAMES)))
    assert WEIGHTS.odds(np.stack([features, features])).shape == (2,)


def test_the_extractor_decides_the_scale_and_an_unknown_one_gets_the_most_cautious() -> None:
    assert WEIGHTS.tail("bold/0123abcd+mirror") is BOLD
    assert WEIGHTS.tail("bold") is BOLD
    assert WEIGHTS.tail("cautious/1") is CAUTIOUS
    assert WEIGHTS.tail("of-somebody-else") is CAUTIOUS
    assert WEIGHTS.tail("") is CAUTIOUS
