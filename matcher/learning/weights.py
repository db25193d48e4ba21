"""Learn the weights of the comparison's score on synthetic prints; writes prints/weights.py.

    python -m greenline.matcher.learning.weights --out prints/weights.py

Fingers are grown and pressed, minutiae extracted by the production extractor, both sides of every
pair damaged, and a logistic regression learned on the features of the comparison. Fingers held
out give the figures it notes down. No real print is involved.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from greenline.matcher.learning.pairs import Finger, Pairs, compared, damaged_pairs, strangers
from greenline.models.extraction import Extractor
from greenline.models.training.synthesis import make_finger, press
from greenline.prints.features import NAMES
from greenline.prints.scoring import Tail, Weights

REGULARISATION = 0.05  # C: the loss's weight against the penalty |w|^2 / 2
NEWTON_STEPS = 50
HELD_OUT = 4  # every fourth finger
# What may only speak against one finger, and what may speak either way; all else only for it.
AGAINST = ("unmatched", "residual", "turn_residual", "distortion", "rotation")
EITHER = ("log_overlap",)
SIGNS = np.array([-1 if name in AGAINST else name not in EITHER for name in NAMES])
# UPRIGHT: prints laid down about upright; FREE: a finger may lie in any direction.
SETS = {"UPRIGHT": (), "FREE": ("rotation",)}
MODELS = ("greenline-1", "leader-1")  # the first teaches
TAIL = (0.02, 0.0005)  # shares of impostors between which the tail is fitted


def learn(pairs: Pairs, without: Sequence[str] = ()) -> Weights:
    """Fit a logistic regression in which more agreement never lowers the score.

    A feature whose weight comes out with the wrong sign would do so on prints better than those
    learned from: the worst such feature is left out (weight 0) until none is left.
    without: features to leave out from the beginning.
    """
    usable = ~np.isnan(pairs.features).any(axis=1)
    features, genuine = pairs.features[usable], pairs.genuine[usable]
    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-12)
    standard = (features - mean) / scale
    kept = ~np.isin(NAMES, without)
    while True:
        solution = _fitted(standard * kept, genuine)
        wrong = np.where(kept, -SIGNS * solution[1:], 0)
        if (wrong <= 0).all():
            break
        kept[np.argmax(wrong)] = False
    coefficients = solution[1:] / scale
    coefficients[~kept] = 0
    intercept = float(solution[0] - coefficients @ mean)
    table = dict(zip(NAMES, coefficients.tolist(), strict=True))
    return Weights(table, intercept, {})


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


def odds(weights: Weights, pairs: Pairs) -> NDArray[np.float64]:
    """Return the log odds that each pair is genuine, (n,); -inf where it has no features."""
    found = weights.odds(pairs.features)
    return np.where(np.isnan(found), -np.inf, found)


def tail_of(weights: Weights, impostors: Pairs) -> Tail:
    """Fit the share of impostors that reach given odds."""
    shares = np.geomspace(*TAIL, 20)
    reached = np.quantile(odds(weights, impostors), 1 - shares)
    slope, offset = np.polyfit(reached, np.log((1 - shares) / shares), 1)
    return Tail(float(slope), float(-offset / slope))


def error_rates(weights: Weights, pairs: Pairs) -> tuple[float, float]:
    """Return the equal error rate and the false non-match rate at a false match rate of 0.1 %."""
    found = odds(weights, pairs)
    mates, impostors = np.sort(found[pairs.genuine]), np.sort(found[~pairs.genuine])
    missed = np.arange(len(mates)) / len(mates)
    matched = 1 - np.searchsorted(impostors, mates, "left") / len(impostors)
    equal = np.argmin(np.abs(missed - matched))
    strict = np.quantile(impostors, 0.999)
    return float((missed[equal] + matched[equal]) / 2), float((mates <= strict).mean())


def main() -> None:
    """Learn and write, with the recipe and the held-out figures in the file's docstring."""
    parser = argparse.ArgumentParser(description="learn the weights of the comparison's score")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fingers", type=int, default=300)
    parser.add_argument("--impressions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=20_000)
    chosen = parser.parse_args()
    extractors = [Extractor(model=name) for name in MODELS]
    fingers = extract(extractors, chosen.fingers, chosen.impressions, chosen.seed)
    ids = ", ".join(extractor.model_id for extractor in extractors)
    recipe = (
        f"--fingers {chosen.fingers} --impressions {chosen.impressions}\n"
        f"--seed {chosen.seed}, with the minutiae of {ids}."
    )
    chosen.out.write_text(written(recipe, learned(fingers, chosen.seed)), encoding="utf-8")


def extract(
    extractors: Sequence[Extractor], fingers: int, impressions: int, seed: int
) -> dict[str, list[Finger]]:
    """Grow fingers, press each several times, extract by each model. A second per impression."""
    found: dict[str, list[Finger]] = {extractor.model_id: [] for extractor in extractors}
    for number in track(range(seed, seed + fingers), "Growing fingers"):
        finger = make_finger(number)
        pressed = [press(finger, each).frame for each in range(impressions)]
        for extractor in extractors:
            found[extractor.model_id].append([extractor.extract(frame) for frame in pressed])
    return {model.split("/")[0]: templates for model, templates in found.items()}


def learned(fingers: dict[str, list[Finger]], seed: int) -> dict[str, tuple[Weights, str]]:
    """Learn each set of weights from three fingers in four; with a line on the fourth.

    fingers: by model. The weights are learned with the first model's minutiae, the tails with each.
    """
    rng = np.random.default_rng(seed)
    taught = next(iter(fingers.values()))
    development = [finger for number, finger in enumerate(taught) if number % HELD_OUT]
    pairs = compared(damaged_pairs(development, rng))
    unseen = compared(damaged_pairs(taught[::HELD_OUT], rng))
    impostors = {model: compared(strangers(templates)) for model, templates in fingers.items()}
    found = {}
    for name, without in SETS.items():
        weights = learn(pairs, without)
        tails = {model: tail_of(weights, each) for model, each in impostors.items()}
        equal, strict = error_rates(weights, unseen)
        genuine = int(unseen.genuine.sum())
        summary = (
            f"On {genuine} genuine and {len(unseen.genuine) - genuine} impostor pairs of fingers "
            f"held out, all damaged:\nEER {equal:.2%}, FNMR at FMR 0.1 % {strict:.2%}."
        )
        found[name] = (replace(weights, tails=tails), summary)
    return found


def written(recipe: str, found: dict[str, tuple[Weights, str]]) -> str:
    """Return the text of the module that holds the weights."""
    tables = "\n".join(_table(name, *each) for name, each in found.items())
    return f'''"""The weights of the comparison's score, learned on synthetic prints only.

Written by greenline.matcher.learning.weights {recipe}
"""

from greenline.prints.scoring import Tail, Weights

{tables}'''


def _table(name: str, weights: Weights, summary: str) -> str:
    table = "\n".join(
        f'        "{feature}": {value or 0:.6g},' for feature, value in weights.coefficients.items()
    )
    tails = "\n".join(
        f'        "{model}": Tail(slope={tail.slope:.6g}, start={tail.start:.6g}),'
        for model, tail in weights.tails.items()
    )
    return f'''{name} = Weights(
    coefficients={{
{table}
    }},
    intercept={weights.intercept:.6g},
    tails={{
{tails}
    }},
)
"""{summary}"""
'''


if __name__ == "__main__":
    main()
