"""Learn the weights of the comparison's score on synthetic prints; writes prints/weights.py.

    python -m greenline.models.training.comparison_weights --out prints/weights.py

Fingers are grown and pressed, minutiae extracted by the production extractor, both sides of every
pair degraded, and a logistic regression learned on the features of the comparison. Fingers held
out give the figures it notes down. No real print is involved.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from greenline.models.extraction import Extractor
from greenline.models.training.comparison_degradation import degraded, mirrored
from greenline.models.training.synthesis import make_finger, press
from greenline.prints.comparison import Prepared, evidence, prepare
from greenline.prints.features import NAMES, measure
from greenline.prints.template import Template

REGULARISATION = 0.05  # C: the loss's weight against the penalty |w|^2 / 2
NEWTON_STEPS = 50
HELD_OUT = 4  # every fourth finger
COPIES = 3  # degraded copies of every genuine pair
IMPOSTORS = 3  # per genuine pair
# What may only speak against one finger, and what may speak either way; all else only for it.
AGAINST = ("unmatched", "residual", "turn_residual", "distortion", "rotation")
EITHER = ("log_overlap",)
SIGNS = np.array([-1 if name in AGAINST else name not in EITHER for name in NAMES])
TAIL = (0.02, 0.0005)  # shares of impostors between which the tail is fitted
TAIL_IMPRESSIONS = 2  # per finger, undamaged, each against all those of other fingers

Finger = list[Template]
Pair = tuple[Prepared, Prepared, bool]  # two impressions, and whether they are of one finger


@dataclass(frozen=True)
class Pairs:
    """Features (n, len(NAMES)) of compared pairs and whether each is genuine (n,).

    A pair in which no two minutiae are alike has no features: its row is NaN.
    """

    features: NDArray[np.float64]
    genuine: NDArray[np.bool_]


@dataclass(frozen=True)
class Weights:
    """odds = intercept + coefficients @ features; the tail turns odds into a score."""

    coefficients: NDArray[np.float64]
    intercept: float
    tail_slope: float = 1.0
    tail_start: float = 0.0

    def odds(self, pairs: Pairs) -> NDArray[np.float64]:
        """Return the log odds that each pair is genuine, (n,); -inf where it has no features."""
        odds = pairs.features @ self.coefficients + self.intercept
        return np.where(np.isnan(odds), -np.inf, odds)


def extract(extractor: Extractor, fingers: int, impressions: int, seed: int) -> list[Finger]:
    """Grow fingers, press each several times, extract. About half a second per impression."""
    found = []
    for number in track(range(seed, seed + fingers), "Growing fingers"):
        finger = make_finger(number)
        pressed = (press(finger, each).frame for each in range(impressions))
        found.append([extractor.extract(frame) for frame in pressed])
    return found


def damaged_pairs(fingers: Sequence[Finger], rng: np.random.Generator) -> Iterator[Pair]:
    """Yield pairs of damaged impressions; impostors are damaged just as much as mates.

    Half of the impostors of a print are other fingers, half mirror images of any finger.
    """
    for number, finger in enumerate(fingers):
        for one, other in combinations(finger, 2):
            for _ in range(COPIES):
                yield _damaged(one, rng), _damaged(other, rng), True
                for _ in range(IMPOSTORS):
                    stranger = _impostor(fingers, number, rng)
                    yield _damaged(one, rng), _damaged(stranger, rng), False


def _damaged(template: Template, rng: np.random.Generator) -> Prepared:
    return prepare(degraded(template, rng))


def _impostor(fingers: Sequence[Finger], number: int, rng: np.random.Generator) -> Template:
    mirror = bool(rng.random() < 0.5)
    other = rng.integers(len(fingers)) if mirror else number + rng.integers(1, len(fingers))
    impressions = fingers[int(other) % len(fingers)]
    template = impressions[rng.integers(len(impressions))]
    return mirrored(template) if mirror else template


def strangers(fingers: Sequence[Finger]) -> Iterator[Pair]:
    """Yield pairs of undamaged impressions of different fingers: what a search meets."""
    prepared = [[prepare(side) for side in finger[:TAIL_IMPRESSIONS]] for finger in fingers]
    for one, other in combinations(prepared, 2):
        for a, b in product(one, other):
            yield a, b, False


def compared(pairs: Iterable[Pair]) -> Pairs:
    """Compare every pair, in the order that the comparison itself would take."""
    rows, genuine = [], []
    for one, other, same in pairs:
        a, b = sorted((one, other), key=lambda side: side.order)
        found = evidence(a, b)
        rows.append(np.full(len(NAMES), np.nan) if found is None else measure(found))
        genuine.append(same)
    return Pairs(np.array(rows), np.array(genuine))


def learn(pairs: Pairs) -> Weights:
    """Fit a logistic regression in which more agreement never lowers the score.

    A feature whose weight comes out with the wrong sign would do so on prints better than those
    learned from: the worst such feature is left out (weight 0) until none is left.
    """
    usable = ~np.isnan(pairs.features).any(axis=1)
    features, genuine = pairs.features[usable], pairs.genuine[usable]
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-12)
    standard = (features - mean) / scale
    kept = np.ones(len(NAMES), np.bool_)
    while True:
        solution = _fitted(standard * kept, genuine)
        wrong = -SIGNS * solution[1:]
        if (wrong <= 0).all():
            break
        kept[np.argmax(wrong)] = False
    coefficients = solution[1:] / scale
    return Weights(coefficients, float(solution[0] - coefficients @ mean))


def _fitted(standard: NDArray[np.float64], genuine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return bias and weights, both classes weighing the same in total."""
    design = np.column_stack([np.ones(len(genuine)), standard])
    share = genuine.mean()
    return _newton(design, genuine, REGULARISATION * 0.5 / np.where(genuine, share, 1 - share))


def _newton(
    design: NDArray[np.float64], genuine: NDArray[np.bool_], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the logistic regression's solution; the first column, the bias, is not penalised."""
    penalty = np.ones(design.shape[1])
    penalty[0] = 1e-9
    solution = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ solution, -500, 500)))
        slope = design.T @ (weight * (chance - genuine)) + penalty * solution
        curve = (design.T * (weight * chance * (1 - chance))) @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        solution = solution - step
        if np.abs(step).max() < 1e-10:
            break
    return solution


def with_tail(weights: Weights, pairs: Pairs) -> Weights:
    """Fit the impostors' tail: their share above odds z is 1 / (1 + exp(slope (z - start)))."""
    impostors = weights.odds(pairs)[~pairs.genuine]
    shares = np.geomspace(*TAIL, 20)
    odds = np.quantile(impostors, 1 - shares)
    slope, offset = np.polyfit(odds, np.log((1 - shares) / shares), 1)
    return Weights(weights.coefficients, weights.intercept, float(slope), float(-offset / slope))


def error_rates(weights: Weights, pairs: Pairs) -> tuple[float, float]:
    """Return the equal error rate and the false non-match rate at a false match rate of 0.1 %."""
    odds = weights.odds(pairs)
    mates, impostors = np.sort(odds[pairs.genuine]), np.sort(odds[~pairs.genuine])
    missed = np.arange(len(mates)) / len(mates)
    matched = 1 - np.searchsorted(impostors, mates, "left") / len(impostors)
    equal = np.argmin(np.abs(missed - matched))
    strict = np.quantile(impostors, 0.999)
    return float((missed[equal] + matched[equal]) / 2), float((mates <= strict).mean())


def main() -> None:
    """Learn and write, with the recipe and the held-out figures in the file's docstring."""
    parser = argparse.ArgumentParser(description="learn the weights of the comparison's score")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fingers", type=int, default=100)
    parser.add_argument("--impressions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20_000)
    chosen = parser.parse_args()
    extractor = Extractor()
    fingers = extract(extractor, chosen.fingers, chosen.impressions, chosen.seed)
    weights, summary = learned(fingers, chosen.seed)
    recipe = (
        f"--fingers {chosen.fingers} --impressions {chosen.impressions}\n"
        f"--seed {chosen.seed}, with the minutiae of {extractor.model_id}. On"
    )
    chosen.out.write_text(written(weights, recipe, summary), encoding="utf-8")


def learned(fingers: list[Finger], seed: int) -> tuple[Weights, str]:
    """Learn from three fingers in four; return the weights and a line on the fourth."""
    rng = np.random.default_rng(seed)
    development = [f for number, f in enumerate(fingers) if number % HELD_OUT]
    pairs = compared(damaged_pairs(development, rng))
    unseen = compared(damaged_pairs(fingers[::HELD_OUT], rng))
    weights = with_tail(learn(pairs), compared(strangers(fingers)))
    equal, strict = error_rates(weights, unseen)
    genuine = int(unseen.genuine.sum())
    summary = (
        f"{genuine} genuine and {len(unseen.genuine) - genuine} impostor pairs, all degraded, "
        f"of fingers held out:\nEER {equal:.2%}, FNMR at FMR 0.1 % {strict:.2%}."
    )
    return weights, summary


def written(weights: Weights, recipe: str, summary: str) -> str:
    """Return the text of the module that holds the weights."""
    table = "\n".join(
        f'    "{name}": {value or 0:.6g},'
        for name, value in zip(NAMES, weights.coefficients, strict=True)
    )
    return f'''"""The weights of the comparison's score, learned on synthetic prints only.

Written by greenline.models.training.comparison_weights {recipe}
{summary}
"""

COEFFICIENTS = {{
{table}
}}
INTERCEPT = {weights.intercept:.6g}
TAIL_SLOPE = {weights.tail_slope:.6g}
TAIL_START = {weights.tail_start:.6g}
'''


if __name__ == "__main__":
    main()
