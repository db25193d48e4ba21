"""Draws what `greenline bench accuracy --plots` found: DET curves and histograms of the scores.

By set and pooled. The thresholds that are marked are those at which the scale of the score is
usually read (docs/comparison.md); none of them is a promise.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from greenline.cli.errors import CommandError
from greenline.cli.models_bench_det import Axis, Line, Mark, Panel, draw
from greenline.cli.models_bench_rates import Curve, Numbers, Pairs

THRESHOLDS = (3.0, 4.0)
SCALE = (1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)
POOLED = "all sets"

_COLOURS = (1, 3, 4, 5, 6)  # of the sets; 0, black, is the pooled curve; 2 is near to red
_GENUINE, _IMPOSTOR = 1, 5
_MOST_BINS = 80
_STEPS = (1.0, 2.5, 5.0)  # and their tenfolds: widths of bins


@dataclass(frozen=True, eq=False)
class Group:
    """The scores of one set, or of all."""

    name: str
    scores: Numbers
    genuine: NDArray[np.bool_]

    def errors(self, threshold: float) -> tuple[float, float]:
        """Return FMR and FNMR, when a score at the threshold is a match already."""
        match = self.scores >= threshold
        return float(match[~self.genuine].mean()), float(1 - match[self.genuine].mean())


def group(pairs: Pairs, scores: Numbers) -> list[Group]:
    """Return the sets in order, and all of them when there are several."""
    genuine = pairs.genuine
    groups = []
    for number, name in enumerate(pairs.sets):
        of_set = pairs.set_of == number
        groups.append(Group(name, scores[of_set], genuine[of_set]))
    return [*groups, Group(POOLED, scores, genuine)] if len(groups) > 1 else groups


def print_errors(pooled: Group) -> None:
    """Print what the scale of the scores comes to on these prints."""
    print("score  FMR %   FNMR %")
    for score in SCALE:
        matched, missed = pooled.errors(score)
        print(f"{score:>5}  {100 * matched:6.3f}  {100 * missed:6.2f}")


def write_plots(out: Path, groups: list[Group]) -> list[Path]:
    """Write det.svg and scores.svg into a folder, and return their paths. Raises CommandError."""
    written = []
    for name, panels in (("det.svg", [det(groups)]), ("scores.svg", histograms(groups))):
        path = out / name
        try:
            path.write_text(draw(panels), encoding="utf-8")
        except OSError as fault:
            raise CommandError(f"{path} cannot be written: {fault.strerror}", 3) from fault
        written.append(path)
    return written


def det(groups: list[Group]) -> Panel:
    """Return one curve a group; the thresholds are points on it."""
    lines, marks = [], []
    for number, each in enumerate(groups):
        colour, dash = _look(each, number)
        curve = Curve(each.scores, each.genuine)
        rates = curve.rates()
        label = (
            f"{each.name}: EER {100 * rates.eer:.2f} %, "
            f"FNMR {100 * rates.fmr1000:.2f} % at FMR 0.1 %"
        )
        lines.append(Line(label, colour, dash, *curve.errors()))
        for square, threshold in enumerate(THRESHOLDS):
            words = f"at a score of {threshold:g}"
            marks.append(Mark(words, colour, bool(square), *each.errors(threshold)))
    return Panel("Verification", lines, marks=tuple(marks))


def _look(each: Group, number: int) -> tuple[int, int]:
    if each.name == POOLED:
        return 0, 0
    row, column = divmod(number, len(_COLOURS))
    return _COLOURS[column], row


def histograms(groups: list[Group]) -> list[Panel]:
    """Return one panel a group, all with the same axes."""
    top = max(5.0, math.ceil(max(float(each.scores.max()) for each in groups)))
    step = bin_width(top)
    edges: Numbers = np.arange(math.ceil(top / step) + 1, dtype=np.float64) * step
    score = _score_axis(float(edges[-1]))
    share = _share_axis(max(len(each.scores) for each in groups), step)
    return [
        Panel(
            f"{each.name}: {each.genuine.sum()} genuine, {(~each.genuine).sum()} impostor pairs",
            [
                _outline("genuine pairs", _GENUINE, each.scores[each.genuine], edges),
                _outline("impostor pairs", _IMPOSTOR, each.scores[~each.genuine], edges),
            ],
            score,
            share,
            guides=THRESHOLDS,
            guided="scores of " + " and ".join(f"{threshold:g}" for threshold in THRESHOLDS),
        )
        for each in groups
    ]


def bin_width(top: float) -> float:
    """Return a round width, of which about 80 at most reach from 0 to top."""
    power = 10.0 ** math.floor(math.log10(top / _MOST_BINS))
    return next(step * power for step in (*_STEPS, 10.0) if top <= step * power * _MOST_BINS)


def _outline(label: str, colour: int, scores: Numbers, edges: Numbers) -> Line:
    """Return a histogram as steps from the right, in percent of the scores."""
    count, _ = np.histogram(scores, edges)
    percent = 100 * count / len(scores)
    return Line(label, colour, 0, edges[::-1], np.append(percent[::-1], 0.0))


def _score_axis(top: float) -> Axis:
    ticks = np.arange(0, top * 1.0001, 4 * bin_width(2 * top))
    return Axis(
        "score, about -log10 of the false match rate",
        tuple(ticks.tolist()),
        lambda score: min(max(score / top, 0.0), 1.0),
        lambda score: f"{score:g}",
    )


def _share_axis(pairs: int, step: float) -> Axis:
    """Return a logarithmic axis on which a single pair is seen. pairs: of the largest group."""
    least = 50.0 / pairs
    decades = range(math.ceil(math.log10(least)), 3)
    return Axis(
        f"pairs in each {step:g} of score, percent",
        tuple(10.0**decade for decade in decades),
        lambda percent: math.log(max(percent, least) / least) / math.log(100 / least),
        lambda percent: f"{percent:g}",
    )
