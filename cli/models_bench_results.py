"""What came of `greenline bench models`, as a record for programs (OUT/report.json)."""

import os
import platform
from itertools import product

import msgspec
import numpy as np

from greenline.cli.errors import CommandError
from greenline.cli.models_bench_entrants import Entrant
from greenline.cli.models_bench_rates import (
    Curve,
    Numbers,
    Pairs,
    Rates,
    drawings,
    rank_1,
    read_scores,
)
from greenline.cli.models_bench_scores import Job, folder_of
from greenline.cli.models_bench_times import Times


class Difference(msgspec.Struct, frozen=True):
    """To LEADER, as a share: what was measured, and its 95 % interval over drawings of fingers."""

    measured: float
    low: float
    high: float


class Accuracy(msgspec.Struct, frozen=True):
    """Of one extractor in one view. by_set, rank_1: by set, and "all". Differences are of "all".

    unusable: pictures that gave no minutiae.
    """

    by_set: dict[str, Rates]
    rank_1: dict[str, float]
    eer: Difference
    fmr1000: Difference
    unusable: int


class Result(msgspec.Struct, frozen=True):
    """Of one extractor. accuracy: by view. of_leader: its median time in LEADER's."""

    label: str
    runtime: str
    model_id: str
    threshold: float
    median_ms: float
    p95_ms: float
    least_processor_ms: float
    of_leader: float
    memory_mib: float
    wall_ms: list[float]
    accuracy: dict[str, Accuracy]


class Report(msgspec.Struct, frozen=True):
    """All of one run. pictures: a digest. load: average over a minute before and after."""

    machine: str
    load: tuple[float, float]
    pictures: str
    genuine: int
    impostor: int
    fingers: int
    left_out: list[str]
    results: list[Result]


def machine() -> str:
    """Say what this is measured on."""
    cores = os.cpu_count()
    software = f"Python {platform.python_version()}, NumPy {np.__version__}"
    return f"{platform.machine()}, {cores} cores, {platform.system()}, {software}"


def judge(
    job: Job, pairs: Pairs, entrants: list[Entrant], views: list[str]
) -> tuple[list[dict[str, Accuracy]], dict[str, list[Curve]]]:
    """Return accuracy by extractor and view, and the curves by view. Raises CommandError."""
    accuracy: list[dict[str, Accuracy]] = [{} for _ in entrants]
    curves: dict[str, list[Curve]] = {}
    tables = {
        (view, entrant.key): _table(job, pairs, entrant, view)
        for view, entrant in product(views, entrants)
    }
    for view in views:
        curves[view] = [Curve(tables[view, one.key], pairs.genuine) for one in entrants]
        differences = _differences(curves[view], pairs)
        for number, entrant in enumerate(entrants):
            accuracy[number][view] = _accuracy(
                job, pairs, entrant, view, tables[view, entrant.key], differences[number]
            )
    return accuracy, curves


def results(
    entrants: list[Entrant], times: list[Times], accuracy: list[dict[str, Accuracy]]
) -> list[Result]:
    """Join what was found of each extractor."""
    leader_ms = times[0].median_ms
    return [
        Result(
            entrant.label,
            entrant.runtime,
            entrant.model_id,
            entrant.threshold,
            time.median_ms,
            time.p95_ms,
            min(time.processor_ms),
            time.median_ms / leader_ms,
            time.memory_mib,
            time.wall_ms,
            found,
        )
        for entrant, time, found in zip(entrants, times, accuracy, strict=True)
    ]


def _table(job: Job, pairs: Pairs, entrant: Entrant, view: str) -> Numbers:
    table = folder_of(job, entrant, view) / "verification.tsv"
    _, scores = read_scores(table)
    if len(scores) != len(pairs.a):
        raise CommandError(f"{table} is not of these pictures: remove its folder", 3)
    return scores


def _accuracy(
    job: Job,
    pairs: Pairs,
    entrant: Entrant,
    view: str,
    scores: Numbers,
    differences: tuple[Difference, Difference],
) -> Accuracy:
    folder = folder_of(job, entrant, view)
    by_set = {"all": Curve(scores, pairs.genuine).rates()}
    for number, name in enumerate(pairs.sets):
        rows = pairs.set_of == number
        by_set[name] = Curve(scores[rows], pairs.genuine[rows]).rates()
    ranks = rank_1(*read_scores(folder / "identification.tsv"))
    unusable = len((folder / "unusable.txt").read_text().splitlines())
    return Accuracy(by_set, ranks, *differences, unusable)


def _differences(curves: list[Curve], pairs: Pairs) -> list[tuple[Difference, Difference]]:
    """Return each extractor's difference to the first one, in EER and FMR1000."""
    measured = np.array([_pair(curve.rates()) for curve in curves])
    drawn = np.array(
        [[_pair(curve.rates(weights)) for curve in curves] for weights in drawings(pairs)]
    )
    measured = measured - measured[0]
    low, high = np.percentile(drawn - drawn[:, :1], [2.5, 97.5], axis=0)
    found = np.stack([measured, low, high], axis=-1).tolist()
    return [(Difference(*eer), Difference(*fmr1000)) for eer, fmr1000 in found]


def _pair(rates: Rates) -> tuple[float, float]:
    return rates.eer, rates.fmr1000
