"""Error rates: known tables, the shared scorer, and the drawings of the bootstrap."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from greenline.cli.errors import CommandError
from greenline.cli.models_bench_rates import (
    DRAWINGS,
    Curve,
    Rates,
    drawings,
    number_pairs,
    rank_1,
    read_scores,
)

NAMES = [f"{of}/{finger}_{press}" for of in "AB" for finger in range(6) for press in range(1, 4)]
VERIFICATION = [
    pair for of in "AB" for pair in itertools.combinations([n for n in NAMES if n[0] == of], 2)
]
IDENTIFICATION = list(
    itertools.product(
        [name for name in NAMES if name.endswith("_1")],
        [name for name in NAMES if not name.endswith("_1")],
    )
)


def random_scores(pairs: list[tuple[str, str]], seed: int) -> np.ndarray:
    """Genuine pairs somewhat higher; rounded, so that scores tie."""
    rng = np.random.default_rng(seed)
    genuine = np.array([a.rpartition("_")[0] == b.rpartition("_")[0] for a, b in pairs])
    return np.round(rng.normal(0, 1, len(pairs)) + 2 * genuine, 1)


def write(path: Path, pairs: list[tuple[str, str]], scores: np.ndarray) -> Path:
    rows = zip(pairs, scores.tolist(), strict=True)
    path.write_text("".join(f"{a}\t{b}\t{score!r}\n" for (a, b), score in rows))
    return path


def test_scores_that_are_apart_have_no_errors() -> None:
    genuine = np.array([True, False, True, False])

    assert Curve(np.array([3.0, 1.0, 2.0, 0.0]), genuine).rates() == Rates(0.0, 0.0, 0.0, 0.0)


def test_scores_that_are_all_alike_tell_nothing() -> None:
    assert Curve(np.zeros(4), np.array([True, False, True, False])).rates() == Rates(
        0.5, 1.0, 1.0, 1.0
    )


def test_one_of_four_genuine_pairs_below_an_impostor_is_a_quarter() -> None:
    scores = np.array([5.0, 4.0, 3.0, 1.0, 2.0, 0.0, 0.0, 0.0])

    rates = Curve(scores, np.arange(8) < 4).rates()

    assert rates == Rates(0.25, 0.25, 0.25, 0.25)


@pytest.mark.parametrize("seed", range(5))
def test_the_rates_are_those_of_the_shared_scorer(tmp_path: Path, seed: int) -> None:
    beside = Path(__file__).resolve().parents[3] / "shared"
    scorer = Path(os.environ.get("GREENLINE_SHARED", beside)) / "tools" / "fvc_eval.py"
    if not scorer.is_file():
        pytest.skip("the shared scorer is not here (set GREENLINE_SHARED)")
    scores, searched = random_scores(VERIFICATION, seed), random_scores(IDENTIFICATION, seed)
    tables = [
        write(tmp_path / "v.tsv", VERIFICATION, scores),
        write(tmp_path / "i.tsv", IDENTIFICATION, searched),
    ]
    told = subprocess.run(
        [sys.executable, str(scorer), *map(str, tables)], check=True, capture_output=True, text=True
    ).stdout

    pairs = number_pairs(read_scores(tables[0])[0])
    ranks = rank_1(*read_scores(tables[1]))
    for number, name in enumerate(["A", "B", "all"]):
        rows = pairs.set_of == number if name != "all" else np.ones(len(scores), bool)
        found = Curve(scores[rows], pairs.genuine[rows]).rates()
        shares = (found.eer, found.fmr100, found.fmr1000, found.zero_fmr, ranks[name])
        assert told.splitlines()[number + 1].split()[3:] == [f"{100 * x:.2f}" for x in shares]


def test_a_pair_that_weighs_three_counts_as_three_pairs() -> None:
    scores = random_scores(VERIFICATION, 3)
    genuine = number_pairs(VERIFICATION).genuine
    weights = np.random.default_rng(3).integers(0, 4, len(scores)).astype(float)

    weighed = Curve(scores, genuine).rates(weights)

    times = weights.astype(int)
    assert weighed == Curve(np.repeat(scores, times), np.repeat(genuine, times)).rates()


def test_every_drawing_weighs_pairs_by_how_often_their_fingers_were_drawn() -> None:
    pairs = number_pairs(VERIFICATION)
    found = list(drawings(pairs))

    assert len(found) == DRAWINGS
    for weights in found[:50]:
        times = {
            finger: weights[pairs.genuine & (pairs.a == finger)][0]
            for finger in itertools.chain(*pairs.fingers)
        }
        assert [sum(times[finger] for finger in fingers) for fingers in pairs.fingers] == [6, 6]
        wanted = [
            times[a] * (1 if a == b else times[b])
            for a, b in zip(pairs.a.tolist(), pairs.b.tolist(), strict=True)
        ]
        assert weights.tolist() == wanted


def test_the_drawings_are_the_same_in_every_run() -> None:
    pairs = number_pairs(VERIFICATION)

    first, second = (np.array(list(drawings(pairs))) for _ in range(2))

    assert np.array_equal(first, second)
    assert len(np.unique(first, axis=0)) > DRAWINGS / 2


def test_with_two_fingers_each_drawing_still_has_both_kinds_of_pairs() -> None:
    pairs = number_pairs([("A/1_1", "A/1_2"), ("A/1_1", "A/2_1"), ("A/1_2", "A/2_1")])

    assert {tuple(weights) for weights in drawings(pairs)} == {(1.0, 1.0, 1.0)}


def test_a_probe_that_ties_with_another_finger_is_no_hit() -> None:
    pairs = [("A/1_1", "A/1_2"), ("A/2_1", "A/1_2"), ("A/1_1", "A/2_2"), ("A/2_1", "A/2_2")]

    assert rank_1(pairs, np.array([3.0, 3.0, 1.0, 2.0])) == {"A": 0.5, "all": 0.5}


@pytest.mark.parametrize(
    "content", ["", "A/1_1\tA/1_2\n", "A/1_1\tA/1_2\tnan\n", "A/1_1\tA/1_2\tx\n", "A/ž\tb\t1\n"]
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: str) -> None:
    table = tmp_path / "verification.tsv"
    table.write_text(content)

    with pytest.raises(CommandError, match=r"verification\.tsv is no table of scores"):
        read_scores(table)
