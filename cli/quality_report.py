"""What `greenline bench quality` found, as tables: rank correlations and areas under the curves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greenline.cli.print_names import finger_of
from greenline.cli.quality_curves import (
    Numbers,
    Pairs,
    area,
    difference,
    discard_curve,
    least,
    rank_correlation,
)
from greenline.models.quality_network import MODEL

NFIQ2 = "NFIQ 2"
LEAST = "least possible"

Judged = dict[str, dict[str, float]]
Names = list[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Result:
    """One operating point. point: in words. failed: of how many genuine pairs. curves: by measure.

    against: the 95 % interval of our area less NFIQ 2's; None without NFIQ 2.
    """

    view: str
    network: str
    point: str
    failed: int
    pairs: int
    curves: dict[str, Numbers]
    against: tuple[float, float] | None


def results(view: str, network: str, judged: Judged, names: Names, scores: Numbers) -> list[Result]:
    """Return the curves at every operating point. names: the pairs; scores: of each."""
    genuine = genuine_of(names)
    impostor = np.sort(scores[~genuine])[::-1]
    mates = [pair for pair, mated in zip(names, genuine, strict=True) if mated]
    numbers = {name: at for at, name in enumerate(sorted({finger_of(a) for a, _ in mates}))}
    finger = np.array([numbers[finger_of(a)] for a, _ in mates])
    worse = {
        measure: np.array([min(of[a], of[b]) for a, b in mates]) for measure, of in judged.items()
    }
    found = []
    for point, threshold in _thresholds(impostor, scores[genuine]).items():
        failed = scores[genuine] < threshold
        curves = {name: discard_curve(failed, quality) for name, quality in worse.items()}
        curves[LEAST] = least(failed)
        pairs = Pairs(failed, finger, worse)
        against = difference(pairs, MODEL, NFIQ2) if NFIQ2 in judged else None
        count = int(failed.sum())
        found.append(Result(view, network, point, count, len(mates), curves, against))
    return found


def genuine_of(names: Names) -> NDArray[np.bool_]:
    """Return which pairs are of one finger."""
    return np.array([finger_of(a) == finger_of(b) for a, b in names])


def _thresholds(impostor: Numbers, genuine: Numbers) -> dict[str, float]:
    """Return the thresholds that are looked at: all of them, chosen before anything is seen.

    impostor: highest first. Genuine pairs below a threshold are not found.
    """
    at = {
        f"FMR {limit:g}": float(np.nextafter(impostor[int(limit * len(impostor))], np.inf))
        for limit in (0.001, 0.0001)
    }
    return at | {f"FNMR {share:.0%}": float(np.quantile(genuine, share)) for share in (0.05, 0.1)}


def rank_table(runs: list[tuple[str, str, Judged, Names, Numbers]]) -> str:
    """Return Spearman's coefficients: with NFIQ 2, and with each picture's mean genuine score."""
    lines = ["| pictures | templates | measure | with NFIQ 2 | with the mean genuine score |"]
    lines.append("|---|---|---|---|---|")
    for view, network, judged, names, scores in runs:
        mean = mean_genuine(names, scores)
        for measure, of in judged.items():
            pictures = sorted(mean)
            ours = np.array([of[name] for name in pictures])
            with_score = rank_correlation(ours, np.array([mean[name] for name in pictures]))
            with_nfiq2 = "-"
            if NFIQ2 in judged:
                known = [name for name in sorted(of) if judged[NFIQ2][name] >= 0]
                both = [np.array([one[name] for name in known]) for one in (of, judged[NFIQ2])]
                with_nfiq2 = f"{rank_correlation(*both):.3f}"
            lines.append(f"| {view} | {network} | {measure} | {with_nfiq2} | {with_score:.3f} |")
    return "\n".join(lines) + "\n"


def mean_genuine(names: Names, scores: Numbers) -> dict[str, float]:
    """Return the mean score of each picture against the others of its finger."""
    of: dict[str, list[float]] = {}
    for (a, b), score, mated in zip(names, scores, genuine_of(names), strict=True):
        for name in (a, b) if mated else ():
            of.setdefault(name, []).append(float(score))
    return {name: float(np.mean(found)) for name, found in of.items()}


def area_table(found: list[Result]) -> str:
    """Return the areas, in percent: the mean FNMR while 0 to 30 % of the pairs are discarded."""
    measures = list(found[0].curves)
    head = ["pictures", "templates", "threshold", "not found", *measures]
    if found[0].against:
        head.append("ours less NFIQ 2 (95 %)")
    lines = [" | ".join(("", *head, "")).strip(), "|" + "---|" * len(head)]
    for each in found:
        areas = [f"{100 * area(curve):.2f}" for curve in each.curves.values()]
        row = [each.view, each.network, each.point, f"{each.failed} of {each.pairs}", *areas]
        if each.against:
            row.append(" to ".join(f"{100 * end:+.2f}" for end in each.against))
        lines.append(" | ".join(("", *row, "")).strip())
    return "\n".join(lines) + "\n"
