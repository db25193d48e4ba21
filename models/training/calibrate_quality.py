"""Finds how the quality network's blocks become a score and reasons, on lessons held out.

    python -m greenline.models.training.calibrate_quality --lessons DIR --found FOUND \
        --weights FILE.pt

Writes the curve and the thresholds into FILE.pt, and prints what they reach.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray

from greenline.models.manifest import QualityThresholds
from greenline.models.quality_network import Map, Measured, expected, measure
from greenline.models.training.quality_batches import Lessons, read_lessons
from greenline.models.training.tflite_export import load_average
from greenline.models.training.train_quality import answer
from greenline.models.training.utility_network import UtilityNetwork

CLEAR = 0.1  # minutiae for a block of clear skin; chosen on FVC2002 DB1 and DB2
FALSE = 0.03  # of the presses without a fault, at most so many may be told that they have it

# At least, so that no more than a tenth of FVC2002 DB1 and DB2 are told: real skin is drier to the
# network than synthetic skin, and people press less centrally.
LEAST = {"dry": 0.38, "off_centre": 4.0}

_FAULTS = ("dry", "wet", "smudged", "residue")
_NONE, _HEAVY = 0.05, 0.35  # mean truth below and above which a fault is not there, or plain
_NEAR_MM, _FAR_MM = 2.5, 5.0
_MANY = np.arange(2, 80, 0.5)
_STEEP = np.arange(0.6, 3, 0.05)

Numbers = NDArray[np.float64]


def measured(lessons: Lessons, blocks: NDArray[np.float32]) -> Iterator[tuple[Measured, Measured]]:
    """Yield for each press what the network's blocks add up to, and what the true ones do."""
    for number in np.flatnonzero(lessons.finger):
        truth = np.concatenate([lessons.truth[number], lessons.found[number][np.newaxis]])
        inside = lessons.inside[number] > 0
        where = np.ix_(inside.any(axis=1), inside.any(axis=0))
        yield _cut(blocks[number], where), _cut(truth.astype(np.float32), where)


def _cut(blocks: Map, where: tuple[NDArray[np.intp], ...]) -> Measured:
    return measure(np.stack([each[where] for each in blocks], axis=-1), CLEAR)


def fit_curve(evidence: Numbers, utility: Numbers) -> tuple[float, float]:
    """Return many and steep of the curve that is nearest to the utilities, on a grid."""
    best = min(
        (float(np.mean((-np.expm1(-((evidence / many) ** steep)) - utility) ** 2)), many, steep)
        for many in _MANY
        for steep in _STEEP
    )
    return float(best[1]), round(float(best[2]), 2)


def main() -> None:
    """Calibrate as the command line asks."""
    parser = argparse.ArgumentParser(description="Calibrate the quality network.")
    parser.add_argument("--lessons", type=Path, required=True)
    parser.add_argument("--found", type=Path, required=True, help="what quality_found wrote")
    parser.add_argument("--weights", type=Path, required=True)
    given = parser.parse_args()
    torch.set_num_threads(1)
    network = load_average(given.weights, UtilityNetwork)
    held_out = read_lessons(given.lessons, given.found, held_out=True)
    pairs = [pair for each in held_out for pair in measured(each, answer(network, each))]
    said = {name: np.array([getattr(pair[0], name) for pair in pairs]) for name in _names()}
    true = {name: np.array([getattr(pair[1], name) for pair in pairs]) for name in _names()}
    utility = np.concatenate([each.utility[each.finger > 0] for each in held_out]).astype(float)
    thresholds = calibrate(said, true, utility)
    state = torch.load(given.weights, weights_only=True)
    torch.save({**state, "thresholds": msgspec.to_builtins(thresholds)}, given.weights)
    report = msgspec.to_builtins(thresholds) | reached(said, true, utility, thresholds)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


def _names() -> tuple[str, ...]:
    return tuple(Measured.__dataclass_fields__)


def calibrate(
    said: dict[str, Numbers], true: dict[str, Numbers], utility: Numbers
) -> QualityThresholds:
    """Return the curve nearest to the utilities, and thresholds that FALSE of the presses pass."""
    many, steep = fit_curve(said["evidence"], utility)
    without = {name: true[name] < _NONE for name in _FAULTS}
    without["off_centre"] = true["off_centre"] < _NEAR_MM
    found = {
        name: max(round(float(np.quantile(said[name][which], 1 - FALSE)), 3), LEAST.get(name, 0.0))
        for name, which in without.items()
    }
    return QualityThresholds(CLEAR, many, steep, **found)


def reached(
    said: dict[str, Numbers],
    true: dict[str, Numbers],
    utility: Numbers,
    thresholds: QualityThresholds,
) -> dict[str, float]:
    """Return the score's error, and the share of plain faults that are told."""
    scores = np.array([expected(each, thresholds) for each in said["evidence"]])
    ranks = np.stack([np.argsort(np.argsort(part)).astype(float) for part in (scores, utility)])
    report = {
        "presses": float(len(utility)),
        "mean error of the score": float(np.abs(scores - utility).mean()),
        "rank correlation": float(np.corrcoef(ranks)[0, 1]),
    }
    plain = {name: true[name] > _HEAVY for name in _FAULTS}
    plain["off_centre"] = true["off_centre"] > _FAR_MM
    for name, which in plain.items():
        report[f"{name} told"] = float((said[name][which] > getattr(thresholds, name)).mean())
        report[f"{name} plain"] = float(np.count_nonzero(which))
    return {name: round(value, 4) for name, value in report.items()}


if __name__ == "__main__":
    main()
